// The options of SET and of EXPIRE, and the deadlines that both name. Arguments are taken without
// the command's name, as everywhere in the log.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "coterie/base/result.h"

namespace coterie::state {

// How a client says when a key expires.
enum class DeadlineUnit : uint8_t { seconds, milliseconds };
enum class DeadlineBase : uint8_t { relative, absolute };  // from now, or from 1970

struct SetOptions {
  enum class Condition : uint8_t { always, absent, present, equal };
  Condition condition = Condition::always;
  std::string_view expected;  // of IFEQ
  bool get = false;           // reply with the old value
  bool token = false;         // reply with the revision
  bool keep_ttl = false;
  std::optional<std::string_view> deadline;  // as given
  DeadlineUnit unit = DeadlineUnit::seconds;
  DeadlineBase base = DeadlineBase::relative;
};

// `options`: what follows key and value. None: a syntax error. An option may be repeated, one that
// contradicts may not.
std::optional<SetOptions> parse_set_options(std::span<const std::string_view> options);

struct ExpireOptions {
  bool absent = false, present = false;  // NX, XX: whether there is a deadline already
  bool greater = false, less = false;  // GT, LT than the deadline there is; none counts as infinite
};

// `options`: what follows key and time. The error is the reply's text.
Result<ExpireOptions> parse_expire_options(std::span<const std::string_view> options);

// The deadline in log time that the text means. The error is the reply's text; `command` is named
// in it. `positive`: SET and its kin refuse times of zero and below; EXPIRE takes them, and deletes
// the key.
Result<int64_t> parse_deadline(std::string_view text, DeadlineUnit unit, DeadlineBase base,
                               bool positive, int64_t now_ms, std::string_view command);

}  // namespace coterie::state
