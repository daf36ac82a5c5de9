// The Breaker carries out the faults of a plan on a simulated cluster, takes each back when its
// time is over, and mends at the end: first a majority, if the plan says so, then everything.
//
// Faults that lose data strike only while every replica is a full member with all its data, and
// only where a majority keeps its own: the cluster promises nothing beyond that, so what is lost
// all the same is the protocol's fault.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/trial/decisions.h"
#include "coterie/trial/plan.h"
#include "coterie/trial/served_node.h"
#include "coterie/world/sim/simulation.h"

namespace coterie::trial {

// How each kind of fault fared: some find nothing to strike (a node that is down already).
struct Strikes {
  uint64_t planned = 0;
  uint64_t struck = 0;
  bool operator==(const Strikes&) const = default;
};

class Breaker {
 public:
  // `links` is how all links are without faults.
  Breaker(sim::Simulation& simulation, const Plan& plan, const sim::LinkOptions& links);

  // From now on what is decided is put down there. Before start(); `decisions` outlives this.
  void record(Decisions& decisions);
  // Times in the plan count from now.
  void start();
  // No further fault strikes. A majority is healed and will stay so; whoever is not of it stays as
  // it is for good, cut off from it. Gives the majority: all nodes when the plan has no freeze, or
  // when a majority alone cannot serve (the cluster has not been founded).
  std::set<NodeId> mend_majority(bool founded);
  void mend_all();

  uint64_t struck() const { return struck_; }
  const std::map<FaultKind, Strikes>& by_kind() const { return by_kind_; }
  // Why the node stopped, if no fault of the plan explains that it did.
  std::optional<std::string> unexplained_stop() const;
  // Called after every event; cheap.
  void look();

 private:
  struct Weather {  // that holds now, on one link or on all
    uint64_t number;
    PlannedFault fault;
  };

  struct Promised {  // what a node must still know after a restart
    uint64_t life = 0;
    ReplicaId vote;
    bool stands = false;
    uint64_t truncations = 0;
  };

  struct Departed {       // on a link
    int64_t ms = -1;      // in which the last frame has departed
    uint64_t before = 0;  // frames before that millisecond
  };

  void strike(const PlannedFault& fault);
  bool strike_node(const PlannedFault& fault);
  bool strike_disk(const PlannedFault& fault);
  bool strike_network(const PlannedFault& fault);
  bool strike_link(const PlannedFault& fault);
  bool crash(NodeId node, sim::CrashKind kind, uint64_t seed, Duration down,
             sim::Survival survival = sim::Survival::drawn);
  bool crash_all(const PlannedFault& fault, sim::CrashKind kind);
  std::optional<std::pair<std::string, uint64_t>> damageable(const sim::SimDisk& disk) const;
  bool damage_log(const PlannedFault& fault);
  bool damage_state(const PlannedFault& fault);
  bool damage_snapshot(const PlannedFault& fault);
  bool stop(const PlannedFault& fault);
  bool storm(const PlannedFault& fault);
  void storm_on(const PlannedFault& fault, Random random, Instant end);
  bool crash_in_storm(NodeId node, sim::CrashKind kind, uint64_t seed);
  void stall_in_storm(NodeId node, Duration length);
  void decided_in_storm(FaultKind kind, NodeId node, Duration length, int64_t amount,
                        uint64_t seed);
  void look_in_storm();
  std::optional<NodeId> leader() const;
  void kill_damaged(const PlannedFault& fault);
  bool misdirect(const PlannedFault& fault);
  bool will_hear_of_failed_sync(NodeId node);
  void let_sync(NodeId node);
  void undo_later(const PlannedFault& fault, std::function<void()> undo);
  void start_later(NodeId node, Duration delay);
  void add_weather(const PlannedFault& fault);
  void set_links();
  sim::LinkOptions link_options(NodeId from, NodeId to) const;
  void block_side(uint32_t side, bool block);
  void block_link(NodeId from, NodeId to, bool block);
  void flap(const PlannedFault& fault, bool block, Instant end);
  void mend(const std::set<NodeId>& nodes);
  bool whole(NodeId node) const;
  bool all_are_whole() const;
  bool may_crash(NodeId node);
  bool may_stop(NodeId node) const;
  static bool in_side(NodeId node, uint32_t side);
  sim::Fate fate_of(const PlannedFault& fault) const;
  const PlannedFault* weather_on(NodeId from, NodeId to, FaultKind kind, uint64_t seed) const;
  void heard(const sim::LinkMoment& moment);
  void decided(const PlannedFault& of, const PlannedFault& single, std::string about = {});
  void decided_now(const PlannedFault& of, PlannedFault single);

  sim::Simulation& simulation_;
  const Plan& plan_;
  sim::LinkOptions links_;
  std::vector<NodeId> nodes_;
  uint64_t struck_ = 0;
  std::map<FaultKind, Strikes> by_kind_;
  std::map<NodeId, uint64_t> failing_sync_;  // since this incarnation of the node
  uint64_t era_ = 0;                         // what was scheduled in an earlier one is void
  uint64_t weathers_ = 0;
  std::vector<Weather> weather_;
  std::map<std::pair<NodeId, NodeId>, int> blocked_;  // how many faults block a link
  std::set<NodeId> damaged_;           // has lost data, and is not known to be whole again
  std::map<NodeId, uint64_t> astray_;  // a write went astray; what the disk had written by then
  bool been_whole_ = false;            // the cluster has been founded
  std::set<NodeId> full_;              // disks
  std::map<NodeId, int> may_stop_;     // how many faults make it stop by itself
  Instant storm_until_;
  Random storm_random_{0};
  const PlannedFault* storm_ = nullptr;  // the last
  std::map<NodeId, Promised> promised_;
  Instant start_;
  Decisions* decisions_ = nullptr;
  std::map<std::pair<NodeId, NodeId>, Departed> departed_;
};

}  // namespace coterie::trial
