// The replicated state machine: the same entries in the same order give the same state and the same
// replies, on every node, with every compiler. It reads an entry and itself, nothing else: no
// clock, flag, locale or random source. Time is the stamp of the entry that is applied.
//
// The keyspace is an array of 16384 hash slots (Redis Cluster's CRC16 of the key or its {tag}),
// each a small table behind a reference; a write to a slot that a copy still shares copies that
// slot first. So a copy is cheap: snapshots without fork, frozen views for KEYS and SCAN.
//
// Copying a State costs the references, not the data. All copies belong to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "coterie/base/entry.h"
#include "coterie/base/ids.h"
#include "coterie/base/payload.h"
#include "coterie/base/reply.h"
#include "coterie/base/result.h"
#include "coterie/store/state/batch.h"
#include "coterie/store/state/command.h"
#include "coterie/store/state/slot.h"

namespace coterie::state {

struct StateData;

// Bounds that the state machine itself keeps. They are part of the format: every replica has the
// same (a change needs a new feature level). What a client may ask is checked before the log, with
// these same numbers.
struct Limits {
  // A string is one piece of memory: one that a snapshot shares is copied before it changes, and
  // that must not hold up a turn.
  static constexpr uint64_t value_bytes_max = 32u << 20;
  static constexpr uint64_t once_clients_max =
      65'536;                                        // of ONCE; the one silent longest goes first
  static constexpr uint64_t once_replies_max = 128;  // kept a client
  static constexpr int64_t once_silence_ms_max = 3'600'000;
  static constexpr int64_t session_silence_ms_max = 30'000;
  static constexpr uint64_t session_window = 4'096;  // numbers a session may have unacknowledged
  static constexpr uint64_t session_window_bytes = 64u << 20;
  static constexpr uint64_t expired_removed_per_entry_max = 64;
  static constexpr uint64_t sessions_max = 1'024;  // open at once; a further one is not opened
  static constexpr uint64_t once_client_bytes_max = 256;  // of a client's name
  static constexpr uint64_t once_bytes_max =
      256u << 20;  // of all kept replies; the client silent longest loses its
  static constexpr uint64_t fence_resources_max =
      65'536;  // at it, FENCE refuses resources it has not seen
  static constexpr uint64_t fence_resource_bytes_max = 256;  // of a resource's name
};

struct SessionReply {
  SessionId session;
  uint64_t number = 0;
  Reply reply;
};
struct SessionOpened {
  SessionId session;
  NodeId node;
  ReplicaId replica;
  uint64_t nonce = 0;
};
struct Published {
  Payload channel;
  Payload message;
};

// What an applied entry brings about outside of the state.
struct ApplyEffects {
  std::vector<SessionReply> replies;  // in order of application
  std::vector<Published> published;
  std::vector<SessionOpened> opened;
  std::vector<SessionId>
      closed;  // its waiting requests are gone: they are answered -UNBLOCKED by their node
  void clear();
};

// Of a session, for its node: after a snapshot or a restart.
struct SessionView {
  NodeId node;
  ReplicaId replica;
  uint64_t last_applied = 0;  // highest request number applied
  uint64_t acknowledged =
      0;  // every number up to it was applied, and its reply received or known to be waited for
  int64_t heard_ms = 0;  // log time of its last block
  uint64_t kept_bytes = 0;
};

class State {
 public:
  State();
  State(const State&);
  State& operator=(const State&);
  State(State&&) noexcept;
  State& operator=(State&&) noexcept;
  ~State();

  // Applies the next entry. REQUIRES: entry.index == applied() + 1 (the first one may be any after
  // a snapshot's index). Entries of other kinds than commands advance index and time only. Effects
  // are appended.
  void apply(const Entry& entry, ApplyEffects& out);

  // Serves a command of class read from this state. `args` without the name.
  Reply read(const CommandSpec& spec, uint8_t db, std::span<const std::string_view> args) const;

  Index applied() const;
  Term applied_term() const;
  int64_t now_ms() const;     // log time: the stamp of the newest applied entry
  Revision revision() const;  // counts changing commands
  int64_t next_deadline_ms()
      const;  // when something falls due: a key, a waiter, a session; INT64_MAX: nothing
  uint64_t keys() const;  // of all databases, the expired not yet removed excluded where known
  uint64_t keys_in(uint8_t db) const;
  uint64_t expiring_in(uint8_t db) const;  // of keys_in() those that have a time to live
  uint64_t memory_bytes() const;           // estimate of what keys and values take

  std::optional<SessionView> session(SessionId id) const;
  std::vector<SessionId> sessions_of(NodeId node) const;
  std::optional<Reply> kept_reply(SessionId id,
                                  uint64_t number) const;  // none: not applied, dropped, or waiting
  std::vector<SessionId> silent_sessions(
      int64_t now_ms) const;  // for session_silence_ms_max or more: to be closed
  // Applied, and its reply is still to come (BLPOP in its line). The reply of a request that has
  // waited is kept until a cancel_request names it, or a number is acknowledged that was applied
  // after the reply was given: acknowledgements that passed its number while it waited do not drop
  // it.
  bool waiting(SessionId id, uint64_t number) const;

  uint64_t digest()
      const;  // equal states, equal digests; costs what has changed since it was last asked
  uint64_t slot_digest(uint16_t slot) const;

  const StateData& data() const;  // for this room alone (state_data.h)

 private:
  friend class SnapshotSource;
  friend class SnapshotLoader;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A frozen copy turned into bytes, piece by piece: next() costs about `size_bytes` whatever the
// size of the state (one key with a large value may cost more than asked: values are cut too).
class SnapshotSource {
 public:
  explicit SnapshotSource(State frozen);
  ~SnapshotSource();
  SnapshotSource(SnapshotSource&&) noexcept;
  SnapshotSource& operator=(SnapshotSource&&) noexcept;
  std::optional<Payload> next(size_t size_bytes);  // none: the end
 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The reverse. Faces bytes from a disk or a peer.
class SnapshotLoader {
 public:
  SnapshotLoader();
  ~SnapshotLoader();
  Result<void> feed(std::string_view piece);  // pieces may be cut anywhere
  Result<State> finish();                     // Fault::corrupt when incomplete
 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace coterie::state
