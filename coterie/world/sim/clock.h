// The two clocks of a simulated node, as functions of virtual time. The monotonic one starts at an
// arbitrary value and runs a little fast or slow; it never goes back. The wall clock runs alike,
// starts off by some error, and may step.
#pragma once

#include <cstdint>

#include "coterie/base/random.h"
#include "coterie/base/time.h"
#include "coterie/world/sim/options.h"

namespace coterie::sim {

class SimClock {
 public:
  SimClock(const ClockOptions& options, Random& random);

  Now at(Instant virtual_time) const;
  Instant monotonic(Instant virtual_time) const;
  // The earliest virtual time, not before `from`, at which the monotonic clock shows `local` or
  // more; never() stays never().
  Instant when(Instant local, Instant from) const;

  void step_wall(Duration by) { wall_offset_ = wall_offset_ + by; }
  // From `virtual_time` on, both run at another speed. REQUIRES: |ppm| < 1'000'000.
  void set_drift(int64_t ppm, Instant virtual_time);
  int64_t drift_ppm() const { return drift_ppm_; }

 private:
  Instant anchor_;  // virtual time at which the monotonic clock showed anchor_local_
  Instant anchor_local_;
  int64_t drift_ppm_ = 0;
  Duration wall_offset_;  // wall time in ns minus monotonic time
};

}  // namespace coterie::sim
