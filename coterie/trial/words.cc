// See words.h.
#include "coterie/trial/words.h"

#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/assert.h"

namespace coterie::trial {

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

namespace {
constexpr int64_t ns_per_ms = 1'000'000;
constexpr size_t decimals_max = 6;
constexpr Duration longest = seconds(3'600);
}  // namespace

std::string write_ms(Duration duration) {
  COTERIE_ASSERT(duration.ns >= 0);
  std::string text = fmt::format("{}", duration.ns / ns_per_ms);
  if (duration.ns % ns_per_ms != 0) {
    text += fmt::format(".{:06}", duration.ns % ns_per_ms);
    while (text.ends_with('0')) text.pop_back();
  }
  return text + "ms";
}

bool parse_ms(std::string_view text, Duration& duration) {
  if (!text.ends_with("ms")) return false;
  text.remove_suffix(2);
  const size_t point = std::min(text.find('.'), text.size());
  uint64_t whole = 0, part = 0;
  if (!parse_number(text.substr(0, point), whole)) return false;
  if (point < text.size()) {
    std::string decimals(text.substr(point + 1));
    if (decimals.size() > decimals_max) return false;
    decimals.resize(std::max<size_t>(decimals.size(), 1), 'x');  // a point alone is no number
    const size_t given = decimals.size();
    if (!parse_number(decimals, part)) return false;
    for (size_t i = given; i < decimals_max; ++i) part *= 10;
  }
  if (whole > static_cast<uint64_t>(longest.ms())) return false;
  const Duration read{static_cast<int64_t>(whole) * ns_per_ms + static_cast<int64_t>(part)};
  if (read > longest) return false;
  duration = read;
  return true;
}

}  // namespace coterie::trial
