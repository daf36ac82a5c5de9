// RaftCluster runs bare machines, without world, log or state, in virtual time: for this room's
// tests, text scenarios and benches. Imagine a chess board on which the pieces' owner also plays
// fate: a seeded network that loses, doubles, delays and partitions; disks that make writes durable
// late; crashes that forget what was not; wiped and damaged nodes.
//
// Every machine is watched by Invariants after each turn, every grant of a read is compared with
// what was committed when the read came, and the state of the machines (a hash of what they
// applied) must agree at every index. The first violation is kept in failure() and nothing runs
// after it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/protocol/raft/event_queue.h"
#include "coterie/protocol/raft/invariants.h"
#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

struct ClusterOptions {
  uint64_t seed = 1;
  size_t nodes = 3;
  Options raft;  // group, node, replica and seed are set for each machine
  Duration delay_min = microseconds(200);
  Duration delay_max = milliseconds(2);
  double loss = 0;  // shares of messages
  double duplicate = 0;
  double late = 0;  // delayed by up to late_max: they overtake each other
  Duration late_max = milliseconds(400);
  Duration sync_min = microseconds(300);
  Duration sync_max = milliseconds(3);
  double hang = 0;  // share of syncs that take up to hang_max
  Duration hang_max = milliseconds(1500);
  Duration install_max = milliseconds(10);  // how long a received snapshot takes to be in force
  bool promises = true;      // also check that what is promised is on the disk of who promises it
  double install_crash = 0;  // chance to crash while a snapshot is being installed
  double peer_down_seen = 0.5;                  // chance that a crash closes a connection at once
  Duration hello_interval = milliseconds(200);  // nodes say which replica they hold; 0: never
  Duration quantum;  // what falls due for a node within it may be one turn
  uint32_t snapshot_bytes = 1000;
  bool ticks = true;    // false: only tick() lets timeouts happen
  bool watched = true;  // false: without Invariants, to measure
  bool keep_notes = false;
};

class RaftCluster {
 public:
  struct NoteLine {
    Instant at;
    NodeId node;
    Note note;
  };

  // All nodes are started; founded with all of them as voters, 1 to nodes.
  explicit RaftCluster(const ClusterOptions& options);
  RaftCluster(const RaftCluster&) = delete;
  RaftCluster& operator=(const RaftCluster&) = delete;

  // Running ----------------------------------------------------------------------------------
  bool run_event();                 // the next event; false: there is none, or a failure
  void run_for(Duration duration);  // events, until so much time has passed
  // Until it holds; false when the limit or a failure comes first. Asked after every event.
  bool run_until(const std::function<bool()>& holds, Duration limit);
  void settle();           // REQUIRES: no ticks, no hellos. Until nothing is under way
  void tick(NodeId node);  // time passes until its next deadline, and it alone is told so
  void advance(Duration duration) { now_ = now_ + duration; }

  // Faults -----------------------------------------------------------------------------------
  void crash(NodeId node);  // some of what was not durable may still have reached the disk
  void restart(NodeId node);
  void wipe(NodeId node);  // crashes it; it restarts as a new, empty replica
  // Crashes it; entries from `from` on are gone when it restarts, and it knows.
  void damage(NodeId node, Index from);
  void block(NodeId from, NodeId to, bool blocked);
  void partition(const std::vector<std::vector<NodeId>>& sides);  // who is in none is alone
  void lose(NodeId from);  // what it has said and nobody has heard yet is lost
  void heal();             // all links work
  void calm();             // no loss, duplication, lateness, hanging or slowness from now on
  void hold_disk(NodeId node, bool held);  // its writes are not durable until released
  void peer_down(NodeId node, NodeId peer);
  void peer_replica(NodeId node, NodeId peer);  // `node` hears which replica `peer` holds

  // Asking -----------------------------------------------------------------------------------
  bool propose(NodeId node, std::string_view body, size_t entries = 1);  // false: it does not lead
  uint64_t read(NodeId node);                                            // its number
  void transfer(NodeId node, NodeId to);
  void compact(NodeId node, uint64_t keep_entries);  // a snapshot at what it has applied
  void eager_commit(NodeId leader, NodeId node, Index up_to);

