// The conductor does to a cluster what the schedule says, when it is due, and takes it back. It
// keeps watch besides: a node that ends though nothing was done to it is a failure of its own.
//
// It is turned by hand, again and again, by the thread that owns the cluster.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/torture/chronicle.h"
#include "coterie/torture/cluster.h"
#include "coterie/torture/fault_schedule.h"

namespace coterie::torture {

class Conductor {
 public:
  // `note` is told in one line what happens. The cluster outlives the conductor.
  Conductor(Cluster& cluster, std::vector<ScheduledFault> schedule, uint64_t seed,
            std::function<void(const std::string&)> note);

  // Does what is due at `now`, with its clock begun at the first turn. An error is the end of the
  // run: a node has ended by itself (Fault::refused), or the cluster does not become whole before a
  // wipe (Fault::timed_out).
  Result<void> turn(Instant now);
  // Only looks whether a node has ended by itself.
  Result<void> watch(Instant now);
  // Nothing is left to be done or taken back.
  bool done() const { return next_ == schedule_.size() && active_.empty(); }
  // When the next turn is worth it.
  Instant next_turn(Instant now) const;

  // Takes back all that is under way and does nothing more of the schedule: links are whole, nodes
  // run.
  Result<void> heal();
  // Every node is ready, is in the one cluster as a voter, and names the same leader. Otherwise
  // which node is not, and why.
  Result<void> whole() const;
  // What every node says of itself, a line each: for the message of a stall.
  std::string testimony() const;

  // What has struck, in order.
  const std::vector<Struck>& struck() const { return struck_; }

 private:
  struct Active {
    ScheduledFault fault;
    Instant end;
    size_t index = 0;  // in struck_
  };

  // A fault by which a node may end, and until when.
  struct MayStop {
    FaultKind kind = FaultKind::sync;
    Instant until;
  };

  bool expected(const Ending& ending) const;
  Result<void> begin(const ScheduledFault& fault, Instant now);
  Result<void> end(const Active& active);
  Result<void> begin_at(const ScheduledFault& fault, uint64_t node);
  Result<void> end_at(const ScheduledFault& fault, uint64_t node);
  uint64_t leader() const;
  bool ready_for(const ScheduledFault& fault, Instant now);
  void set_links();
  void reset_links(const std::set<uint64_t>& nodes);
  LinkFaults faults_of(uint64_t from, uint64_t to) const;

  Cluster& cluster_;
  std::vector<ScheduledFault> schedule_;
  size_t next_ = 0;
  std::vector<Active> active_;
  Random random_;
  std::function<void(const std::string&)> note_;
  std::vector<Struck> struck_;

  Instant begun_ = Instant::never();  // the schedule's zero; moves on while it waits
  Instant waits_since_ = Instant::never();
  Instant last_turn_;
  Instant next_reset_;
  bool refusing_ = false;                 // within a fault of the kind reset
  std::map<uint64_t, MayStop> may_stop_;  // by node
};

}  // namespace coterie::torture
