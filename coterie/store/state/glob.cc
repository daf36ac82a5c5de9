// See glob.h. Every item of a pattern but * takes exactly one byte of the text, so after a mismatch
// only the last * need be tried again, one byte later: an earlier one could not do better.
// Malformed classes mean what they mean to Redis.
#include "coterie/store/state/glob.h"

#include <algorithm>
#include <cstdint>

namespace coterie::state {

namespace {

// Whether the class at `at` (just behind the '[') contains c. Moves `at` behind the class, an
// unclosed one to the end.
bool class_contains(std::string_view pattern, size_t& at, char c) {
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool found = false;
  while (at < pattern.size() && pattern[at] != ']') {
    const size_t left = pattern.size() - at;
    if (pattern[at] == '\\' && left >= 2) {
      found |= pattern[at + 1] == c;
      at += 2;
    } else if (left >= 3 && pattern[at + 1] == '-') {
      // Bytes compare as signed, as they do in Redis on the common machines.
      const auto [low, high] =
          std::minmax({static_cast<int8_t>(pattern[at]), static_cast<int8_t>(pattern[at + 2])});
      found |= low <= static_cast<int8_t>(c) && static_cast<int8_t>(c) <= high;
      at += 3;
    } else {
      found |= pattern[at] == c;
      ++at;
    }
  }
  if (at < pattern.size()) ++at;
  return found != negated;
}

// Whether the item at `at`, which is no *, takes c. Moves `at` behind the item.
bool item_takes(std::string_view pattern, size_t& at, char c) {
  switch (pattern[at]) {
    case '?':
      ++at;
      return true;
    case '[':
      ++at;
      return class_contains(pattern, at, c);
    case '\\':
      if (at + 1 < pattern.size()) ++at;
      [[fallthrough]];
    default:
      return pattern[at++] == c;
  }
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) {
  if (text.empty()) return pattern.empty() || pattern == "*";
  size_t at = 0, here = 0;  // in the pattern, in the text
  size_t star = std::string_view::npos,
         retry = 0;  // behind the last *, and where the text went on for it
  while (here < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = ++at;
      retry = here;
      continue;
    }
    if (at < pattern.size() && item_takes(pattern, at, text[here])) {
      ++here;
      continue;
    }
    if (star == std::string_view::npos) return false;
    at = star;
    here = ++retry;
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

}  // namespace coterie::state
