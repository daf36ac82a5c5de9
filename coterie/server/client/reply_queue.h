// The replies that a connection owes, in the order of its commands. A command that is answered at
// once while earlier ones are under way waits here for its turn; what is at the front and there is
// sent.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "coterie/base/reply.h"
#include "coterie/node/gateway.h"
#include "coterie/server/client/transaction.h"
#include "coterie/server/resp/reply_conversion.h"

namespace coterie::server {

// What is to be done with an answer from the node before it becomes a reply.
struct PublishPlan {
  std::string channel;  // the reply is the number of its subscribers here
};
struct WatchPlan {
  std::vector<WatchedKey> keys;  // to be watched at the revisions that the answer holds
};
struct ExecPlan {
  std::vector<TransactionItem>
      items;  // what the answer's elements belong to, and what is missing between them
};
using ReplyPlan = std::variant<PublishPlan, WatchPlan, ExecPlan>;

// How a command went to the node.
enum class Route : uint8_t {
  none,       // it did not: it is answered here
  undecided,  // a read whose way depends on what follows it in this turn
  read,
  log,
};

struct PendingReply {
  Reply reply;  // canonical
  std::unique_ptr<ReplyPlan> plan;
  node::Ticket ticket = 0;
  uint32_t request_bytes = 0;
  Route route = Route::none;
  bool ready = false;
  bool silent = false;  // CLIENT REPLY OFF: the reply is dropped
  resp::Protocol protocol = resp::Protocol::resp2;
};

class ReplyQueue {
 public:
  bool empty() const { return queue_.empty(); }
  size_t size() const { return queue_.size(); }
  size_t reads_under_way() const { return reads_; }
  size_t log_under_way() const { return log_; }
  size_t unanswered_bytes() const { return unanswered_bytes_; }

  // Appends; returns the sequence number that finds the element again.
  uint64_t push(PendingReply reply);
  // An undecided read, or a command that was just appended, has gone to the node.
  void sent(uint64_t sequence, node::Ticket ticket, Route route);
  // REQUIRES: the element is still in the queue
  PendingReply& at(uint64_t sequence) { return queue_[sequence - first_]; }
  // The answer has come.
  void answered(uint64_t sequence, Reply reply);
  // The first one if it can be sent now, else nullptr.
  PendingReply* front_ready() {
    return !queue_.empty() && queue_.front().ready ? &queue_.front() : nullptr;
  }
  void pop_front();
  // REQUIRES: not empty
  const PendingReply& back() const { return queue_.back(); }
  // Takes out the last one, unanswered. REQUIRES: not empty
  void drop_back();
  // Calls visit(ticket) for all that wait for the node.
  template <class Visit>
  void each_ticket(Visit&& visit) const {
    for (const PendingReply& reply : queue_) {
      if (!reply.ready && reply.ticket != 0) visit(reply.ticket);
    }
  }
  void clear();

 private:
  void count(const PendingReply& reply, int by);

  std::deque<PendingReply> queue_;
  uint64_t first_ = 0;  // sequence number of the front
  size_t reads_ = 0;
  size_t log_ = 0;
  size_t unanswered_bytes_ = 0;
};

}  // namespace coterie::server
