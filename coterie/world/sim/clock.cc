// See clock.h.
#include "coterie/world/sim/clock.h"

#include <algorithm>

#include "coterie/base/assert.h"

namespace coterie::sim {

namespace {

constexpr int64_t million = 1'000'000;

int64_t rounded_down(__int128 dividend, __int128 divisor) {
  const __int128 quotient = dividend / divisor;
  return static_cast<int64_t>(dividend % divisor < 0 ? quotient - 1 : quotient);
}

}  // namespace

SimClock::SimClock(const ClockOptions& options, Random& random) {
  anchor_local_ = {random.between(seconds(1).ns, seconds(1'000'000).ns)};
  drift_ppm_ = random.between(-options.drift_ppm_max, options.drift_ppm_max);
  const int64_t error = random.between(-options.wall_offset_max.ns, options.wall_offset_max.ns);
  wall_offset_ = {options.start.ms * million + error - anchor_local_.ns};
}

Instant SimClock::monotonic(Instant virtual_time) const {
  const int64_t passed = (virtual_time - anchor_).ns;
  if (drift_ppm_ == 0) return anchor_local_ + Duration{passed};
  return anchor_local_ +
         Duration{passed + rounded_down(static_cast<__int128>(passed) * drift_ppm_, million)};
}

Now SimClock::at(Instant virtual_time) const {
  const Instant local = monotonic(virtual_time);
  return {local, WallTime{rounded_down(local.ns + wall_offset_.ns, million)}};
}

Instant SimClock::when(Instant local, Instant from) const {
  if (local == Instant::never()) return local;
  if (local <= monotonic(from)) return from;
  const __int128 to_pass = static_cast<__int128>(local.ns) - anchor_local_.ns;
  const __int128 needed = to_pass * million / (million + drift_ppm_) + anchor_.ns;
  if (needed >= INT64_MAX - 2) return Instant::never();
  Instant result = std::max(from, Instant{static_cast<int64_t>(needed) - 2});
  while (monotonic(result) < local) result = result + nanoseconds(1);
  return result;
}

void SimClock::set_drift(int64_t ppm, Instant virtual_time) {
  COTERIE_ASSERT(ppm > -million && ppm < million);
  anchor_local_ = monotonic(virtual_time);
  anchor_ = virtual_time;
  drift_ppm_ = ppm;
}

}  // namespace coterie::sim
