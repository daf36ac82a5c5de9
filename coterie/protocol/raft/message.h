// What Raft machines say to each other (Ongaro & Ousterhout 2014, figure 2; Ongaro's dissertation
// 2014, chapters 3-6). Plain aggregates: their wire form is the walk of base/codec.h; fields are
// only ever appended.
//
// A message is addressed from replica to replica, not from node to node: what is meant for a
// replica whose disk has since been wiped is not heard by the one that took its place.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "coterie/base/entry.h"
#include "coterie/base/ids.h"
#include "coterie/base/result.h"

namespace coterie::raft {

struct Member {
  NodeId node;
  ReplicaId replica;
  bool voter = true;  // a learner receives the log and counts for nothing

  bool operator==(const Member&) const = default;
};

inline constexpr size_t members_max = 31;

// The members of a group, ordered by node. Changed by one member at a time (dissertation,
// section 4.1).
struct Membership {
  std::vector<Member> members;

  const Member* find(ReplicaId replica) const;
  const Member* find(NodeId node) const;
  size_t voters() const;
  size_t majority() const { return voters() / 2 + 1; }
  bool operator==(const Membership&) const = default;

  // The membership that an entry of kind membership holds. Fault::corrupt when its body is none:
  // not ordered by node, a node twice, or more than members_max.
  static Result<Membership> from_entry(const Entry& entry);
};

// Where a snapshot stands: it holds the effect of all entries up to `index`.
struct SnapshotPoint {
  Index index;
  Term term;
  Membership membership;  // as of index
  int64_t stamp_ms = 0;   // of the entry at index: log time does not go back behind it

  bool operator==(const SnapshotPoint&) const = default;
};

struct VoteRequest {
  // Asks only whether a vote would be given; changes nothing (dissertation, section 9.6).
  bool pre_vote = false;
  // The leader itself has asked for this election: its lease does not stand against it.
  bool transfer = false;
  Index last_index;
  Term last_term;
};

struct VoteReply {
  bool pre_vote = false;
  bool granted = false;
};

// Entries after (previous_index, previous_term); none: only commit and round.
struct Append {
  Index previous_index;
  Term previous_term;
  Index commit;
  uint64_t round = 0;  // of the leader's; echoed at once. 0: only new durable entries are answered
  Index heal_index;    // not 0: a damaged replica is whole again when its durable log covers this
  std::vector<Payload> entries;  // records as Entry::bytes
  uint64_t heal_life = 0;        // the life (see AppendReply) whose damage heal_index is about
};

struct AppendReply {
  bool accepted = false;
  uint64_t round = 0;
  Index durable;   // accepted: the log is the leader's and durable up to here
  Index rejected;  // not accepted: previous_index of the Append that was refused
  // Where the logs may agree: its last entry, not behind `rejected`, of a term not above the
  // leader's.
  Index hint_index;
  Term hint_term;
  bool damaged = false;
  Index applied;  // for status
  Index matched;  // accepted: the log is the leader's up to here, durable or not yet
  // A random number of this run of the follower: tells a restart, and one damage from the next.
  uint64_t life = 0;
};

// Keeps followers quiet and confirms rounds for reads. Small: frames of many groups are sent
// together.
struct Heartbeat {
  Index commit;  // not above what this follower is known to hold
  uint64_t round = 0;
};

struct HeartbeatReply {
  uint64_t round = 0;
  bool damaged = false;
  uint64_t life = 0;
};

struct SnapshotChunk {
  SnapshotPoint point;
  uint64_t offset_bytes = 0;
  uint64_t total_bytes = 0;
  Payload data;
};

struct SnapshotReply {
  Index index;  // of the snapshot that is meant
  uint64_t next_offset_bytes = 0;
  bool installed = false;
  bool refused = false;  // start again from the beginning
};

// The leader asks its best follower to start an election at once (dissertation, section 3.10).
struct TimeoutNow {
  Index last_index;  // as soon as its log reaches this: all that the leader has sent to anybody
};

// A follower asks for a read index: all reads that came before it may be served at `index`.
struct ReadIndexRequest {
  uint64_t number = 0;
};

struct ReadIndexReply {
  uint64_t number = 0;
  bool granted = false;
  Index index;
};

using Body =
    std::variant<VoteRequest, VoteReply, Append, AppendReply, Heartbeat, HeartbeatReply,
                 SnapshotChunk, SnapshotReply, TimeoutNow, ReadIndexRequest, ReadIndexReply>;

struct Message {
  GroupId group;
  NodeId from_node;
  ReplicaId from;
  NodeId to_node;
  ReplicaId to;
  Term term;  // pre-vote requests and their granted replies carry the term they ask about
  Body body;
};

}  // namespace coterie::raft
