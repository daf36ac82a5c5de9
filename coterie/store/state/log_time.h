// Sums of log times and spans that stay within int64, whatever an entry says.
#pragma once

#include <cstdint>

namespace coterie::state {

inline int64_t add_ms(int64_t time_ms, int64_t span_ms) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(time_ms, span_ms, &sum)) return sum;
  return span_ms > 0 ? INT64_MAX : INT64_MIN;
}

}  // namespace coterie::state
