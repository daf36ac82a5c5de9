// See random.h.
#include "coterie/base/random.h"

#include <bit>
#include <cmath>

#include "coterie/base/assert.h"

namespace coterie {

namespace {

uint64_t splitmix(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

uint64_t mix_seed(uint64_t seed, uint64_t stream) {
  uint64_t state = seed ^ (stream * 0xd1342543de82ef95ULL + 0x2545f4914f6cdd1dULL);
  return splitmix(state);
}

Random::Random(uint64_t seed) {
  uint64_t state = seed;
  for (uint64_t& word : state_) word = splitmix(state);
}

uint64_t Random::next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

// Multiplication instead of division, with rejection of the biased part (Lemire 2019).
uint64_t Random::below(uint64_t bound) {
  COTERIE_ASSERT(bound > 0);
  __extension__ using Wide = unsigned __int128;
  Wide product = Wide{next()} * bound;
  auto low = static_cast<uint64_t>(product);
  if (low < bound) {
    const uint64_t threshold = (0 - bound) % bound;
    while (low < threshold) {
      product = Wide{next()} * bound;
      low = static_cast<uint64_t>(product);
    }
  }
  return static_cast<uint64_t>(product >> 64);
}

int64_t Random::between(int64_t low, int64_t high) {
  COTERIE_ASSERT(low <= high);
  const uint64_t width = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
  if (width == 0) return static_cast<int64_t>(next());
  return static_cast<int64_t>(static_cast<uint64_t>(low) + below(width));
}

double Random::unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

bool Random::chance(double probability) { return unit() < probability; }

double Random::exponential(double mean) { return -mean * portable_log(1.0 - unit()); }

double Random::pareto(double scale, double shape) {
  return scale * portable_exp(-portable_log(1.0 - unit()) / shape);
}

Random Random::fork() { return Random(next()); }

namespace {
// ln 2 in two parts: the first has so many zero bits at its end that k * ln2_high is exact for
// every exponent k.
constexpr double ln2_high = 0x1.62e42fee00000p-1;
constexpr double ln2_low = 0x1.a39ef35793c76p-33;
}  // namespace

// log(x) = e * ln 2 + log(m), m in [sqrt(1/2), sqrt(2)); log(m) by the series of atanh((m - 1) / (m
// + 1)).
double portable_log(double x) {
  COTERIE_ASSERT(x > 0);
  if (std::isinf(x)) return x;
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // exact
  if (m < 0.70710678118654752440) {
    m *= 2;
    --exponent;
  }
  const double s = (m - 1) / (m + 1);
  const double s2 = s * s;
  double sum = 0;
  for (int k = 25; k >= 1; k -= 2) sum = sum * s2 + 1.0 / k;
  return exponent * ln2_high + (2 * s * sum + exponent * ln2_low);
}

// exp(x) = 2^k * exp(r), |r| <= ln 2 / 2, by the Taylor series.
double portable_exp(double x) {
  if (std::isnan(x)) return x;
  if (x > 709.782712893384) return HUGE_VAL;
  if (x < -745.2) return 0.0;
  const double k = std::floor(x / 0.69314718055994530942 + 0.5);
  const double r = (x - k * ln2_high) - k * ln2_low;
  double sum = 1;
  for (int n = 18; n >= 1; --n) sum = 1 + r * sum / n;
  return std::ldexp(sum, static_cast<int>(k));
}

double portable_pow(double x, double y) {
  if (y == 0) return 1;
  if (x == 0) return y < 0 ? HUGE_VAL : 0;
  return portable_exp(y * portable_log(x));
}

}  // namespace coterie
