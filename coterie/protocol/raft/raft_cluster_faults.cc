// What befalls a RaftCluster, what is asked of it, and what can be seen. See raft_cluster.h.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/digest.h"
#include "coterie/protocol/raft/quorum.h"
#include "coterie/protocol/raft/raft_cluster.h"

namespace coterie::raft {

// Running -------------------------------------------------------------------------------------

void RaftCluster::run_for(Duration duration) {
  const Instant end = now_ + duration;
  while (!failure_ && !queue_.empty() && queue_.next_at() <= end) run_event();
  if (!failure_) now_ = std::max(now_, end);
}

bool RaftCluster::run_until(const std::function<bool()>& holds, Duration limit) {
  const Instant end = now_ + limit;
  while (!holds()) {
    if (failure_ || queue_.empty() || queue_.next_at() > end || !run_event()) return false;
  }
  return true;
}

void RaftCluster::settle() {
  COTERIE_ASSERT(!options_.ticks && options_.hello_interval.ns == 0);
  while (run_event()) {
  }
}

void RaftCluster::tick(NodeId node) {
  now_ = std::max(now_, machine(node).next_deadline());
  input(node, Tick{});
}

// Faults --------------------------------------------------------------------------------------

void RaftCluster::stop(Node& node) {
  node.machine.reset();
  ++node.epoch;
  // Of what was not durable yet, some may have reached the disk all the same, in order.
  size_t lucky = node.writes.empty() || node.disk_held ? 0 : random_.below(node.writes.size() + 1);
  for (; lucky > 0; --lucky) {
    node.disk.apply(node.writes.front().write);
    node.writes.pop_front();
  }
  node.writes.clear();
  node.disk_held = false;
}

void RaftCluster::crash(NodeId id) {
  Node& node = at(id);
  if (!node.machine || failure_) return;
  stop(node);
  for (Node& other : nodes_) {
    if (!other.machine || blocked(id, other.options.node) ||
        !random_.chance(options_.peer_down_seen))
      continue;
    Event& event = queue_.push(now_ + between(options_.delay_min, options_.delay_max),
                               Event::Kind::peer_down, other.options.node);
    event.epoch = other.epoch;
    event.peer = id;
  }
}

void RaftCluster::restart(NodeId id) {
  Node& node = at(id);
  if (node.machine || failure_) return;
  start(node);
  for (Node& other : nodes_) {
    if (!other.machine || other.options.node == id) continue;
    Event& event = queue_.push(now_ + between(options_.delay_min, options_.delay_max),
                               Event::Kind::peer_up, other.options.node);
    event.epoch = other.epoch;
    event.peer = id;
  }
}

void RaftCluster::wipe(NodeId id) {
  crash(id);
  Node& node = at(id);
  // It knows from its peers who founded the cluster; it is none of them.
  node.disk = Disk();
  node.disk.snapshot.membership = founding_;
  node.options.replica = new_replica();
  restart(id);
}

void RaftCluster::damage(NodeId id, Index from) {
  crash(id);
  Disk& disk = at(id).disk;
  while (!disk.entries.empty() && disk.entries.back().index >= from) disk.entries.pop_back();
  disk.hard_state.damaged = true;
}

void RaftCluster::block(NodeId from, NodeId to, bool is_blocked) {
  blocked_[(from.value - 1) * nodes_.size() + to.value - 1] = is_blocked;
}

void RaftCluster::partition(const std::vector<std::vector<NodeId>>& sides) {
  blocked_.assign(blocked_.size(), true);
  for (const std::vector<NodeId>& side : sides) {
    for (NodeId a : side) {
      for (NodeId b : side) block(a, b, false);
    }
  }
}

void RaftCluster::lose(NodeId from) { at(from).lost_before = messages_sent_; }

void RaftCluster::heal() { blocked_.assign(blocked_.size(), false); }

void RaftCluster::calm() {
  options_.loss = options_.duplicate = options_.late = options_.hang = 0;
  options_.install_crash = 0;
  options_.install_max = std::min(options_.install_max, milliseconds(20));
  options_.delay_max = std::min(options_.delay_max, milliseconds(5));
  options_.sync_max = std::min(options_.sync_max, milliseconds(5));
}

void RaftCluster::hold_disk(NodeId node, bool held) {
  at(node).disk_held = held;
  finish_writes(at(node));
}

void RaftCluster::peer_down(NodeId node, NodeId peer) { input(node, PeerDown{peer}); }

void RaftCluster::peer_replica(NodeId node, NodeId peer) {
  input(node, PeerReplica{peer, replica(peer)});
}

void RaftCluster::say_hello(NodeId id) {
  for (const Node& other : nodes_) {
    if (other.options.node != id && !blocked(id, other.options.node))
      peer_replica(other.options.node, id);
  }
  Event& event = queue_.push(now_ + options_.hello_interval, Event::Kind::hello, id);
  event.epoch = at(id).epoch;
}

// Asking --------------------------------------------------------------------------------------

bool RaftCluster::propose(NodeId id, std::string_view body, size_t entries) {
  Node& node = at(id);
  if (!node.machine || failure_ || node.machine->role() != Role::leader) return false;
  turn(node, [&](Raft& machine) {
    for (size_t i = 0; i < entries; ++i) {
      Entry header;
      header.group = node.options.group;
      header.kind = EntryKind::commands;
      header.term = machine.term();
      header.index = machine.last_index().next();
      header.stamp_ms = now_.ns / 1'000'000;
      machine.step(Propose{make_entry(header, body)}, time(), out_);
    }
  });
  return true;
}

uint64_t RaftCluster::read(NodeId node) {
  reads_[++last_read_] = invariants_.committed();
  input(node, ReadIndex{last_read_});
  return last_read_;
}

void RaftCluster::transfer(NodeId node, NodeId to) { input(node, TransferLeadership{to}); }

void RaftCluster::compact(NodeId id, uint64_t keep_entries) {
  Node& node = at(id);
  if (!node.machine || failure_ || node.applied <= node.disk.snapshot.index) return;
  const Raft& machine = *node.machine;
  SnapshotPoint point;
  point.index = node.applied;
  point.term = machine.term_at(node.applied);
  point.membership = machine.membership_at(node.applied);
  const Entry* entry = machine.entry_at(node.applied);
  point.stamp_ms = entry == nullptr ? 0 : entry->stamp_ms;
  node.disk.snapshot = point;
  node.disk.snapshot_hash = node.applied_hash;
  const Index keep_from(
      std::max<uint64_t>(point.index.value - std::min(keep_entries, point.index.value), 1));
  node.disk.drop_before(keep_from);
  input(id, Compact{std::move(point), keep_from});
}

void RaftCluster::eager_commit(NodeId leader, NodeId node, Index up_to) {
  input(leader, EagerCommit{node, up_to});
}

// Looking -------------------------------------------------------------------------------------

const Raft& RaftCluster::machine(NodeId node) const {
  COTERIE_ASSERT(up(node));
  return *at(node).machine;
}

NodeId RaftCluster::leader() const {
  const Raft* best = nullptr;
  for (const Node& node : nodes_) {
    if (!node.machine || node.machine->role() != Role::leader) continue;
    if (best == nullptr || node.machine->term() > best->term()) best = &*node.machine;
  }
  return best == nullptr ? NodeId() : best->node();
}

std::vector<NodeId> RaftCluster::nodes() const {
  std::vector<NodeId> ids;
  for (const Node& node : nodes_) ids.push_back(node.options.node);
  return ids;
}

std::optional<ReadGrant> RaftCluster::granted(uint64_t read) const {
  const auto at = granted_.find(read);
  return at == granted_.end() ? std::nullopt : std::optional(at->second);
}

std::vector<RaftCluster::NoteLine> RaftCluster::take_notes() { return std::exchange(notes_, {}); }

uint64_t RaftCluster::digest() const {
  Digest digest;
  digest.add(static_cast<uint64_t>(now_.ns));
  digest.add(events_);
  for (const Node& node : nodes_) {
    digest.add(node.machine ? node.machine->digest() : 0);
    digest.add(node.applied_hash);
  }
  return digest.value();
}

bool RaftCluster::can_spare(NodeId spared) const {
  const auto left = [&](const Membership& membership) {
    size_t good = 0;
    for (const Member& member : membership.members) {
      const Node& node = at(member.node);
      const bool damaged = node.machine
                               ? node.machine->hard_state().damaged || node.disk.hard_state.damaged
                               : node.disk.hard_state.damaged;
      if (member.voter && member.node != spared && node.options.replica == member.replica &&
          !damaged)
        ++good;
    }
    return good >= quorum_size(membership.voters());
  };
  for (const Node& node : nodes_) {
    if (!left(node.disk.snapshot.membership)) return false;
    for (const Entry& entry : node.disk.entries) {
      if (entry.kind == EntryKind::membership && !left(*Membership::from_entry(entry)))
        return false;
    }
    if (node.machine && !left(node.machine->membership())) return false;
  }
  return true;
}

}  // namespace coterie::raft
