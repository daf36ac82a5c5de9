// The cluster's machinery: turns, effects, the network, disks and snapshots. Faults and what tests
// ask are in raft_cluster_faults.cc. See raft_cluster.h.
#include "coterie/protocol/raft/raft_cluster.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/base/digest.h"

namespace coterie::raft {

RaftCluster::RaftCluster(const ClusterOptions& options)
    : options_(options),
      random_(mix_seed(options.seed, 1)),
      nodes_(options.nodes),
      blocked_(options.nodes * options.nodes) {
  COTERIE_ASSERT(options.nodes > 0 && options.nodes <= members_max);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].options = options.raft;
    nodes_[i].options.node = NodeId(i + 1);
    nodes_[i].options.replica = new_replica();
    founding_.members.push_back({NodeId(i + 1), nodes_[i].options.replica, true});
  }
  for (Node& node : nodes_) {
    node.disk.snapshot.membership = founding_;
    start(node);
  }
}

ReplicaId RaftCluster::new_replica() {
  ReplicaId replica;
  replica.high = random_.next();
  replica.low = random_.next() | 1;
  return replica;
}

void RaftCluster::start(Node& node) {
  COTERIE_ASSERT(!node.machine);
  node.options.seed = random_.next();
  node.applied = node.disk.snapshot.index;
  node.applied_hash = node.disk.snapshot_hash;
  node.applied_text.clear();
  node.arriving.clear();
  node.disk_free_at = now_;
  node.wake_at = Instant::never();
  node.machine.emplace(
      node.options, Recovered{node.disk.hard_state, node.disk.snapshot, node.disk.entries}, time());
  if (!agrees(node.disk.snapshot, node.disk.entries)) node.disk.entries.clear();
  if (options_.watched) expect(invariants_.observe(*node.machine));
  schedule_wake(node);
  if (options_.hello_interval.ns > 0) {
    Event& event = queue_.push(now_ + between(Duration(), options_.hello_interval),
                               Event::Kind::hello, node.options.node);
    event.epoch = node.epoch;
  }
}

void RaftCluster::expect(Result<void> result) {
  if (!result && !failure_) failure_ = result.error();
}

Duration RaftCluster::between(Duration low, Duration high) {
  if (high <= low) return low;
  return low +
         nanoseconds(static_cast<int64_t>(random_.below(static_cast<uint64_t>(high.ns - low.ns))));
}

void RaftCluster::input(NodeId id, Input&& input) {
  Node& node = at(id);
  if (!node.machine || failure_) return;
  turn(node, [&](Raft& machine) { machine.step(std::move(input), time(), out_); });
}

void RaftCluster::carry_out(Node& node) {
  if (options_.watched) expect(invariants_.observe(*node.machine));
  for (const Entry& entry : out_.committed) apply(node, entry);
  if (failure_) return;
  for (Message& message : out_.messages) transmit(std::move(message));
  for (Write& write : out_.writes) submit(node, std::move(write));
  for (const ReadGrant& grant : out_.reads) check_read(grant);
  for (const SnapshotRead& read : out_.snapshot_reads) {
    Event& event = queue_.push(now_ + between(options_.sync_min, options_.sync_max),
                               Event::Kind::snapshot_read, node.options.node);
    event.epoch = node.epoch;
    event.read = read;
  }
  for (SnapshotWrite& piece : out_.snapshot_writes) arrive(std::move(piece), node);
  if (options_.keep_notes) {
    for (Note& one : out_.notes) notes_.push_back({now_, node.options.node, std::move(one)});
  }
}

void RaftCluster::apply(Node& node, const Entry& entry) {
  if (options_.watched) expect(invariants_.applied(*node.machine, entry));
  node.applied = entry.index;
  node.applied_hash = mix_seed(node.applied_hash, load_le<uint64_t>(entry.bytes.data()));
  if (hashes_.size() < entry.index.value) hashes_.push_back(node.applied_hash);
  if (hashes_[entry.index.value - 1] != node.applied_hash) {
    expect(fail(Fault::corrupt, fmt::format("node {} has another state at entry {}",
                                            node.options.node, entry.index)));
  }
  if (options_.keep_notes && entry.kind == EntryKind::commands) {
    if (!node.applied_text.empty()) node.applied_text += ' ';
    node.applied_text += entry.body().view();
  }
}

