// What a client's connection may ask of the node it is connected to, and what it hears back. The
// connection machine (server/client) knows this and not how the node does it; a test gives it a
// gateway that answers from a State directly.
//
// A ticket stands for one request. Its reply comes once, in a later call of on_reply, never from
// within the request. Tickets rise. Writes of one node are applied in the order in which they were
// asked.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/ids.h"
#include "coterie/base/reply.h"
#include "coterie/base/time.h"
#include "coterie/store/state/command.h"

namespace coterie::node {

using Ticket = uint64_t;

class ClientSink {
 public:
  virtual ~ClientSink() = default;
  virtual void on_reply(Ticket ticket, Reply reply) = 0;
  // A message published anywhere in the cluster, at its place in the log.
  virtual void on_published(const Payload& channel, const Payload& message) = 0;
};

// One node as another sees it, or as it sees itself.
struct MemberStatus {
  NodeId node;
  std::string peer_address;  // host:port
  std::string resp_address;  // where clients are served; empty: not heard yet
  std::string http_address;
  bool voter = true;
  bool connected = false;  // our link to it is up
  Index match;             // leader only: durable there
};

struct NodeStatus {
  NodeId node;
  int64_t process_id = 0;
  std::string cluster;  // hex; empty: not founded
  std::string replica;  // hex
  std::string role;     // leader | follower | candidate | learner | starting | damaged
  NodeId leader;        // 0: none known
  Term term;
  Index commit, applied, first, last;
  Index snapshot;
  uint64_t keys = 0;
  uint64_t log_bytes = 0;
  uint64_t memory_bytes = 0;
  double recent_sync_ms = 0;
  bool disk_full = false;
  bool ready = false;  // linearizable reads can be served now
  std::string not_ready_reason;
  std::optional<uint64_t> state_digest;  // at `applied`; only filled in when it was asked for
  std::vector<MemberStatus> members;
  struct Database {
    uint64_t keys = 0;
    uint64_t expiring = 0;  // of them those that have a time to live
  };
  std::vector<Database> databases;  // by number; empty: not known
};

class Gateway {
 public:
  virtual ~Gateway() = default;

  // Through the log: exactly once, replied when applied here. Also takes commands of class read,
  // which are then executed at their place in the log: for pipelines that mix reads with writes,
  // whose order must be kept.
  virtual Ticket write(const state::CommandSpec& spec, uint8_t db,
                       std::span<const std::string_view> args) = 0;
  // Linearizable, from the local state at a read index; `stale`: from the local state as it is
  // (READONLY).
  virtual Ticket read(const state::CommandSpec& spec, uint8_t db,
                      std::span<const std::string_view> args, bool stale) = 0;
  // The client is gone: no reply is wanted. A waiting BLPOP is taken out of the line by an entry; a
  // write already on its way is still applied.
  virtual void cancel(Ticket ticket) = 0;
  // Bytes of requests that wait for an answer: connections stop reading from their clients above a
  // bound.
  virtual uint64_t pending_bytes() const = 0;
  // Cheap: without the state's digest.
  virtual NodeStatus status() const = 0;
  // Of the state at `applied`; none: it is in no cluster yet. Costs what has changed since it was
  // last asked, which can be all keys.
  virtual std::optional<uint64_t> state_digest() const = 0;
  // Hands leadership to `to` (0: the most advanced follower). Returns false when this node does not
  // lead.
  virtual bool transfer_leadership(NodeId to) = 0;
};

}  // namespace coterie::node
