// What Raft machines say to each other (Ongaro & Ousterhout 2014, figure 2; Ongaro's dissertation 2014, chapters 3-6).
// Plain aggregates: their wire form is the walk of base/codec.h; fields are only ever appended.
//
// A message is addressed from replica to replica, not from node to node: what is meant for a replica whose disk has
// since been wiped is not heard by the one that took its place.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "coterie/base/entry.h"
#include "coterie/base/ids.h"

namespace coterie::raft {

struct Member {
  NodeId node;
  ReplicaId replica;
  bool voter = true;  // a learner receives the log and counts for nothing

  bool operator==(const Member&) const = default;
};

// The members of a group, ordered by node. Changed by one member at a time (dissertation, section 4.1).
struct Membership {
  std::vector<Member> members;

  const Member* find(ReplicaId replica) const;
  const Member* find(NodeId node) const;
  size_t voters() const;
  size_t majority() const { return voters() / 2 + 1; }
  bool operator==(const Membership&) const = default;
};

// Where a snapshot stands: it holds the effect of all entries up to `index`.
struct SnapshotPoint {
  Index index;
  Term term;
  Membership membership;  // as of index

  bool operator==(const SnapshotPoint&) const = default;
};

struct VoteRequest {
  bool pre_vote = false;  // asks only whether a vote would be given; changes nothing (dissertation, section 9.6)
  bool transfer = false;  // the leader itself has asked for this election: its lease does not stand against it
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
  uint64_t round = 0;  // of the leader's confirmation rounds; echoed
  Index heal_index;    // not 0: a damaged replica is whole again when its durable log covers this
  std::vector<Payload> entries;  // records as Entry::bytes
};

struct AppendReply {
  bool accepted = false;
  uint64_t round = 0;
  Index durable;         // accepted: the log is the leader's and durable up to here
  Index rejected;        // not accepted: previous_index of the Append that was refused
  Index hint_index;      // where the follower's log may agree: its last index, or the first of hint_term
  Term hint_term;
  bool damaged = false;
  Index applied;         // for status
};

// Keeps followers quiet and confirms rounds for reads. Small: frames of many groups are sent together.
struct Heartbeat {
  Index commit;  // not above what this follower is known to hold
  uint64_t round = 0;
};

struct HeartbeatReply {
  uint64_t round = 0;
  bool damaged = false;
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
struct TimeoutNow {};

// A follower asks for a read index: all reads that came before it may be served at `index`.
struct ReadIndexRequest {
  uint64_t number = 0;
};

struct ReadIndexReply {
  uint64_t number = 0;
  bool granted = false;
  Index index;
};

using Body = std::variant<VoteRequest, VoteReply, Append, AppendReply, Heartbeat, HeartbeatReply, SnapshotChunk,
                          SnapshotReply, TimeoutNow, ReadIndexRequest, ReadIndexReply>;

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
