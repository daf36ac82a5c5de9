// A reply as a tree of values, and the parser that makes it from the bytes of RESP2 or RESP3: for
// whoever is the client. Like every parser here it is a machine over bytes that may come in any
// pieces, and it faces bytes from outside: depth, size and number of elements are bounded before
// memory is spent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/result.h"

namespace coterie::resp {

struct Value {
  enum class Kind : uint8_t {
    simple,      // text
    error,       // text, without the dash
    integer,     // integer
    bulk,        // text; a verbatim string too, without its format
    null,        // of either protocol
    boolean,     // integer: 1 or 0
    real,        // text
    big_number,  // text
    array,       // elements
    map,         // elements: key, value, key, value ...
    set,         // elements
    push,        // elements
  };

  Kind kind = Kind::null;
  int64_t integer = 0;
  std::string text;
  std::vector<Value> elements;

  bool is_error() const { return kind == Kind::error; }
  bool is_null() const { return kind == Kind::null; }
  // In a map: the value of that key; nullptr when it is not there.
  const Value* find(std::string_view key) const;
  bool operator==(const Value&) const = default;
};

// As redis-cli would show it on one line: "text", (error) ..., 1, nil, [a, b], {k: v}. For tests
// and messages.
std::string describe(const Value& value);

struct ReplyLimits {
  size_t depth_max = 64;
  size_t reply_bytes_max = 512u << 20;
  size_t elements_max = 4u << 20;  // of one reply, all levels together
};

class ReplyParser {
 public:
  explicit ReplyParser(const ReplyLimits& limits = {}) : limits_(limits) {}

  void feed(std::string_view bytes);
  // The next whole reply; none when more bytes are needed; Fault::corrupt, from then on, when the
  // stream is broken. Attributes are read and dropped.
  Result<std::optional<Value>> next();
  // Bytes fed that no returned reply has used.
  size_t waiting_bytes() const { return buffer_.size() - at_; }

 private:
  struct Level {
    Value value;
    uint64_t elements_left = 0;
    bool attribute = false;  // dropped when complete; the reply it belongs to follows
  };
  enum class Step { leaf, opened, incomplete, broken };

  Step step(Value& leaf);
  Step read_line(std::string_view& line);
  Step read_bulk(char type, std::string_view line, Value& leaf);
  Step open(char type, int64_t count, Value& leaf);
  Step broken(std::string message);
  bool place(Value value, Value& whole);

  ReplyLimits limits_;
  std::string buffer_;
  size_t at_ = 0;              // what is before it has been used
  std::vector<Level> levels_;  // aggregates that are open
  size_t reply_bytes_ = 0;     // of the current reply, so far
  size_t elements_ = 0;
  std::string error_;
};

}  // namespace coterie::resp
