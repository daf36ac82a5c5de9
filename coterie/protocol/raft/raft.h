// Raft keeps one log the same on a majority of replicas, whatever crashes. Imagine a secretary who numbers the decisions
// of a committee: only the current secretary may add a line, a line counts when most members have it in their own books,
// in ink, and a new secretary is chosen only if most members agree that nobody's book is more complete.
//
// Ongaro & Ousterhout, "In Search of an Understandable Consensus Algorithm", 2014; Ongaro's dissertation, 2014: pre-vote
// (9.6), check-quorum (6.2), leadership transfer (3.10), membership one at a time (4.1), ReadIndex (6.4).
//
// The machine is pure: inputs and time in, effects out. It owns its random generator. It is a value: copyable, with a
// digest. One instance serves one group.
//
//   Durability. What must be durable is in numbered writes, in order; Durable{n} says that all writes up to n are. Before
//   that no message leaves that depends on it: a vote, a reply to an append, a request for votes. A leader's own entries
//   go out to followers at once, in parallel with its own write (dissertation, 10.2.1), and count for itself when durable.
//   Rejection first: a message of an older term, for another replica, or from a non-member is answered or dropped
//   before anything changes.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "coterie/base/entry.h"
#include "coterie/base/ids.h"
#include "coterie/base/random.h"
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
  uint64_t promote_lag_max = 64;           // entries behind, for a learner to be promoted
};

// What the machine starts from: what its disk has kept.
struct Recovered {
  HardState hard_state;
  SnapshotPoint snapshot;       // index 0: none; then membership is the founding one
  std::vector<Entry> entries;   // contiguous, from snapshot.index + 1 (or below it: those are skipped)
};

enum class Role : uint8_t { follower, pre_candidate, candidate, leader };
const char* role_name(Role role);

// Inputs ------------------------------------------------------------------------------------------------------------

struct Tick {};                        // time has passed; see next_deadline()
struct Durable { uint64_t number; };   // all writes up to this number are durable
// An entry made for this leader: REQUIRES role() == leader, entry.term == term(), entry.index == last_index() + 1.
struct Propose { Entry entry; };
// A read wants an index. The answer is a ReadGrant with this number; numbers rise.
struct ReadIndex { uint64_t number; };
struct PeerDown { NodeId node; };      // its connection to us closed: if it led, the pre-vote starts early
struct PeerUp { NodeId node; };        // our link to it is up again: what was in flight is taken as lost
// A node has said which replica it holds. A leader that finds it differs from the member's replaces that member.
struct PeerReplica { NodeId node; ReplicaId replica; };
struct TransferLeadership { NodeId to; };  // 0: the most advanced follower
struct Compact { SnapshotPoint point; Index keep_from; };  // a snapshot at point is durable; entries below keep_from may go
// Data for a SnapshotRead of the effects. `data` empty with total 0: the snapshot cannot be read; try a newer one.
struct SnapshotData { NodeId to; Index index; uint64_t offset_bytes; uint64_t total_bytes; Payload data; };
// A received snapshot is durable and its state is in force (installed), or it was bad (not installed: it is asked again).
struct SnapshotInstalled { SnapshotPoint point; bool installed; };
struct ReceivedMessage { Message message; };

using Input = std::variant<Tick, Durable, Propose, ReadIndex, PeerDown, PeerUp, PeerReplica, TransferLeadership, Compact,
                           SnapshotData, SnapshotInstalled, ReceivedMessage>;

// Effects -----------------------------------------------------------------------------------------------------------

// One numbered write. Order on disk: hard state, then entries. Entries replace all from entries.front().index on.
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
struct SnapshotRead { NodeId to; Index index; uint64_t offset_bytes; uint32_t size_bytes_max; };

// A chunk of a snapshot arrived; in order, offset 0 starts anew. When offset + data reaches total: install it, and answer
// with SnapshotInstalled.
struct SnapshotWrite { SnapshotPoint point; uint64_t offset_bytes; uint64_t total_bytes; Payload data; };

// Something an operator wants a line about, with its reason.
struct Note { bool warning = false; std::string text; };

struct Effects {
  std::vector<Message> messages;
  std::vector<Write> writes;
  std::vector<Entry> committed;   // next in order; each exactly once per life of the machine, after the snapshot's
  std::vector<ReadGrant> reads;
  std::vector<SnapshotRead> snapshot_reads;
  std::vector<SnapshotWrite> snapshot_writes;
  std::vector<Note> notes;

  void clear();
  bool empty() const;
};

// What a leader knows of a peer, for status and flow control.
struct Progress {
  Index match;           // durable there
  Index next;            // to be sent
  bool probing = true;   // where the logs agree is not known yet: one message at a time
  bool snapshotting = false;
  bool damaged = false;
  bool recently_active = false;
  uint64_t in_flight_bytes = 0;
  // further fields are the machine's own
};

class Raft {
 public:
  Raft(const Options& options, Recovered recovered, Now now);

  // One input. Effects are appended to `out`, which belongs to the caller.
  void step(Input&& input, Now now, Effects& out);
  // Once, at the end of a turn: batches are formed here: one Append for each follower, one write.
  void flush(Now now, Effects& out);
  // When step(Tick) is next wanted.
  Instant next_deadline() const;

  Role role() const;
  Term term() const;
  NodeId leader() const;              // 0: not known
  ReplicaId replica() const;
  Index last_index() const;
  Index commit() const;
  Index first_index() const;          // of the entries that are kept in memory
  Term term_at(Index index) const;    // 0 when it is not known. Index 0 has term 0
  const Entry* entry_at(Index index) const;  // nullptr when not kept. Valid until the next step or flush
  const SnapshotPoint& snapshot() const;
  const Membership& membership() const;      // the newest in the log, committed or not
  bool may_vote() const;              // false: damaged, a learner, or not a member
  bool committed_in_term() const;     // a leader that has: then read indexes can be served
  const std::map<NodeId, Progress>& progress() const;  // of a leader
  HardState hard_state() const;
  uint64_t log_bytes() const;         // of the entries kept in memory
  uint64_t digest() const;
};

}  // namespace coterie::raft
