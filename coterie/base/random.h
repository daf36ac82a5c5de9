// Random is a machine's own seeded generator, part of its value: a copy goes on with the same
// numbers. The distributions are our own, because those of the standard library differ from one
// library to the next and a seed must mean the same run everywhere. xoshiro256** (Blackman & Vigna
// 2018), seeded by splitmix64.
#pragma once

#include <array>
#include <cstdint>

namespace coterie {

class Random {
 public:
  explicit Random(uint64_t seed);

  uint64_t next();                 // uniform over all 64 bits
  uint64_t below(uint64_t bound);  // uniform in [0, bound), without bias. REQUIRES: bound > 0
  int64_t between(int64_t low, int64_t high);  // uniform in [low, high]. REQUIRES: low <= high
  double unit();                               // uniform in [0, 1), 53 bits
  bool chance(double probability);            // true with that probability; <= 0 never, >= 1 always
  double exponential(double mean);            // by inversion, with our own logarithm
  double pareto(double scale, double shape);  // >= scale; heavy tail for shape <= 2
  Random fork();                              // an independent stream; advances this one once

  bool operator==(const Random&) const = default;

 private:
  std::array<uint64_t, 4> state_;
};

// Natural logarithm, exponential and power that give the same bits with every compiler and libm.
// The first two are within 4 units in the last place, the power within 8 + 4 * |y * log(x)|.
// portable_log REQUIRES x > 0, portable_pow x >= 0.
double portable_log(double x);
double portable_exp(double x);
double portable_pow(double x, double y);

// Mixes a seed and a stream number into a new seed (splitmix64's finaliser), for one stream per
// link, disk or clock.
uint64_t mix_seed(uint64_t seed, uint64_t stream);

}  // namespace coterie
