// How long to wait before trying again: twice as long after each failure, up to a bound, and each
// time a random part of it, so that nodes that fell together do not rise in step.
#pragma once

#include <algorithm>

#include "coterie/base/random.h"
#include "coterie/base/time.h"

namespace coterie::world {

class Backoff {
 public:
  // REQUIRES: 0 < least <= most
  Backoff(Duration least, Duration most, uint64_t seed)
      : least_(least), most_(most), next_(least), random_(seed) {}

  // Between half and the whole of the current step.
  Duration next() {
    const Duration step = next_;
    next_ = std::min(next_ * 2, most_);
    return nanoseconds(random_.between(step.ns / 2, step.ns));
  }
  void reset() { next_ = least_; }

 private:
  Duration least_;
  Duration most_;
  Duration next_;
  Random random_;
};

}  // namespace coterie::world
