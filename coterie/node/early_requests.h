// EarlyRequests keeps what clients ask before this node is in a cluster: while the nodes look for
// each other, or a wiped one waits to be taken in. As in every pause, a request waits for its time
// limit; then it is answered -LOADING, and has not been executed. When the node's replica starts,
// what still waits is asked of it, in the order in which it came.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coterie/base/reply.h"
#include "coterie/base/time.h"
#include "coterie/node/gateway.h"
#include "coterie/store/state/command.h"

namespace coterie::node {

struct EarlyRequest {
  Ticket ticket = 0;
  const state::CommandSpec* spec = nullptr;
  uint8_t db = 0;
  enum class Way : uint8_t { write, read, stale_read } way = Way::write;
  std::vector<std::string> args;
  Instant deadline;
};

class EarlyRequests {
 public:
  explicit EarlyRequests(Duration request_timeout) : request_timeout_(request_timeout) {}

  // Tickets rise from call to call.
  void submit(Ticket ticket, const state::CommandSpec& spec, uint8_t db,
              std::span<const std::string_view> args, EarlyRequest::Way way, Now now);
  void cancel(Ticket ticket);

  // Answers those whose time is over.
  void tick(Now now);
  // Answers all: the node stops.
  void give_up();
  Instant next_deadline() const;
  // All that wait, oldest first; none are left.
  std::deque<EarlyRequest> take();

  std::vector<std::pair<Ticket, Reply>> take_answers() { return std::exchange(answers_, {}); }
  uint64_t pending_bytes() const { return pending_bytes_; }

 private:
  static uint64_t bytes_of(const EarlyRequest& request);
  void answer_first();

  Duration request_timeout_;
  std::deque<EarlyRequest> waiting_;  // deadlines rise
  uint64_t pending_bytes_ = 0;
  std::vector<std::pair<Ticket, Reply>> answers_;
};

}  // namespace coterie::node
