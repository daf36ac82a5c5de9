// A reply in its one canonical form: RESP3 bytes, with one addition, `*-1\r\n` for RESP2's null
// array. The state machine makes replies, sessions keep them, and server/resp turns them into what
// a connection has asked for (RESP3, or RESP2 where maps and sets are flat arrays and both nulls
// differ).
#pragma once

#include <cstdint>
#include <string_view>

#include "coterie/base/payload.h"

namespace coterie {

using Reply = Payload;

class ReplyBuilder {
 public:
  explicit ReplyBuilder(size_t expected_bytes = 64) : out_(expected_bytes) {}

  void simple(std::string_view text);          // +OK
  void error(std::string_view code_and_text);  // -ERR ...   line breaks become spaces
  void integer(int64_t value);
  void bulk(std::string_view bytes);
  void null();        // RESP2 $-1, RESP3 _
  void null_array();  // RESP2 *-1, RESP3 _
  void array(size_t elements);
  void map(size_t pairs);                // RESP2: an array of 2 * pairs
  void set(size_t members);              // RESP2: an array
  void push(size_t elements);            // RESP2: an array
  void boolean(bool value);              // RESP2: :1 or :0
  void real(double value);               // RESP2: a bulk string, as Redis prints it
  void raw(std::string_view canonical);  // already canonical: a kept reply inside an array

  Reply take() { return out_.take(); }
  size_t size() const { return out_.size(); }
  std::string_view view() const { return out_.view(); }

 private:
  void header(char type, uint64_t count);

  PayloadBuilder out_;
};

Reply reply_ok();
Reply reply_error(std::string_view code_and_text);
Reply reply_integer(int64_t value);
// True when the reply is an error (`-...`); its text without the dash is error_text().
inline bool is_error(const Reply& reply) { return !reply.empty() && reply.data()[0] == '-'; }

// The decimal form that Redis 7.2 gives a double: whole numbers up to 2^62 plainly, others with the
// fewest digits that read back as the same double: "100000", "1.5", "1e+20", "1.5e-10", "-0",
// "inf", "nan". The same on every machine. Writes at most 32 bytes, without a terminating zero.
size_t print_double(double value, char* out);

}  // namespace coterie
