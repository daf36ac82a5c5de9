// A history is what clients saw: operations with the times of their call and their return. It knows
// nothing of how the store works, so it can judge any store. Written down it is one JSON object a
// line: docs/formats/history.md has the names of the operations, what each is given and returns,
// and which model judges it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coterie::proof {

enum class Outcome : uint8_t {
  ok,       // returned, with a result
  failed,   // known not to have happened: it says nothing about the store
  unknown,  // may have happened, at any time after its call, or never
};

// What an operation returned: nothing (an absent key, a lock not got), a text (numbers as their
// decimal digits, "OK" where nothing is to be said), or a list of these.
struct Value {
  enum class Kind : uint8_t { null, text, list };

  Kind kind = Kind::null;
  std::string text;
  std::vector<Value> list;

  static Value of(std::string text) { return {Kind::text, std::move(text), {}}; }
  static Value of(int64_t number) { return of(std::to_string(number)); }
  static Value of(std::vector<Value> list) { return {Kind::list, {}, std::move(list)}; }
  bool is_null() const { return kind == Kind::null; }
  bool operator==(const Value&) const = default;
};

// One command on one key.
struct Call {
  std::string name;  // "set", "get", "incr", "rpush", "lpop" ...
  std::string key;
  std::vector<std::string> args;  // what else it is given
  bool operator==(const Call&) const = default;
};

struct Operation {
  uint32_t client = 0;
  // One call; several are a transaction ("txn"): they happen at one instant, in this order, and the
  // result is the list of their results.
  std::vector<Call> calls;
  Value result;  // of Outcome::ok
  int64_t called_ns = 0;
  int64_t returned_ns = 0;  // of unknown outcomes ignored: they stay open to the end
  Outcome outcome = Outcome::ok;
  // Where the store says it stands in its order (a revision, a commit index), if it does. A hint: a
  // judge may try this order first, and never convicts because of it.
  std::optional<uint64_t> order;

  bool operator==(const Operation&) const = default;
};

using History = std::vector<Operation>;

// One line for messages: `client 3: set x 7 -> ok [12.500, 13.100] ms`.
std::string describe(const Operation& operation);
std::string describe(const Value& value);

}  // namespace coterie::proof
