// A real run to draw: nodes in the simulator, a few clients with SET, GET and INCR, a partition, a
// crash with loss of power, a pause, a wrong clock, losses and duplicates. It ends well, as it
// should; to have a failure to show, one reply is falsified afterwards: a read returns a value that
// was overwritten before it was called.
#pragma once

#include <cstdint>

#include "coterie/picture/run.h"

namespace coterie::picture {

struct SampleOptions {
  uint64_t seed = 1;
  uint32_t nodes = 3;
  uint32_t clients = 4;
  int64_t duration_ns = 5'000'000'000;
  int64_t pause_mean_ns = 90'000'000;  // of a client between two commands
  bool faults = true;
  bool falsify = true;
};

Run sample_run(const SampleOptions& options);

}  // namespace coterie::picture
