// SyncGauge measures how long the disk takes, by the times of the turns: an operation is asked for
// in one turn and heard of in a later one.
#pragma once

#include <algorithm>

#include "coterie/base/time.h"

namespace coterie::store {

class SyncGauge {
 public:
  void submitted() { state_ = State::submitted; }
  void completed() {
    if (state_ == State::running) state_ = State::completed;
  }
  // The end of a turn: what was submitted in it begins now.
  void begin(Instant now) {
    if (state_ != State::submitted) return;
    since_ = now;
    state_ = State::running;
  }
  // Before anything is submitted in a turn: what was heard of, or not yet.
  void observe(Instant now) {
    if (now - period_start_ >= period) {
      before_ = now - period_start_ >= period * 2 ? Duration{} : current_;
      current_ = {};
      period_start_ = now;
    }
    if (state_ == State::running || state_ == State::completed) {
      current_ = std::max(current_, now - since_);
    }
    if (state_ == State::completed) state_ = State::idle;
  }
  // The longest of the last 5 to 10 seconds.
  Duration recent() const { return std::max(before_, current_); }

 private:
  static constexpr Duration period = seconds(5);
  enum class State { idle, submitted, running, completed };

  State state_ = State::idle;
  Instant since_;
  Instant period_start_;
  Duration current_;
  Duration before_;
};

}  // namespace coterie::store
