// Timers of one loop, in order of their time. The loop asks for the next one to know how long it
// may sleep, and for the due ones once a turn; so a timer costs no system call.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "coterie/base/time.h"

namespace coterie::world {

// 0 is no timer.
using TimerId = uint64_t;

class Timers {
 public:
  TimerId at(Instant when, std::function<void()> call);
  // Nothing happens when it has been called already, or for 0.
  void cancel(TimerId id);
  // The earliest; never() when there is none.
  Instant next() const;
  // Calls those due at `now`. Timers that they set are not called before the next run_due.
  void run_due(Instant now);

 private:
  std::map<std::pair<Instant, TimerId>, std::function<void()>> queue_;
  std::map<TimerId, Instant> when_;
  TimerId last_ = 0;
};

}  // namespace coterie::world
