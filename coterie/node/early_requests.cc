// See early_requests.h.
#include "coterie/node/early_requests.h"

#include <algorithm>

#include "coterie/base/reached.h"

namespace coterie::node {

namespace {
constexpr std::string_view not_in_a_cluster =
    "LOADING not executed: this node is not in a cluster yet";
}  // namespace

uint64_t EarlyRequests::bytes_of(const EarlyRequest& request) {
  uint64_t bytes = sizeof(EarlyRequest);
  for (const std::string& arg : request.args) bytes += sizeof(std::string) + arg.size();
  return bytes;
}

void EarlyRequests::submit(Ticket ticket, const state::CommandSpec& spec, uint8_t db,
                           std::span<const std::string_view> args, EarlyRequest::Way way, Now now) {
  EarlyRequest& request = waiting_.emplace_back();
  request.ticket = ticket;
  request.spec = &spec;
  request.db = db;
  request.way = way;
  request.args.assign(args.begin(), args.end());
  request.deadline = now.monotonic + request_timeout_;
  pending_bytes_ += bytes_of(request);
}

void EarlyRequests::cancel(Ticket ticket) {
  const auto found =
      std::lower_bound(waiting_.begin(), waiting_.end(), ticket,
                       [](const EarlyRequest& one, Ticket wanted) { return one.ticket < wanted; });
  if (found == waiting_.end() || found->ticket != ticket) return;
  pending_bytes_ -= bytes_of(*found);
  waiting_.erase(found);
}

void EarlyRequests::answer_first() {
  answers_.emplace_back(waiting_.front().ticket, reply_error(not_in_a_cluster));
  pending_bytes_ -= bytes_of(waiting_.front());
  waiting_.pop_front();
}

void EarlyRequests::tick(Now now) {
  while (!waiting_.empty() && waiting_.front().deadline <= now.monotonic) {
    COTERIE_REACHED("early request: no cluster within its time");
    answer_first();
  }
}

void EarlyRequests::give_up() {
  while (!waiting_.empty()) answer_first();
}

Instant EarlyRequests::next_deadline() const {
  return waiting_.empty() ? Instant::never() : waiting_.front().deadline;
}

std::deque<EarlyRequest> EarlyRequests::take() {
  if (!waiting_.empty()) COTERIE_REACHED("early requests: asked once in a cluster");
  pending_bytes_ = 0;
  return std::exchange(waiting_, {});
}

}  // namespace coterie::node
