// When faults strike and when they end. See breaker.h; what each kind does is in breaker_kinds.cc.
#include "coterie/trial/breaker.h"

#include <algorithm>

#include "coterie/base/assert.h"
#include "coterie/node/node.h"

namespace coterie::trial {

Breaker::Breaker(sim::Simulation& simulation, const Plan& plan, const sim::LinkOptions& links)
    : simulation_(simulation), plan_(plan), links_(links), nodes_(simulation.nodes()) {}

void Breaker::start() {
  const uint64_t era = era_;
  start_ = simulation_.now();
  for (const PlannedFault& fault : plan_.faults) {
    by_kind_[fault.kind].planned += 1;
    simulation_.after(fault.at, [this, era, &fault] {
      if (era == era_) strike(fault);
    });
  }
}

void Breaker::strike(const PlannedFault& fault) {
  const bool network = fault.kind >= FaultKind::partition && fault.kind <= FaultKind::fragile;
  const bool single = fault.kind >= FaultKind::lose_frame;
  const bool disk = fault.kind >= FaultKind::wipe && fault.kind <= FaultKind::stall;
  const bool struck = network  ? strike_network(fault)
                      : single ? strike_link(fault)
                      : disk   ? strike_disk(fault)
                               : strike_node(fault);
  if (!struck) return;
  ++struck_;
  by_kind_[fault.kind].struck += 1;
}

void Breaker::undo_later(const PlannedFault& fault, std::function<void()> undo) {
  simulation_.after(fault.length, [this, era = era_, undo = std::move(undo)] {
    if (era == era_) undo();
  });
}

void Breaker::start_later(NodeId node, Duration delay) {
  simulation_.after(delay, [this, era = era_, node] {
    if (era == era_ && !simulation_.running(node)) simulation_.start(node);
  });
}

bool Breaker::in_side(NodeId node, uint32_t side) { return (side >> (node.value - 1) & 1) != 0; }

bool Breaker::whole(NodeId node) const {
  if (!simulation_.running(node)) return false;
  const auto* served = static_cast<const ServedNode*>(simulation_.tenant(node));
  const node::Replica* replica = served->node() == nullptr ? nullptr : served->node()->replica();
  if (replica == nullptr || !replica->raft().may_vote()) return false;
  return replica->raft().membership().voters() == nodes_.size();
}

bool Breaker::all_are_whole() const {
  return astray_.empty() &&
         std::all_of(nodes_.begin(), nodes_.end(), [&](NodeId node) { return whole(node); });
}

void Breaker::look() {
  look_in_storm();
  if (been_whole_ && damaged_.empty()) return;
  // One that was damaged is whole again when it is a member like the others and votes.
  if (!all_are_whole()) return;
  damaged_.clear();
  been_whole_ = true;
}

bool Breaker::may_stop(NodeId node) const {
  const auto faults = may_stop_.find(node);
  return faults != may_stop_.end() && faults->second > 0;
}

std::optional<std::string> Breaker::unexplained_stop() const {
  for (NodeId node : nodes_) {
    const auto reason = simulation_.stop_reason(node);
    // Who is joining cannot do so on a full disk, and says so.
    const bool joining = !been_whole_ || damaged_.contains(node);
    if (reason && !may_stop(node) && !(joining && full_.contains(node)))
      return fmt::format("node {} stopped: {}", node, *reason);
  }
  return {};
}

std::set<NodeId> Breaker::mend_majority(bool founded) {
  ++era_;
  storm_until_ = {};
  std::set<NodeId> chosen(nodes_.begin(), nodes_.end());
  const size_t majority = nodes_.size() / 2 + 1;
  // Without one that is damaged: its data are being repaired from the others, who must be there.
  std::vector<NodeId> order;
  for (NodeId node : nodes_) {
    if (!damaged_.contains(node) && !astray_.contains(node)) order.push_back(node);
  }
  if (plan_.freeze && founded && order.size() >= majority && majority < nodes_.size()) {
    Random random(mix_seed(plan_.seed, 79));
    for (size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
    chosen = std::set<NodeId>(order.begin(), order.begin() + static_cast<ptrdiff_t>(majority));
  }
  mend(chosen);
  for (NodeId inside : chosen) {
    for (NodeId outside : nodes_) {
      if (chosen.contains(outside)) continue;
      simulation_.block(inside, outside);
      simulation_.block(outside, inside);
    }
  }
  return chosen;
}

void Breaker::mend_all() {
  ++era_;
  storm_until_ = {};
  mend(std::set<NodeId>(nodes_.begin(), nodes_.end()));
}

void Breaker::mend(const std::set<NodeId>& nodes) {
  weather_.clear();
  blocked_.clear();
  for (NodeId from : nodes) {
    for (NodeId to : nodes) {
      if (from == to) continue;
      simulation_.link(from, to).set_options(links_);
      simulation_.link(from, to).forget_fates();
      simulation_.unblock(from, to);
    }
  }
  for (NodeId node : nodes) {
    // It would stop by itself, and nobody would be there to start it.
    if (will_hear_of_failed_sync(node))
      simulation_.crash(node, {.kind = sim::CrashKind::process, .seed = plan_.seed + node.value});
    failing_sync_.erase(node);
    simulation_.disk(node).set_capacity(sim::DiskOptions().capacity_bytes);
    simulation_.disk(node).fail_next(sim::DiskOperation::read, Fault::io, 0);
    simulation_.disk(node).fail_next(sim::DiskOperation::sync, Fault::io, 0);
    simulation_.disk(node).fail_next(sim::DiskOperation::write, Fault::io, 0);
    simulation_.resume_disk(node);
    simulation_.set_slowness(node, 1);
    simulation_.set_drift(node, 0);
    if (simulation_.running(node)) {
      simulation_.unpause(node);
    } else {
      simulation_.start(node);
    }
    may_stop_.erase(node);
    full_.erase(node);
  }
}

}  // namespace coterie::trial
