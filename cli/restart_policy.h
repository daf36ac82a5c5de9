// When to start a process again that has died: soon the first time, later each time it dies young,
// and at once again when it has lived for long enough. Pure: the supervisor tells it how long the
// process lived.
#pragma once

#include <algorithm>
#include <cstdint>

#include "coterie/base/time.h"

namespace coterie::cli {

class RestartPolicy {
 public:
  static constexpr Duration first_delay = milliseconds(200);
  static constexpr Duration longest_delay = seconds(10);
  static constexpr Duration long_life = seconds(10);  // whoever lived so long is not in a loop
  static constexpr int loop_deaths = 5;

  // How long to wait before the next start.
  Duration after_death(Duration lived) {
    if (lived >= long_life) deaths_ = 0;
    Duration delay = first_delay;
    for (int i = 0; i < deaths_ && delay < longest_delay; ++i) delay = delay * 2;
    ++deaths_;
    return std::min(delay, longest_delay);
  }
  // It has died young so often that it will not help to go on without looking at it.
  bool in_a_loop() const { return deaths_ >= loop_deaths; }

 private:
  int deaths_ = 0;  // young ones in a row
};

}  // namespace coterie::cli
