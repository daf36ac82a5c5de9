// Sessions make the requests of a node exactly-once: requests are numbered without gaps and applied
// in order; the reply of each is kept until the node has acknowledged it (Ongaro 2014, section 6.3;
// Lee et al., RIFL, 2015).
//
// `acknowledged` says that the node has applied every number up to it, and has received the reply
// or seen that the request waits (BLPOP). The reply of a request that waited is a late reply: an
// acknowledgement of its number may be under way that was sent before it was given. So it is kept
// until the node acknowledges a number that was applied after it was given (then the node has seen
// it too), or cancels the request.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "coterie/base/digest.h"
#include "coterie/base/ids.h"
#include "coterie/base/reply.h"
#include "coterie/store/state/cow_tree.h"

namespace coterie::state {

struct KeptReplyTraits {
  using Element = Reply;  // empty: the request waits
  static constexpr bool ordered = false;
  static constexpr unsigned leaf_max = 64;
  static uint64_t digest(const Reply& reply) { return hash_of(reply.view()); }
};

struct LateReply {
  uint64_t number = 0;
  uint64_t given_after = 0;  // last_applied when it was given
  Reply reply;
};

struct LateReplyTraits {
  using Element = LateReply;
  static constexpr bool ordered = true;
  static constexpr unsigned leaf_max = 32;
  using Probe = uint64_t;
  static Probe probe(const LateReply& late) { return late.number; }
  static uint64_t place(Probe number) { return number; }
  static uint64_t digest(const LateReply& late);
};

struct Session {
  NodeId node;
  ReplicaId replica;
  uint64_t nonce = 0;
  uint64_t last_applied = 0;
  uint64_t acknowledged = 0;
  int64_t heard_ms = 0;
  uint64_t kept_bytes = 0;
  CowTree<KeptReplyTraits> kept;  // of acknowledged + 1 ... last_applied, without gaps
  CowTree<LateReplyTraits> late;

  // More must be acknowledged before more is applied.
  bool window_is_full() const;
  void acknowledge(uint64_t number);
  // The request last_applied + 1 was applied. An empty reply: it waits.
  void applied(Reply reply);
  // The reply of a request that waited.
  void answered(uint64_t number, Reply reply);
  void drop_late(uint64_t number);
  std::optional<Reply> reply(uint64_t number) const;  // none: not applied, dropped, or waiting
  void add_to(Digest& digest) const;
};

class Sessions {
 public:
  // The session of a node and what it takes the place of. The same replica and nonce again: the one
  // that is open.
  struct Opened {
    SessionId id;                     // 0: refused, there are sessions_max
    std::optional<SessionId> closed;  // the older one of that node
  };
  Opened open(NodeId node, const ReplicaId& replica, uint64_t nonce, Index index, int64_t now_ms);
  bool close(SessionId id);  // false: not open

  Session* find(SessionId id);
  const Session* find(SessionId id) const;
  const std::map<SessionId, Session>& all() const { return sessions_; }
  std::vector<SessionId> silent(int64_t now_ms) const;
  int64_t next_deadline_ms() const;  // when the first falls silent
  void add_to(Digest& digest) const;

  // For a snapshot.
  SessionId last_id() const { return last_id_; }
  bool restore(SessionId id, Session session);  // false: not above the ids so far
  void restore_last_id(SessionId id) { last_id_ = id; }

 private:
  std::map<SessionId, Session> sessions_;
  SessionId last_id_;  // ids rise: of two opened by one entry the second takes the next number
};

}  // namespace coterie::state
