// Numbers as Redis reads them from arguments and values: strict, without locale, the same on every
// machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace coterie::state {

// Decimal, within int64, in the one form that printing it gives: no sign but '-', no leading zero,
// no space. None otherwise.
std::optional<int64_t> parse_integer(std::string_view text);

// A scan cursor: decimal digits within uint64, as C reads an unsigned number: a sign is taken, and
// nothing at all is zero. None otherwise.
std::optional<uint64_t> parse_cursor(std::string_view text);

// Writes the decimal form; returns it, a view into `out`.
struct IntegerText {
  explicit IntegerText(int64_t value);
  std::string_view view() const { return {digits, size}; }
  char digits[24];
  size_t size;
};

enum class TimeoutFault : uint8_t { none, not_a_float, out_of_range, negative };
struct Timeout {
  TimeoutFault fault = TimeoutFault::none;
  int64_t ms = 0;  // 0: no timeout
};

// Seconds as a decimal fraction ("0.1", "1e2", "inf"), rounded up to whole milliseconds, computed
// without floating point.
Timeout parse_timeout(std::string_view seconds);

}  // namespace coterie::state