void RaftCluster::check_read(const ReadGrant& grant) {
  const auto asked = reads_.find(grant.number);
  if (asked == reads_.end()) {
    return expect(fail(Fault::corrupt, fmt::format("read {} was answered twice", grant.number)));
  }
  if (grant.granted && grant.index < asked->second) {
    expect(fail(Fault::corrupt,
                fmt::format("read {} may be served at {}, but {} was committed before it came",
                            grant.number, grant.index, asked->second)));
  }
  if (options_.keep_notes) granted_[grant.number] = grant;
  reads_.erase(asked);
}

// Network -------------------------------------------------------------------------------------

bool RaftCluster::blocked(NodeId from, NodeId to) const {
  return blocked_[(from.value - 1) * nodes_.size() + to.value - 1];
}

void RaftCluster::transmit(Message&& message) {
  if (options_.watched) expect(invariants_.said(message));
  if (options_.watched && options_.promises) check_promise(message);
  if (blocked(message.from_node, message.to_node)) return;
  if (options_.loss > 0 && random_.chance(options_.loss)) return;
  Duration delay = between(options_.delay_min, options_.delay_max);
  if (options_.late > 0 && random_.chance(options_.late))
    delay = between(Duration(), options_.late_max);
  if (options_.duplicate > 0 && random_.chance(options_.duplicate)) {
    Event& twin = queue_.push(now_ + between(options_.delay_min, options_.late_max),
                              Event::Kind::message, message.to_node);
    twin.message = message;
    twin.number = messages_sent_;
  }
  Event& event = queue_.push(now_ + delay, Event::Kind::message, message.to_node);
  event.message = std::move(message);
  event.number = messages_sent_++;
}

// A vote that is given, and entries that are acknowledged, are on the disk already.
void RaftCluster::check_promise(const Message& message) {
  const Node& node = at(message.from_node);
  if (const auto* vote = std::get_if<VoteReply>(&message.body);
      vote != nullptr && vote->granted && !vote->pre_vote) {
    const HardState& state = node.disk.hard_state;
    if (state.term < message.term || (state.term == message.term && state.vote != message.to)) {
      expect(fail(Fault::corrupt, fmt::format("node {} gives a vote in term {} that is not durable",
                                              message.from_node, message.term)));
    }
  }
  const auto* reply = std::get_if<AppendReply>(&message.body);
  if (reply == nullptr || !reply->accepted || reply->durable <= node.disk.snapshot.index) return;
  const std::vector<Entry>& entries = node.disk.entries;
  const uint64_t at_entry =
      entries.empty() ? 0 : reply->durable.value - entries.front().index.value;
  if (at_entry >= entries.size() ||
      entries[at_entry].term != node.machine->term_at(reply->durable)) {
    expect(fail(Fault::corrupt, fmt::format("node {} acknowledges entry {} that is not durable",
                                            message.from_node, reply->durable)));
  }
}

// Disk ----------------------------------------------------------------------------------------

void RaftCluster::Disk::apply(const Write& write) {
  if (write.hard_state) hard_state = *write.hard_state;
  if (write.entries.empty()) return;
  while (!entries.empty() && entries.back().index >= write.entries.front().index)
    entries.pop_back();
  COTERIE_ASSERT(entries.empty() || entries.back().index.next() == write.entries.front().index);
  entries.insert(entries.end(), write.entries.begin(), write.entries.end());
}

void RaftCluster::Disk::drop_before(Index from) {
  const auto keep = std::find_if(entries.begin(), entries.end(),
                                 [&](const Entry& entry) { return entry.index >= from; });
  entries.erase(entries.begin(), keep);
}

// Syncs end in order, like those of one file.
void RaftCluster::submit(Node& node, Write&& write) {
  Duration sync = between(options_.sync_min, options_.sync_max);
  if (options_.hang > 0 && random_.chance(options_.hang)) sync = between(sync, options_.hang_max);
  node.disk_free_at = std::max(node.disk_free_at, now_ + sync);
  Event& event = queue_.push(node.disk_free_at, Event::Kind::written, node.options.node);
  event.epoch = node.epoch;
  event.number = write.number;
  node.writes.push_back({std::move(write), false});
}

void RaftCluster::finish_writes(Node& node) {
  if (node.disk_held) return;
  uint64_t number = 0;
  while (!node.writes.empty() && node.writes.front().done) {
    number = node.writes.front().write.number;
    node.disk.apply(node.writes.front().write);
    node.writes.pop_front();
  }
  if (number != 0) input(node.options.node, Durable{number});
}

// Snapshots -----------------------------------------------------------------------------------

