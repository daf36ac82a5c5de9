// See reply_queue.h.
#include "coterie/server/client/reply_queue.h"

#include "coterie/base/assert.h"

namespace coterie::server {

void ReplyQueue::count(const PendingReply& reply, int by) {
  const auto change = static_cast<size_t>(by);
  if (reply.route == Route::read) reads_ += change;
  if (reply.route == Route::log) log_ += change;
  unanswered_bytes_ += change * reply.request_bytes;
}

uint64_t ReplyQueue::push(PendingReply reply) {
  if (!reply.ready) count(reply, 1);
  queue_.push_back(std::move(reply));
  return first_ + queue_.size() - 1;
}

void ReplyQueue::sent(uint64_t sequence, node::Ticket ticket, Route route) {
  PendingReply& reply = at(sequence);
  COTERIE_ASSERT(!reply.ready && reply.ticket == 0);
  count(reply, -1);
  reply.ticket = ticket;
  reply.route = route;
  count(reply, 1);
  // Reads that overtake a write, or are overtaken by one, are what this queue exists to prevent.
  COTERIE_ASSERT(reads_ == 0 || log_ == 0);
}

void ReplyQueue::answered(uint64_t sequence, Reply answer) {
  PendingReply& reply = at(sequence);
  COTERIE_ASSERT(!reply.ready);
  count(reply, -1);
  reply.ready = true;
  reply.reply = std::move(answer);
}

void ReplyQueue::pop_front() {
  COTERIE_ASSERT(queue_.front().ready);
  queue_.pop_front();
  ++first_;
}

void ReplyQueue::drop_back() {
  if (!queue_.back().ready) count(queue_.back(), -1);
  queue_.pop_back();
}

void ReplyQueue::clear() {
  first_ += queue_.size();
  queue_.clear();
  reads_ = 0;
  log_ = 0;
  unanswered_bytes_ = 0;
}

}  // namespace coterie::server
