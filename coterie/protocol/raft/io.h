// What a Raft machine is told and what it asks for: options, what its disk has kept, inputs,
// effects. The machine itself is in raft.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "coterie/base/entry.h"
#include "coterie/base/ids.h"
#include "coterie/base/time.h"
#include "coterie/protocol/raft/message.h"

namespace coterie::raft {

struct Options {
  GroupId group;
  NodeId node;
  ReplicaId replica;
  uint64_t seed = 0;
  Duration heartbeat_interval = milliseconds(40);
  Duration election_timeout_min = milliseconds(300);  // each wait is uniform in [min, max)
  Duration election_timeout_max = milliseconds(600);
  uint32_t append_bytes_max = 1 << 20;     // of entries in one message, but one entry at least
  uint32_t in_flight_bytes_max = 8 << 20;  // sent to one follower and not yet answered
  uint32_t in_flight_messages_max = 64;
  uint32_t snapshot_chunk_bytes = 256 << 10;
  uint64_t promote_lag_max = 64;     // entries behind, for a learner to be promoted
  uint32_t snapshot_chunks_max = 4;  // sent to one follower and not yet answered
  // A follower may hear of a commit so much later, unless it asked (EagerCommit).
  Duration commit_notice_delay;
};

// What the machine starts from: what its disk has kept.
struct Recovered {
  HardState hard_state;
  SnapshotPoint snapshot;  // index 0: none; then membership is the founding one
  // Contiguous, from snapshot.index + 1 or below it. When they do not agree with the snapshot, none
  // is used.
  std::vector<Entry> entries;
};

// Whether recovered entries go on where the snapshot ends, or hold its last entry. A snapshot from
// a leader may lie beyond the log, or disagree with it, when the node went down before it dropped
// its log: then the caller drops it now, and its next write starts behind the snapshot.
bool agrees(const SnapshotPoint& snapshot, const std::vector<Entry>& entries);

// Inputs -------------------------------------------------------------------------------------

// Time has passed; see next_deadline().
struct Tick {};

// All writes up to this number are durable.
struct Durable {
  uint64_t number;
};

// An entry made for this leader. REQUIRES: role() == leader, entry.term == term(), entry.index ==
// last_index() + 1, its kind is not membership.
struct Propose {
  Entry entry;
};

// A read wants an index. The answer is a ReadGrant with this number; numbers rise.
struct ReadIndex {
  uint64_t number;
};

// Its connection to us closed: if it led, the pre-vote starts early.
struct PeerDown {
  NodeId node;
};

// Our link to it is up again: what was in flight is taken as lost.
struct PeerUp {
  NodeId node;
};

// A node has said which replica it holds. A leader that finds it differs from the member's replaces
// that member.
struct PeerReplica {
  NodeId node;
  ReplicaId replica;
};

// To this node; 0: the most advanced follower.
struct TransferLeadership {
  NodeId to;
};

// A snapshot at `point` is durable; entries below keep_from may go. Of `point`, index and term are
// used: the machine itself knows the membership and the stamp. REQUIRES: the entry at point.index
// was given out as committed.
struct Compact {
  SnapshotPoint point;
  Index keep_from;
};

// Data for a SnapshotRead of the effects. `data` empty with total 0: the snapshot cannot be read; a
// newer one is tried.
struct SnapshotData {
  NodeId to;
  Index index;
  uint64_t offset_bytes;
  uint64_t total_bytes;
  Payload data;
};

// A received snapshot is durable and its state is in force (installed), or it was bad (not
// installed: it is asked for again).
struct SnapshotInstalled {
  SnapshotPoint point;
  bool installed;
};

// That node waits for commits up to this index: a leader tells it at once, whatever
// commit_notice_delay says.
struct EagerCommit {
  NodeId node;
  Index up_to;
};

struct ReceivedMessage {
  Message message;
};

using Input = std::variant<Tick, Durable, Propose, ReadIndex, PeerDown, PeerUp, PeerReplica,
                           TransferLeadership, Compact, SnapshotData, SnapshotInstalled,
                           EagerCommit, ReceivedMessage>;

// Effects ------------------------------------------------------------------------------------

// One numbered write. Order on disk: hard state, then entries. Entries replace all from
// entries.front().index on.
struct Write {
  uint64_t number = 0;
  std::optional<HardState> hard_state;
  std::vector<Entry> entries;
};

struct ReadGrant {
  uint64_t number = 0;
  bool granted = false;  // false: no leader, or it changed: ask again
  Index index;           // serve when applied >= index
};

// The data of the newest snapshot, from this offset, is wanted for a follower.
struct SnapshotRead {
  NodeId to;
  Index index;
  uint64_t offset_bytes;
  uint32_t size_bytes_max;
};

// A chunk of a snapshot arrived; in order, offset 0 starts anew. When offset + data reaches total:
// install it, and answer with SnapshotInstalled.
struct SnapshotWrite {
  SnapshotPoint point;
  uint64_t offset_bytes;
  uint64_t total_bytes;
  Payload data;
};

// Something an operator wants a line about, with its reason.
struct Note {
  bool warning = false;
  std::string text;
};

struct Effects {
  std::vector<Message> messages;
  std::vector<Write> writes;
  // Next in order; each exactly once per life of the machine, after the snapshot's.
  std::vector<Entry> committed;
  std::vector<ReadGrant> reads;
  std::vector<SnapshotRead> snapshot_reads;
  std::vector<SnapshotWrite> snapshot_writes;
  std::vector<Note> notes;

  void clear();
  bool empty() const;
};

}  // namespace coterie::raft
