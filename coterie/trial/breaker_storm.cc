// A storm is an election that goes wrong: the leader dies, and while the others choose a new one,
// voters die and are back at once, disks are slow, and links fall out one way. What a node has
// promised before it died, it must still know. Faults that strike at times of their own hardly ever
// meet the few milliseconds in which that matters.
#include <algorithm>
#include <utility>

#include "coterie/base/reached.h"
#include "coterie/node/node.h"
#include "coterie/trial/breaker.h"

namespace coterie::trial {

namespace {
constexpr int64_t slowness_max = 20;
constexpr double of_promises = 0.5;  // that are followed by death, or made on a disk that stalls
constexpr int64_t death_us_max = 20'000;
constexpr int64_t stall_ms_max = 100;
constexpr int64_t link_down_ms_max = 400;
constexpr double of_nodes = 0.6;  // of what happens in a storm; the rest happens to links
}  // namespace

std::optional<NodeId> Breaker::leader() const {
  std::optional<std::pair<Term, NodeId>> newest;
  for (NodeId node : nodes_) {
    if (!simulation_.running(node)) continue;
    const auto* served = static_cast<const ServedNode*>(simulation_.tenant(node));
    const node::Replica* replica = served->node() == nullptr ? nullptr : served->node()->replica();
    if (replica == nullptr || replica->raft().role() != raft::Role::leader) continue;
    newest = std::max(newest, std::optional(std::pair(replica->raft().term(), node)));
  }
  return newest ? std::optional(newest->second) : std::nullopt;
}

void Breaker::decided_in_storm(FaultKind kind, NodeId node, Duration length, int64_t amount,
                               uint64_t seed) {
  PlannedFault single;
  single.kind = kind;
  single.node = node;
  single.length = length;
  single.amount = amount;
  single.seed = seed;
  decided_now(*storm_, single);
}

bool Breaker::crash_in_storm(NodeId node, sim::CrashKind kind, uint64_t seed) {
  constexpr Duration down = milliseconds(1);
  if (!crash(node, kind, seed, down)) return false;
  decided_in_storm(kind == sim::CrashKind::power ? FaultKind::crash : FaultKind::kill, node, down,
                   0, seed);
  return true;
}

bool Breaker::storm(const PlannedFault& fault) {
  const auto leading = leader();
  storm_ = &fault;
  if (!leading || !crash_in_storm(*leading, sim::CrashKind::process, fault.seed)) return false;
  COTERIE_REACHED("simulated storm in an election");
  Random random(fault.seed);
  for (NodeId node : nodes_) {
    const bool slow = random.chance(0.5);
    const int64_t slowness = random.between(2, slowness_max);
    simulation_.set_slowness(node, slow ? static_cast<double>(slowness) : 1);
    if (slow) decided_in_storm(FaultKind::slow, node, fault.length, slowness, 0);
  }
  undo_later(fault, [this] {
    for (NodeId node : nodes_) simulation_.set_slowness(node, 1);
  });
  storm_until_ = std::max(storm_until_, simulation_.now() + fault.length);
  storm_random_ = Random(random.next());
  storm_on(fault, random, simulation_.now() + fault.length);
  return true;
}

// Whoever has just voted, or just had to give up entries, may die before anybody notices; the disk
// of whoever stands may stall, so that another one stands in the same term.
void Breaker::look_in_storm() {
  if (simulation_.now() >= storm_until_) return;
  for (NodeId node : nodes_) {
    if (!simulation_.running(node)) continue;
    const auto* served = static_cast<const ServedNode*>(simulation_.tenant(node));
    const node::Replica* replica = served->node() == nullptr ? nullptr : served->node()->replica();
    if (replica == nullptr) continue;
    const raft::Raft& raft = replica->raft();
    Promised& promised = promised_[node];
    const Promised before =
        std::exchange(promised, {raft.life(), raft.hard_state().vote,
                                 raft.role() == raft::Role::candidate, raft.log_truncations()});
    if (before.life != promised.life) continue;
    const bool voted = promised.vote && promised.vote != before.vote && !promised.stands;
    const bool cut = promised.truncations != before.truncations;
    const bool stands = promised.stands && !before.stands;
    if ((cut || stands) && storm_random_.chance(of_promises))
      stall_in_storm(node, milliseconds(storm_random_.between(1, stall_ms_max)));
    if ((!voted && !cut) || !storm_random_.chance(of_promises)) continue;
    const uint64_t seed = storm_random_.below(1'000'000);
    simulation_.after(microseconds(storm_random_.between(0, death_us_max)),
                      [this, era = era_, node, seed] {
                        if (era == era_) crash_in_storm(node, sim::CrashKind::power, seed);
                      });
  }
}

void Breaker::stall_in_storm(NodeId node, Duration length) {
  simulation_.stall_disk(node);
  decided_in_storm(FaultKind::stall, node, length, 0, 0);
  simulation_.after(length, [this, era = era_, node] {
    if (era == era_) simulation_.resume_disk(node);
  });
}

void Breaker::storm_on(const PlannedFault& fault, Random random, Instant end) {
  const Duration pause = milliseconds(random.between(1, std::max<int64_t>(2 * fault.amount, 1)));
  simulation_.after(pause, [this, era = era_, &fault, random, end]() mutable {
    if (era != era_ || simulation_.now() >= end) return;
    const NodeId node = nodes_[random.below(nodes_.size())];
    const NodeId peer = nodes_[random.below(nodes_.size())];
    if (random.chance(of_nodes)) {
      const bool power = random.chance(0.5);
      crash_in_storm(node, power ? sim::CrashKind::power : sim::CrashKind::process,
                     random.below(1'000'000));
    } else if (node != peer) {
      const Duration length = milliseconds(random.between(1, link_down_ms_max));
      PlannedFault single;
      single.kind = FaultKind::one_way;
      single.node = node;
      single.peer = peer;
      single.length = length;
      decided_now(fault, single);
      block_link(node, peer, true);
      simulation_.after(length, [this, era, node, peer] {
        if (era == era_) block_link(node, peer, false);
      });
    }
    storm_on(fault, random, end);
  });
}

}  // namespace coterie::trial
