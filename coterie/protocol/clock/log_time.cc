// See log_time.h.
#include "coterie/protocol/clock/log_time.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace coterie::clock {

namespace {
constexpr Duration silence_max = seconds(60);
constexpr Duration window = seconds(10);
constexpr double lean_max = 0.01;  // of elapsed time
}  // namespace

void LogTime::heard(NodeId peer, WallTime wall, Now now) {
  const int64_t ahead_ms = wall.ms - now.monotonic.ms_floor();
  const auto [at, first] = peers_.try_emplace(peer);
  Peer& known = at->second;
  if (first) known.older = known.newer = {ahead_ms, now.monotonic};
  if (now.monotonic - known.newer.began >= window)
    known.older = std::exchange(known.newer, {ahead_ms, now.monotonic});
  known.newer.ahead_ms = std::max(known.newer.ahead_ms, ahead_ms);
  known.heard = now.monotonic;
}

int64_t LogTime::Peer::ahead_ms(Now now) const {
  if (now.monotonic - older.began > window * 2) return newer.ahead_ms;
  return std::max(newer.ahead_ms, older.ahead_ms);
}

int64_t LogTime::estimate_ms(Now now) const {
  std::vector<int64_t> clocks{now.wall.ms};
  for (const auto& [peer, known] : peers_) {
    if (peer == self_ || now.monotonic - known.heard > silence_max) continue;
    clocks.push_back(known.ahead_ms(now) + now.monotonic.ms_floor());
  }
  if (clocks.size() < majority_) return now.wall.ms;
  std::sort(clocks.begin(), clocks.end());
  return clocks[(clocks.size() - 1) / 2];
}

void LogTime::lead(int64_t newest_stamp_ms, size_t majority, Now now) {
  majority_ = majority;
  last_ms_ = std::max(newest_stamp_ms, estimate_ms(now));
  exact_ms_ = static_cast<double>(last_ms_);
  since_ = now.monotonic;
}

int64_t LogTime::stamp_ms(Now now) {
  const double elapsed_ms =
      std::max<double>(0, static_cast<double>((now.monotonic - since_).ns) / 1e6);
  const double straight = exact_ms_ + elapsed_ms;
  const double error = static_cast<double>(estimate_ms(now)) - straight;
  const double lean = std::clamp(error, -elapsed_ms * lean_max, elapsed_ms * lean_max);
  exact_ms_ = straight + lean;
  since_ = std::max(since_, now.monotonic);
  last_ms_ = std::max(last_ms_, static_cast<int64_t>(std::floor(exact_ms_)));
  return last_ms_;
}

int64_t LogTime::reading_ms(Now now) const {
  const int64_t elapsed_ms = std::max<int64_t>(0, (now.monotonic - since_).ms());
  return std::max(last_ms_, static_cast<int64_t>(exact_ms_) + elapsed_ms);
}

}  // namespace coterie::clock
