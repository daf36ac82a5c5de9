// A fault is one thing that goes wrong at one time: a value, drawn before the run begins, so that a
// plan of them can be written down, read back, and made smaller. What is left to chance when it
// strikes (which bit flips, which unsynced sectors survive) comes from a seed of its own: taking
// one fault away moves no other.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "coterie/base/ids.h"
#include "coterie/base/result.h"
#include "coterie/base/time.h"

namespace coterie::trial {

enum class FaultKind : uint8_t {
  // Nodes. Down or still for `length`.
  crash,      // the power of one machine goes; of what was not synced survives: `amount` 0: what
              // the seed says, 1: all, 2: nothing
  kill,       // one process ends; its kernel keeps what was written
  crash_all,  // the power of all goes; each returns within `length`
  kill_all,
  stop,   // asked to end: it hands over and ends its log cleanly
  storm,  // the leader dies; in the election each dies and is back, every `amount` ms on average
  pause,  // no turns, as under SIGSTOP
  slow,   // turns and disk take `amount` times as long
  // Disks. Those that lose data strike one node at a time, and only while all others are whole: a
  // loss is then always the protocol's fault.
  wipe,          // all files are gone
  rot,           // one bit of a log flips while the node is down
  rot_state,     // both copies of term and vote, or one or both of the identity, go bad
  rot_snapshot,  // one bit of a snapshot flips while the node is down
  unreadable,    // a sector of a log cannot be read any more
  misdirect,  // a write goes elsewhere and reports success; noticed at the restart after `length`
  fail_sync,  // the next sync fails: the node stops, and returns after `length`
  fail_read,  // the next read of the restarted node fails
  full,       // `amount` KiB of room are left, for `length`
  stall,      // nothing completes for `length`
  // Network, on the link node > peer; on all links when both are 0.
  partition,  // the nodes of `side` on one side, the others on the other
  one_way,    // nothing gets from node to peer, the other way works
  deaf,       // nothing gets to node from anyone, what it says is heard
  flap,       // a partition that comes and goes every `amount` ms
  bridge,     // two halves that only `node` can talk to both of
  clog,       // nothing moves, then all at once
  lossy,      // `amount` of frames are lost
  twice,      // `amount` of frames arrive twice
  overtake,   // `amount` of frames are overtaken by later ones
  late,       // delays of a heavy tail (Pareto), `amount` ms its scale
  narrow,     // `amount` KiB a second
  fragile,    // connections break every `amount` ms on average, in mid-frame
  // Clocks.
  step,   // the wall clock of a node jumps by `amount` ms
  drift,  // both its clocks run `amount` ppm fast
  // Single decisions of those above, which plans do not draw and shrinking leaves: on the link node
  // > peer, about the `frame`-th frame (from 1) that departs at that time or later.
  lose_frame,
  repeat_frame,  // a copy arrives, `length` after it
  hold_frame,    // arrives `length` later; others overtake it
  delay_frame,   // arrives `length` later; those behind wait
  cut_off,       // the connection breaks, at a byte that the link draws
};
inline constexpr size_t fault_kinds = static_cast<size_t>(FaultKind::drift) + 1;  // that are drawn
inline constexpr size_t all_fault_kinds = static_cast<size_t>(FaultKind::cut_off) + 1;

constexpr bool about_a_frame(FaultKind kind) {
  return kind >= FaultKind::lose_frame && kind <= FaultKind::delay_frame;
}

struct PlannedFault {
  Duration at;  // since the clients began
  FaultKind kind = FaultKind::crash;
  NodeId node, peer;  // 0: all
  uint32_t side = 0;  // bit i: node i + 1
  Duration length;
  int64_t amount = 0;  // probabilities in 1/1000
  uint64_t frame = 0;  // only where the kind says so
  uint64_t seed = 0;

  bool operator==(const PlannedFault&) const = default;
};

std::string_view fault_kind_name(FaultKind kind);
// "at 1203ms partition side 1,3 for 800ms seed 77", the form that scenarios are written in.
std::string describe(const PlannedFault& fault);
// The reverse. Fault::invalid says what was expected.
Result<PlannedFault> parse_fault(std::string_view line);

}  // namespace coterie::trial
