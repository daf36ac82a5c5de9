// See options.h. The order of the checks is Redis': where two complaints are possible, the same one
// is made.
#include "coterie/store/state/options.h"

#include <algorithm>

#include <fmt/format.h>

#include "coterie/store/state/errors.h"
#include "coterie/store/state/numbers.h"
#include "coterie/store/state/words.h"

namespace coterie::state {

namespace {

using Condition = SetOptions::Condition;

// A condition may be repeated but not changed.
bool set_condition(SetOptions& options, Condition condition) {
  if (options.condition != Condition::always && options.condition != condition) return false;
  options.condition = condition;
  return true;
}

struct DeadlineWord {
  std::string_view word;
  DeadlineUnit unit;
  DeadlineBase base;
};
constexpr DeadlineWord deadline_words[] = {
    {"EX", DeadlineUnit::seconds, DeadlineBase::relative},
    {"PX", DeadlineUnit::milliseconds, DeadlineBase::relative},
    {"EXAT", DeadlineUnit::seconds, DeadlineBase::absolute},
    {"PXAT", DeadlineUnit::milliseconds, DeadlineBase::absolute},
};

bool set_deadline(SetOptions& options, const DeadlineWord& word, std::string_view text) {
  const bool same = options.unit == word.unit && options.base == word.base;
  if (options.keep_ttl || (options.deadline && !same)) return false;
  options.deadline = text;
  options.unit = word.unit;
  options.base = word.base;
  return true;
}

// Takes the option at `i`, and its value. False: a syntax error.
bool take_set_option(SetOptions& options, std::span<const std::string_view> words, size_t& i) {
  const std::string_view word = words[i];
  if (same_word(word, "NX")) return set_condition(options, Condition::absent);
  if (same_word(word, "XX")) return set_condition(options, Condition::present);
  if (same_word(word, "GET")) return options.get = true;
  if (same_word(word, "TOKEN")) return options.token = true;
  if (same_word(word, "KEEPTTL")) return !options.deadline && (options.keep_ttl = true);
  if (i + 1 == words.size()) return false;
  const std::string_view value = words[++i];
  if (same_word(word, "IFEQ")) {
    options.expected = value;
    return set_condition(options, Condition::equal);
  }
  for (const DeadlineWord& deadline : deadline_words) {
    if (same_word(word, deadline.word)) return set_deadline(options, deadline, value);
  }
  return false;
}

}  // namespace

std::optional<SetOptions> parse_set_options(std::span<const std::string_view> options) {
  SetOptions parsed;
  for (size_t i = 0; i < options.size(); ++i) {
    if (!take_set_option(parsed, options, i)) return std::nullopt;
  }
  if (parsed.get && parsed.token) return std::nullopt;
  return parsed;
}

Result<ExpireOptions> parse_expire_options(std::span<const std::string_view> options) {
  ExpireOptions parsed;
  for (std::string_view word : options) {
    if (same_word(word, "NX")) {
      parsed.absent = true;
    } else if (same_word(word, "XX")) {
      parsed.present = true;
    } else if (same_word(word, "GT")) {
      parsed.greater = true;
    } else if (same_word(word, "LT")) {
      parsed.less = true;
    } else {
      return fail(Fault::invalid, fmt::format("ERR Unsupported option {}", word));
    }
  }
  if (parsed.absent && (parsed.present || parsed.greater || parsed.less)) {
    return fail(Fault::invalid, std::string(errors::expire_nx_incompatible));
  }
  if (parsed.greater && parsed.less) {
    return fail(Fault::invalid, std::string(errors::expire_gt_lt_incompatible));
  }
  return parsed;
}

Result<int64_t> parse_deadline(std::string_view text, DeadlineUnit unit, DeadlineBase base,
                               bool positive, int64_t now_ms, std::string_view command) {
  auto time = parse_integer(text);
  if (!time) return fail(Fault::invalid, std::string(errors::not_an_integer));
  const auto refused = [&] {
    return fail(Fault::invalid, fmt::format("ERR invalid expire time in '{}' command", command));
  };
  if (positive && *time <= 0) return refused();
  if (unit == DeadlineUnit::seconds) {
    if (*time > INT64_MAX / 1000 || *time < INT64_MIN / 1000) return refused();
    *time *= 1000;
  }
  if (base == DeadlineBase::relative) {
    if (*time > INT64_MAX - now_ms) return refused();
    *time += now_ms;
  }
  return std::min(*time, INT64_MAX - 1);  // INT64_MAX says that there is none
}

}  // namespace coterie::state
