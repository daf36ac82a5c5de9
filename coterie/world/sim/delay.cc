// See delay.h.
#include "coterie/world/sim/delay.h"

#include <algorithm>

#include "coterie/base/assert.h"

namespace coterie::sim {

Delay Delay::constant(Duration value) {
  return {Shape::constant, value, {}, 0, std::max(value, seconds(60))};
}

Delay Delay::uniform(Duration low, Duration high) {
  return {Shape::uniform, low, high - low, 0, std::max(high, seconds(60))};
}

Delay Delay::exponential(Duration least, Duration mean_above) {
  return {Shape::exponential, least, mean_above, 0, std::max(least, seconds(60))};
}

Delay Delay::pareto(Duration scale, double tail, Duration most) {
  return {Shape::pareto, scale, {}, tail, most};
}

Duration Delay::sample(Random& random) const {
  COTERIE_ASSERT(least.ns >= 0 && spread.ns >= 0 && least <= most);
  const double unit = random.unit();
  const auto base = static_cast<double>(least.ns);
  const auto width = static_cast<double>(spread.ns);
  double ns = base;
  switch (shape) {
    case Shape::constant:
      break;
    case Shape::uniform:
      ns += unit * width;
      break;
    case Shape::exponential:
      ns += -portable_log(1.0 - unit) * width;
      break;
    case Shape::pareto:
      ns *= portable_pow(1.0 - unit, -1.0 / tail);
      break;
  }
  if (ns >= static_cast<double>(most.ns)) return most;
  return {static_cast<int64_t>(ns)};
}

}  // namespace coterie::sim
