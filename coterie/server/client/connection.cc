// The bytes of a connection, its turns and its replies. What a command does is in execute.cc. See
// connection.h.
#include "coterie/server/client/connection.h"

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/server/client/errors.h"
#include "coterie/server/client/hub.h"

namespace coterie::server {

Connection::Connection(Hub& hub, ClientInfo info, ConnectionHost& host)
    : hub_(hub), host_(host), info_(std::move(info)), parser_(hub.limits().request) {
  parser_.set_authenticated(info_.authenticated);
}

Connection::~Connection() { COTERIE_ASSERT(disconnected_); }

void Connection::turn_away(std::string_view error) {
  output_.add(reply_error(error), info_.protocol);
  ending_ = closed_ = true;
}

void Connection::on_bytes(std::string_view bytes) {
  COTERIE_ASSERT(!closed_ && !end_of_input_ && !disconnected_);
  hub_.counters().input_bytes += bytes.size();
  info_.last_active = hub_.now().monotonic;
  if (ending_) return;
  parser_.feed(bytes);
  process();
}

void Connection::on_end_of_input() {
  end_of_input_ = true;
  if (blocking_) {
    // Nobody else's element may be given to a client that is about to go.
    COTERIE_REACHED("a client leaves while its command waits");
    const node::Ticket ticket = replies_.back().ticket;
    hub_.forget(ticket);
    hub_.gateway().cancel(ticket);
    replies_.drop_back();
    blocking_ = false;
    ending_ = true;
    flush();
  } else if (!held_) {
    ending_ = true;
  }
  finish();
}

bool Connection::wants_input() const {
  if (ending_ || closed_ || end_of_input_ || hub_.overloaded()) return false;
  const size_t waiting_bytes = parser_.waiting_bytes();
  if (!hub_.input().may_read(info_.id, waiting_bytes)) return false;
  return !held_ || waiting_bytes < hub_.limits().held_input_bytes_max;
}

void Connection::on_disconnect() {
  if (disconnected_) return;
  disconnected_ = true;
  replies_.each_ticket([&](node::Ticket ticket) {
    hub_.forget(ticket);
    hub_.gateway().cancel(ticket);
  });
  replies_.clear();
  unsubscribe_all();
  unwatch();
  transaction_.end();
  hub_.input().update(info_.id, std::exchange(accounted_bytes_, 0), 0, false);
  hub_.counters().output_bytes += output_.total_bytes();
  hub_.remove(*this);
  ending_ = closed_ = true;
}

void Connection::resume() {
  if (closed_ || ending_) return;
  process();
  host_.touch();
}

// Whether another command may be started, as far as that does not depend on the command.
bool Connection::may_go_on() const {
  const ConnectionLimits& limits = hub_.limits();
  return !barrier_ && !hub_.overloaded() && replies_.size() < limits.unanswered_max &&
         replies_.unanswered_bytes() < limits.unanswered_bytes_max;
}

void Connection::account_input() {
  const size_t bytes = parser_.waiting_bytes();
  hub_.input().update(info_.id, std::exchange(accounted_bytes_, bytes), bytes, !held_ && !ending_);
}

void Connection::give_up_request() {
  if (closed_ || ending_) return;
  answer(reply_error(request_late_error));
  ending_ = true;
  account_input();
  flush();
  finish();
  host_.touch();
}

// Parses and starts what is there, as far as it may be.
void Connection::process() {
  size_t commands_left = hub_.limits().commands_per_turn_max;
  held_ = false;
  while (!ending_) {
    if (!may_go_on()) {
      held_ = parser_.waiting_bytes() > 0;
      break;
    }
    const auto found = parser_.next();
    if (found == resp::RequestParser::Outcome::incomplete) break;
    if (found == resp::RequestParser::Outcome::malformed) {
      ++hub_.counters().protocol_errors;
      answer(reply_error("ERR " + parser_.error()));
      ending_ = true;
      break;
    }
    if (commands_left-- == 0) {
      COTERIE_REACHED("a pipeline goes on in the next turn");
      held_ = true;
      hub_.schedule(*this);
      break;
    }
    if (execute(parser_.words()) == Outcome::held) {
      held_ = true;
      break;
    }
    command_done();
    hub_.input().completed(info_.id);
    parser_.consume();
  }
  // No write is known to follow, or it is held back until these reads are answered.
  decide_reads(Route::read);
  parser_.settle();
  account_input();
  if (end_of_input_ && !held_) ending_ = true;
  // What is held back has somebody who will take it up.
  COTERIE_ASSERT(!held_ || !replies_.empty() || hub_.overloaded() || scheduled);
  hub_.check_load();
  flush();
  finish();
}

void Connection::decide_reads(Route route) {
  if (undecided_.empty()) return;
  for (const UndecidedRead& read : undecided_) {
    const Words args(undecided_words_.data() + read.words_begin, read.words_count);
    const node::Ticket ticket = route == Route::log
                                    ? hub_.gateway().write(*read.spec, read.db, args)
                                    : hub_.gateway().read(*read.spec, read.db, args, read.stale);
    replies_.sent(read.sequence, ticket, route);
    hub_.expect(ticket, *this, read.sequence);
  }
  undecided_.clear();
  undecided_words_.clear();
}

void Connection::on_answer(uint64_t sequence, Reply reply) {
  PendingReply& pending = replies_.at(sequence);
  if (pending.plan != nullptr) {
    const std::unique_ptr<ReplyPlan> plan = std::move(pending.plan);
    reply = std::visit([&](auto& kind) { return resolve(kind, std::move(reply)); }, *plan);
  }
  if (is_error(reply)) ++hub_.counters().error_replies;
  replies_.answered(sequence, std::move(reply));
  flush();
  finish();
  host_.touch();
  if (held_ && !ending_) hub_.schedule(*this);
}

void Connection::flush() {
  while (PendingReply* reply = replies_.front_ready()) {
    if (!reply->silent && !closed_) output_.add(reply->reply, reply->protocol);
    replies_.pop_front();
  }
  if (replies_.empty()) barrier_ = blocking_ = false;
  check_output();
}

void Connection::finish() {
  if (ending_ && replies_.empty()) closed_ = true;
}

void Connection::check_output() {
  const ConnectionLimits& limits = hub_.limits();
  const size_t bound =
      subscriptions() > 0 ? limits.output_bytes_subscribed_max : limits.output_bytes_max;
  if (closed_ || output_.size_bytes() + host_.unsent_bytes() <= bound) return;
  COTERIE_REACHED("a client that does not read its replies is closed");
  ++hub_.counters().output_limit_closed;
  close_at_once();
}

void Connection::close_at_once() {
  output_.clear();
  ending_ = closed_ = true;
}

void Connection::deliver(const Payload& message) {
  if (closed_) return;
  output_.add_bytes(message);
  check_output();
  host_.touch();
}

void Connection::send(const Reply& reply) {
  COTERIE_ASSERT(replies_.empty());
  if (!silent() && !closed_) output_.add(reply, info_.protocol);
}

void Connection::answer(Reply reply) {
  if (is_error(reply)) ++hub_.counters().error_replies;
  if (replies_.empty()) return send(reply);
  PendingReply pending;
  pending.reply = std::move(reply);
  pending.ready = true;
  pending.silent = silent();
  pending.protocol = info_.protocol;
  replies_.push(std::move(pending));
}

bool Connection::silent() const {
  return info_.replies == ClientInfo::Replies::off ||
         info_.replies == ClientInfo::Replies::skip_this;
}

void Connection::command_done() {
  ++hub_.counters().commands;
  if (info_.replies == ClientInfo::Replies::skip_this) info_.replies = ClientInfo::Replies::on;
  if (info_.replies == ClientInfo::Replies::skip_next)
    info_.replies = ClientInfo::Replies::skip_this;
}

void Connection::set_authenticated(bool authenticated) {
  info_.authenticated = authenticated;
  parser_.set_authenticated(authenticated);
}

void Connection::unwatch() {
  watched_.clear();
  watched_bytes_ = 0;
  watch_failed_ = false;
}

void Connection::unsubscribe_all() {
  for (const std::string& channel : channels_)
    hub_.subscriptions().remove_channel(channel, info_.id);
  for (const std::string& pattern : patterns_)
    hub_.subscriptions().remove_pattern(pattern, info_.id);
  channels_.clear();
  patterns_.clear();
  subscription_bytes = 0;
}

}  // namespace coterie::server
