// What a leader knows of a peer.
#pragma once

#include <cstdint>
#include <vector>

#include "coterie/base/ids.h"
#include "coterie/base/time.h"
#include "coterie/protocol/raft/message.h"

namespace coterie::raft {

// For status and flow control. A peer is probed (where do the logs agree?), then replicated to with
// several messages in flight, or brought forward by a snapshot.
struct Progress {
  Index match;          // durable there
  Index next;           // to be sent
  bool probing = true;  // where the logs agree is not known yet: one message at a time
  bool snapshotting = false;
  bool damaged = false;
  bool recently_active = false;  // heard within an election timeout, and not down
  uint64_t in_flight_bytes = 0;

  // The machine's own.
  struct Sent {
    Index last;
    uint64_t bytes = 0;
  };
  struct Snapshot {
    SnapshotPoint point;
    uint64_t acked_bytes = 0;     // the follower has it up to here
    uint64_t sent_bytes = 0;      // and was sent it up to here
    uint64_t reported_bytes = 0;  // where it last said it is
    uint64_t total_bytes = 0;     // 0: not known yet
    bool reading = false;         // a SnapshotRead is out
    Instant moved_at;             // of the last answer, or the start
  };
  Member member;
  uint64_t life = 0;  // of its last reply; 0: none yet
  bool down = false;  // its connection has closed, and it has not been heard since
  Instant heard_at;
  Instant answered_at;          // its last AppendReply
  std::vector<Sent> in_flight;  // oldest first; at most in_flight_messages_max
  bool probe_sent = false;      // and not yet answered
  uint64_t round_acked = 0;
  bool round_wanted = false;  // this flush's message to it shall carry the round
  Index commit_told;
  Index eager_up_to;
  Instant notice_at = Instant::never();  // when it must hear of the commit
  Index heal_index;                      // proposed after its damage was heard of
  Index applied;
  Snapshot snapshot;
};

}  // namespace coterie::raft
