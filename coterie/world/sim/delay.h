// How long something takes, as a distribution: every sample takes one number from the stream,
// whatever the shape, so that changing a shape moves no other decision.
#pragma once

#include <cstdint>

#include "coterie/base/random.h"
#include "coterie/base/time.h"

namespace coterie::sim {

struct Delay {
  enum class Shape : uint8_t { constant, uniform, exponential, pareto };

  Shape shape = Shape::constant;
  Duration least;   // no sample is smaller
  Duration spread;  // uniform: least + [0, spread]; exponential: least + mean; pareto: its scale is
                    // `least`
  double tail = 1.5;            // pareto only: the smaller, the heavier
  Duration most = seconds(60);  // no sample is larger

  static Delay constant(Duration value);
  static Delay uniform(Duration low, Duration high);
  static Delay exponential(Duration least, Duration mean_above);
  static Delay pareto(Duration scale, double tail, Duration most);

  // REQUIRES: least <= most; neither is negative.
  Duration sample(Random& random) const;

  bool operator==(const Delay&) const = default;
};

}  // namespace coterie::sim
