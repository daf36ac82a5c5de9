// A FaultPlan breaks a cluster while it works. Each run draws from its seed which kinds of faults
// there are at all (a run with everything at once hides what needs quiet in between) and when they
// strike; at the end everything is mended.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/world/sim/simulation.h"

namespace coterie::trial {

struct FaultMix {
  bool loss = false;        // frames lost, duplicated, reordered
  bool breaks = false;      // connections that break in mid-frame
  bool partitions = false;  // symmetric and one-way
  bool crashes = false;     // kill -9 and power cuts, one node or all
  bool wipes = false;       // a disk lost: one at a time, and only while a majority keeps its own
  bool pauses = false;      // SIGSTOP
  bool slow_disks = false;  // syncs that take long, or stall
  bool rot = false;     // a bit of a log flips while its node is down; one at a time, as with wipes
  bool clocks = false;  // wall clocks that step and drift

  static FaultMix draw(Random& random);
  std::string describe() const;
};

class FaultPlan {
 public:
  FaultPlan(sim::Simulation& simulation, FaultMix mix, uint64_t seed);

  // Strikes again and again until `end`.
  void start(Instant end);
  // Mends everything and starts whoever is down.
  void mend();
  uint64_t strikes() const { return strikes_; }

 private:
  void schedule();
  void strike();
  void crash_one();
  void crash_all();
  bool all_are_whole() const;
  void wipe_one();
  void rot_one();
  void partition();
  void pause_one();
  void stall_disk();
  NodeId any_node();
  void start_later(NodeId node, int64_t least_ms, int64_t most_ms);

  sim::Simulation& simulation_;
  FaultMix mix_;
  Random random_;
  Instant end_;
  Instant last_wipe_{0};
  uint64_t strikes_ = 0;
};

}  // namespace coterie::trial
