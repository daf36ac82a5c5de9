// How digests of elements become that of a tree, whatever its form: both ways of combining are
// associative.
//   ordered trees   the sum: the order follows from the elements
//   sequences       the polynomial sum of h[i] * base^(n-1-i) modulo the prime 2^61 - 1
#pragma once

#include <cstdint>

#include "coterie/base/digest.h"

namespace coterie::state::tree {

inline constexpr uint64_t prime = (uint64_t{1} << 61) - 1;
inline constexpr uint64_t base = 0x0b4f3a1d5c7e9d21ULL % prime;

inline uint64_t reduce(uint64_t x) {
  x = (x & prime) + (x >> 61);
  return x >= prime ? x - prime : x;
}

inline uint64_t multiply(uint64_t a, uint64_t b) {  // REQUIRES: a, b < prime
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return reduce((static_cast<uint64_t>(product) & prime) + static_cast<uint64_t>(product >> 61));
}

inline uint64_t power_of_base(uint64_t exponent) {
  uint64_t result = 1;
  for (uint64_t square = base; exponent > 0; exponent >>= 1, square = multiply(square, square)) {
    if ((exponent & 1) != 0) result = multiply(result, square);
  }
  return result;
}

// The digest of a sequence followed by another of `more` elements.
inline uint64_t follow(uint64_t sequence, uint64_t next, uint64_t more) {
  return reduce(multiply(sequence, more == 1 ? base : power_of_base(more)) + next);
}

}  // namespace coterie::state::tree
