// LogTime gives the stamps of a replicated log: one time for the whole cluster, which every replica
// reads off the entries it applies, so that a key expires at the same place in the log everywhere.
// It never runs back, whoever leads and whatever the wall clocks do.
//
// A leader continues from the newest stamp in its log by its monotonic clock. Toward wall time it
// only leans: at most 1 % faster or slower, so that a deadline of 10 s is late or early by 0.1 s at
// the most while clocks are being set. What it leans toward is the lower median of the wall clocks
// of a majority, so that one wrong clock moves nothing. A new leader starts at that median at once,
// but never below its log.
//
// Compare Cristian 1989 (estimates from exchanged readings) and Lundelius & Lynch 1984 (bounds on
// what can be reached).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "coterie/base/ids.h"
#include "coterie/base/time.h"

namespace coterie::clock {

class LogTime {
 public:
  explicit LogTime(NodeId self) : self_(self) {}

  // A peer's wall clock read `wall` when its message left; heard now. A message that was held up
  // shows the clock as too late: of the readings of the last ten to twenty seconds the one that
  // took least counts. A peer that was not heard for a minute is not asked.
  void heard(NodeId peer, WallTime wall, Now now);

  // This node now leads, its log's newest stamp is `newest_stamp_ms`. `majority`: of the group's
  // voters.
  void lead(int64_t newest_stamp_ms, size_t majority, Now now);

  // The stamp for an entry proposed now. Never below an earlier one of this leadership or the
  // log's. REQUIRES: lead()
  int64_t stamp_ms(Now now);
  // About what stamp_ms() would give, without moving anything.
  int64_t reading_ms(Now now) const;

  // Wall time as a majority has it; this node's own when fewer have been heard.
  int64_t estimate_ms(Now now) const;

 private:
  struct Window {
    int64_t ahead_ms = 0;  // the most that its wall clock was seen ahead of this monotonic one
    Instant began;
  };
  struct Peer {
    Window newer, older;
    Instant heard;
    int64_t ahead_ms(Now now) const;
  };

  NodeId self_;
  size_t majority_ = 1;
  std::map<NodeId, Peer> peers_;
  int64_t last_ms_ = 0;  // the newest stamp given
  double exact_ms_ = 0;  // where log time stands, at `since_`
  Instant since_;
};

}  // namespace coterie::clock