  // Looking ----------------------------------------------------------------------------------
  Instant now() const { return now_; }
  bool up(NodeId node) const { return at(node).machine.has_value(); }
  const Raft& machine(NodeId node) const;  // REQUIRES: up
  ReplicaId replica(NodeId node) const { return at(node).options.replica; }
  const HardState& disk_state(NodeId node) const { return at(node).disk.hard_state; }
  NodeId leader() const;  // of the highest term, that is up; 0: none
  std::vector<NodeId> nodes() const;
  Index applied(NodeId node) const { return at(node).applied; }
  std::string applied_text(NodeId node) const { return at(node).applied_text; }
  const std::optional<Error>& failure() const { return failure_; }
  const Invariants& invariants() const { return invariants_; }
  std::optional<ReadGrant> granted(uint64_t read) const;
  std::vector<NoteLine> take_notes();
  uint64_t events() const { return events_; }
  uint64_t digest() const;
  // Whether a majority of every membership in any log would be left: replicas that were neither
  // wiped nor damaged.
  bool can_spare(NodeId node) const;

 private:
  struct Disk {
    HardState hard_state;
    SnapshotPoint snapshot;
    uint64_t snapshot_hash = 0;
    std::vector<Entry> entries;
    void apply(const Write& write);
    void drop_before(Index from);
  };
  struct PendingWrite {
    Write write;
    bool done = false;  // the disk is through, in order
  };
  struct Node {
    Options options;
    std::optional<Raft> machine;
    uint64_t epoch = 0;  // rises at a crash: what was under way for an earlier one is void
    Disk disk;
    std::deque<PendingWrite> writes;
    Instant disk_free_at;
    bool disk_held = false;
    uint64_t lost_before = 0;  // messages sent by it with smaller numbers are lost
    Instant wake_at = Instant::never();
    Index applied;
    uint64_t applied_hash = 0;
    std::string applied_text;  // bodies of commands, for scenarios
    std::string arriving;      // a snapshot's bytes
  };

  Node& at(NodeId node) { return nodes_[node.value - 1]; }
  const Node& at(NodeId node) const { return nodes_[node.value - 1]; }
  Now time() const { return {now_, {}}; }
  void start(Node& node);
  void stop(Node& node);
  ReplicaId new_replica();
  template <class Step>
  void turn(Node& node, Step step);
  void input(NodeId node, Input&& input);
  void carry_out(Node& node);
  void apply(Node& node, const Entry& entry);
  void submit(Node& node, Write&& write);
  void finish_writes(Node& node);
  void transmit(Message&& message);
  void arrive(SnapshotWrite&& piece, Node& node);
  void install(Node& node, const SnapshotPoint& point);
  void check_promise(const Message& message);
  void check_read(const ReadGrant& grant);
  void schedule_wake(Node& node);
  void happen(Event& event);
  void say_hello(NodeId node);
  bool blocked(NodeId from, NodeId to) const;
  Duration between(Duration low, Duration high);
  void expect(Result<void> result);

  ClusterOptions options_;
  Random random_;
  Instant now_{seconds(1).ns};
  std::vector<Node> nodes_;
  Membership founding_;
  std::vector<bool> blocked_;
  EventQueue queue_;
  Effects out_;
  Invariants invariants_;
  std::optional<Error> failure_;
  std::vector<uint64_t> hashes_;     // of the state at an index - 1
  std::map<uint64_t, Index> reads_;  // asked and not answered: what was committed when they came
  std::map<uint64_t, ReadGrant> granted_;  // kept when notes are
  uint64_t last_read_ = 0;
  uint64_t messages_sent_ = 0;
  uint64_t events_ = 0;
  std::vector<NoteLine> notes_;
};

// A turn of one node: inputs, flush, and what the machine then asks of its surroundings.
template <class Step>
void RaftCluster::turn(Node& node, Step step) {
  out_.clear();
  step(*node.machine);
  node.machine->flush(time(), out_);
  carry_out(node);
  schedule_wake(node);
}

}  // namespace coterie::raft
