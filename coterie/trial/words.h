// Words and numbers of the lines that scenarios and flags are written in.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/time.h"

namespace coterie::trial {

// The words of a line, which spaces part.
std::vector<std::string_view> words_of(std::string_view line);

// The whole text as a decimal number; false, and nothing to be relied on in `number`, when it is
// none or does not fit.
template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && end.ec == std::errc() && end.ptr == text.data() + text.size();
}

// "1203ms", "0.25ms": exact, with no more decimals than it takes. REQUIRES: not negative
std::string write_ms(Duration duration);
// The reverse: up to six decimals, an hour at most. False as above.
bool parse_ms(std::string_view text, Duration& duration);

}  // namespace coterie::trial