// Its first bytes are the hash of the state, the rest follows from it.
void RaftCluster::arrive(SnapshotWrite&& piece, Node& node) {
  if (piece.offset_bytes == 0) node.arriving.clear();
  COTERIE_ASSERT(piece.offset_bytes == node.arriving.size());
  node.arriving += piece.data.view();
  if (node.arriving.size() < piece.total_bytes) return;
  Event& event = queue_.push(now_ + between(Duration(), options_.install_max),
                             Event::Kind::snapshot_installed, node.options.node);
  event.epoch = node.epoch;
  event.message.body = SnapshotChunk{piece.point, 0, piece.total_bytes, Payload()};
}

void RaftCluster::install(Node& node, const SnapshotPoint& point) {
  const auto hash = load_le<uint64_t>(node.arriving.data());
  if (point.index.value > hashes_.size() || hashes_[point.index.value - 1] != hash) {
    return expect(fail(Fault::corrupt,
                       fmt::format("a snapshot at {} with another state arrived", point.index)));
  }
  node.disk.snapshot = point;
  node.disk.snapshot_hash = hash;
  // Durable is the snapshot, not yet that the log was dropped.
  if (options_.install_crash > 0 && random_.chance(options_.install_crash))
    return crash(node.options.node);
  node.disk.entries.clear();
  for (PendingWrite& pending : node.writes) pending.write.entries.clear();
  node.applied = point.index;
  node.applied_hash = hash;
  node.applied_text = "(snapshot)";
  input(node.options.node, SnapshotInstalled{point, true});
}

// Events --------------------------------------------------------------------------------------

void RaftCluster::schedule_wake(Node& node) {
  if (!options_.ticks) return;
  const Instant wanted = std::max(node.machine->next_deadline(), now_);
  if (wanted >= node.wake_at) return;
  node.wake_at = wanted;
  Event& event = queue_.push(wanted, Event::Kind::wake, node.options.node);
  event.epoch = node.epoch;
}

bool RaftCluster::run_event() {
  if (failure_ || queue_.empty()) return false;
  now_ = std::max(now_, queue_.next_at());
  Event event;
  queue_.pop(event);
  ++events_;
  happen(event);
  return !failure_;
}

void RaftCluster::happen(Event& event) {
  Node& node = at(event.node);
  if (!node.machine) return;
  if (event.kind == Event::Kind::message) {
    if (event.number < at(event.message.from_node).lost_before) return;
    const Instant until = now_ + options_.quantum;
    return turn(node, [&](Raft& machine) {
      machine.step(ReceivedMessage{std::move(event.message)}, time(), out_);
      while (options_.quantum.ns > 0 && !queue_.empty() &&
             queue_.next().kind == Event::Kind::message &&
             queue_.next().node == node.options.node && queue_.next_at() <= until) {
        now_ = std::max(now_, queue_.next_at());
        queue_.pop(event);
        ++events_;
        machine.step(ReceivedMessage{std::move(event.message)}, time(), out_);
      }
    });
  }
  if (event.epoch != node.epoch) return;
  switch (event.kind) {
    case Event::Kind::wake:
      if (now_ < node.wake_at) return;  // an earlier one was scheduled since, and has been
      node.wake_at = Instant::never();
      if (now_ < node.machine->next_deadline()) return schedule_wake(node);
      return input(event.node, Tick{});
    case Event::Kind::written:
      for (PendingWrite& pending : node.writes) {
        if (pending.write.number <= event.number) pending.done = true;
      }
      return finish_writes(node);
    case Event::Kind::snapshot_read: {
      SnapshotData data{event.read.to, event.read.index, event.read.offset_bytes, 0, Payload()};
      if (node.disk.snapshot.index == event.read.index) {
        PayloadBuilder bytes(options_.snapshot_bytes);
        store_le(bytes.extend(8), node.disk.snapshot_hash);
        bytes.append(std::string(options_.snapshot_bytes, 's'));
        const Payload whole = bytes.take();
        data.total_bytes = whole.size();
        data.data = whole.slice(
            event.read.offset_bytes,
            std::min<uint64_t>(event.read.size_bytes_max, whole.size() - event.read.offset_bytes));
      }
      return input(event.node, std::move(data));
    }
    case Event::Kind::snapshot_installed:
      return install(node, std::get<SnapshotChunk>(event.message.body).point);
    case Event::Kind::peer_down:
      return input(event.node, PeerDown{event.peer});
    case Event::Kind::peer_up:
      return input(event.node, PeerUp{event.peer});
    case Event::Kind::hello:
      return say_hello(event.node);
    case Event::Kind::message:
      return;
  }
}

}  // namespace coterie::raft
