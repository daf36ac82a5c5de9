// See session.h.
#include "coterie/node/session.h"

#include <algorithm>
#include <string>

#include "coterie/base/assert.h"
#include "coterie/base/mutant.h"
#include "coterie/base/reached.h"

namespace coterie::node {

namespace {
constexpr std::string_view not_executed = "CLUSTERDOWN not executed: no majority";
constexpr std::string_view not_known = "UNKNOWN the outcome of this command is not known";
constexpr std::string_view unblocked =
    "UNBLOCKED the session of this node was closed while the client was waiting";
constexpr Duration open_interval = milliseconds(500);
constexpr size_t block_bytes_max = 4u << 20;  // of one block, but one request at least
constexpr size_t frame_bytes_usual = 16u
                                     << 20;  // of the blocks given at once, but one block at least
}  // namespace

Session::Session(const SessionOptions& options) : options_(options) {}

void Session::submit(Ticket ticket, const state::CommandSpec& spec, uint8_t db,
                     std::span<const std::string_view> args, Now now) {
  if (turn_.size() == 0) {
    turn_.extend(state::block_header_bytes);
    turn_first_ = requests_.size();
  }
  const size_t size_bytes = state::encode_command(turn_, spec.number, db, args);
  requests_.push_back({.ticket = ticket,
                       .bytes = {},
                       .size_bytes = static_cast<uint32_t>(size_bytes),
                       .blocking = spec.kind == state::CommandClass::blocking,
                       .wanted = ticket != 0,
                       .answered = false,
                       .deadline = now.monotonic + options_.request_timeout});
  pending_bytes_ += size_bytes;
}

void Session::cancel(Ticket ticket, Now now) {
  for (auto& [number, waiting] : waiting_) {
    if (waiting != ticket) continue;
    waiting = 0;
    return submit_cancellation(number, now);
  }
  // Tickets rise, those of the session's own requests are 0: search from the end, where unanswered
  // ones are.
  for (size_t i = requests_.size(); i-- > 0;) {
    Request& request = requests_[i];
    if (request.ticket != ticket) continue;
    if (request.answered || !request.wanted) return;
    request.wanted = false;
    if (i >= sent_) return forget_unsent(i);
    if (request.blocking) submit_cancellation(first_number_ + i, now);
    return;
  }
}

void Session::forget_unsent(size_t position) {
  seal_turn();
  pending_bytes_ -= requests_[position].size_bytes;
  requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(position));
}

void Session::submit_cancellation(uint64_t number, Now now) {
  const std::string text = std::to_string(number);
  const std::string_view argument = text;
  const state::CommandSpec* spec = state::command_by_number(state::number::cancel_request);
  COTERIE_ASSERT(spec != nullptr);
  submit(0, *spec, 0, {&argument, 1}, now);
}

Session::Request* Session::find(uint64_t number) {
  if (number < first_number_ || number - first_number_ >= requests_.size()) return nullptr;
  return &requests_[number - first_number_];
}

void Session::answer(Request& request, Reply reply) {
  if (request.wanted) answers_.emplace_back(request.ticket, std::move(reply));
  request.wanted = false;
}

void Session::answer(Request& request, std::string_view error) {
  if (request.wanted) answer(request, reply_error(error));
}

void Session::drop_answered() {
  while (!requests_.empty() && sent_ > 0 && requests_.front().answered) {
    pending_bytes_ -= requests_.front().size_bytes;
    sent_bytes_ -= requests_.front().size_bytes;
    requests_.pop_front();
    --sent_;
    ++first_number_;
    if (turn_first_ > 0) --turn_first_;
    if (resend_from_ != SIZE_MAX && resend_from_ > 0) --resend_from_;
  }
}

// Ends the collecting of this turn's commands: each request gets its slice of the slab.
void Session::seal_turn() {
  if (turn_.size() == 0) return;
  const Payload slab = turn_.take();
  size_t offset = state::block_header_bytes;
  for (size_t i = turn_first_; i < requests_.size(); ++i) {
    requests_[i].bytes = slab.slice(offset, requests_[i].size_bytes);
    offset += requests_[i].size_bytes;
  }
  COTERIE_ASSERT(offset == slab.size());
}

Payload Session::open_block(Now now) {
  open_again_ = now.monotonic + open_interval;
  const std::string node = std::to_string(options_.node.value);
  const std::string replica = options_.replica.text();
  const std::string nonce = std::to_string(options_.nonce);
  const std::string_view args[] = {node, replica, nonce};
  PayloadBuilder command;
  const size_t size_bytes = state::encode_command(command, state::number::open_session, 0, args);
  PayloadBuilder out(state::block_header_bytes + size_bytes);
  state::encode_block_header(
      out, {.session = SessionId(0), .first_number = 0, .acknowledged = 0, .count = 1}, size_bytes);
  out.append(command.view());
  return out.take();
}

// How many requests may have been sent in all, by the window.
size_t Session::may_send() const {
  size_t count = sent_;
  uint64_t bytes = sent_bytes_;
  while (count < requests_.size() && count < options_.window &&
         (count == sent_ || bytes + requests_[count].size_bytes <= options_.window_bytes)) {
    if (sent_bytes_ >= options_.window_bytes) break;
    bytes += requests_[count].size_bytes;
    ++count;
  }
  return count;
}

// The common case: all that is unsent came in this turn and fits the window. Its slab becomes the
// block.
Payload Session::turn_block() {
  PayloadBuilder header(state::block_header_bytes);
  state::encode_block_header(header,
                             {.session = id_,
                              .first_number = next_number(),
                              .acknowledged = acknowledged(),
                              .count = static_cast<uint32_t>(requests_.size() - sent_)},
                             turn_.size() - state::block_header_bytes);
  turn_.overwrite(0, header.view());
  const Payload slab = turn_.take();
  size_t offset = state::block_header_bytes;
  for (size_t i = sent_; i < requests_.size(); ++i) {
    requests_[i].bytes = slab.slice(offset, requests_[i].size_bytes);
    offset += requests_[i].size_bytes;
    sent_bytes_ += requests_[i].size_bytes;
  }
  sent_ = requests_.size();
  return slab;
}

// One block of the requests in [first, end).
void Session::encode_block(PayloadBuilder& out, size_t first, size_t end) const {
  size_t bytes = 0;
  for (size_t i = first; i < end; ++i) bytes += requests_[i].size_bytes;
  state::encode_block_header(out,
                             {.session = id_,
                              .first_number = first_number_ + first,
                              .acknowledged = acknowledged(),
                              .count = static_cast<uint32_t>(end - first)},
                             bytes);
  for (size_t i = first; i < end; ++i) out.append(requests_[i].bytes.view());
}

// Blocks of the requests from position `first` to the end of what may be sent, as far as one frame
// should go; the rest follows in the next turn.
Payload Session::blocks_from(size_t first) {
  const size_t end = std::max(sent_, may_send());
  PayloadBuilder out(state::block_header_bytes);
  size_t position = first;
  do {
    size_t stop = position;
    size_t bytes = 0;
    while (stop < end &&
           (stop == position || bytes + requests_[stop].size_bytes <= block_bytes_max)) {
      bytes += requests_[stop++].size_bytes;
    }
    if (out.size() > 0 && out.size() + bytes > frame_bytes_usual) break;
    encode_block(out, position, stop);
    position = stop;
  } while (position < end);
  for (size_t i = sent_; i < position; ++i) sent_bytes_ += requests_[i].size_bytes;
  if (position < sent_) {
    resend_from_ = position;
  } else {
    sent_ = position;
  }
  return out.take();
}

Payload Session::flush(Now now) {
  if (!id_) {
    seal_turn();
    return now.monotonic >= open_again_ ? open_block(now) : Payload{};
  }
  const bool idle = now.monotonic - block_sent_ >= options_.keepalive_interval;
  if (resend_from_ == SIZE_MAX && requests_.size() == sent_ && !idle) return {};
  const bool only_turn = resend_from_ == SIZE_MAX && turn_.size() > 0 && turn_first_ == sent_;
  if (only_turn && turn_.size() <= block_bytes_max && may_send() == requests_.size()) {
    progress_ = block_sent_ = now.monotonic;
    return turn_block();
  }
  seal_turn();
  const size_t first = std::min(resend_from_, sent_);
  resend_from_ = SIZE_MAX;
  if (first == sent_ && may_send() == sent_ && !idle) return {};
  progress_ = block_sent_ = now.monotonic;
  return blocks_from(first);
}

void Session::send_again() {
  ++pass_;
  open_again_ = {0};
  const uint64_t from = std::max(last_applied_ + 1, first_number_);
  const size_t position = from - first_number_;
  if (position < sent_) {
    COTERIE_REACHED("session: requests sent again");
    resend_from_ = std::min(resend_from_, position);
  }
}

void Session::refused(const SessionId& session, uint64_t expected, uint64_t pass) {
  if (pass != pass_ || session != id_ || !id_ || expected == 0) return;
  if (expected < first_number_ || expected - first_number_ >= sent_) return;
  COTERIE_REACHED("session: a gap was refused");
  resend_from_ = std::min<size_t>(resend_from_, expected - first_number_);
  ++pass_;
}

void Session::opened(const state::SessionOpened& opened) {
  if (opened.node != options_.node || opened.replica != options_.replica ||
      opened.nonce != options_.nonce)
    return;
  if (opened.session == id_) return;  // asked twice
  id_ = opened.session;
  last_applied_ = 0;
  first_number_ = 1;
  COTERIE_ASSERT(sent_ == 0);
}

// The session was closed by an entry that this node has now applied. What was not applied before it
// never will be: it goes into the next session, under new numbers, exactly once still. Whose
// outcome was given up is not asked again.
void Session::closed(SessionId session) {
  if (session != id_ || !id_) return;
  COTERIE_REACHED("session: closed and opened anew");
  for (const auto& [number, ticket] : waiting_) {
    if (ticket != 0) answers_.emplace_back(ticket, reply_error(unblocked));
  }
  for (size_t i = 0; i < sent_; ++i) {
    if (!requests_[i].wanted) requests_[i].answered = true;
  }
  start_session_anew();
}

void Session::start_session_anew() {
  seal_turn();
  std::erase_if(requests_,
                [](const Request& request) { return request.answered || request.ticket == 0; });
  pending_bytes_ = 0;
  for (const Request& request : requests_) pending_bytes_ += request.size_bytes;
  waiting_.clear();
  id_ = SessionId(0);
  ++options_.nonce;
  sent_ = 0;
  sent_bytes_ = 0;
  first_number_ = 1;
  last_applied_ = 0;
  resend_from_ = SIZE_MAX;
  turn_first_ = 0;
  open_again_ = {0};
  ++pass_;
}

void Session::replied(const state::SessionReply& reply, Now now) {
  if (reply.session != id_ || !id_) return;
  progress_ = now.monotonic;
  if (auto waiting = waiting_.find(reply.number); waiting != waiting_.end()) {
    if (waiting->second != 0) answers_.emplace_back(waiting->second, reply.reply);
    waiting_.erase(waiting);
    return;
  }
  last_applied_ = std::max(last_applied_, reply.number);
  Request* request = find(reply.number);
  if (request == nullptr || request->answered) return;
  answer(*request, reply.reply);
  request->answered = true;
  drop_answered();
}

// A request that was applied and has no reply yet waits in the state. It no longer counts as under
// way.
void Session::set_aside(size_t position) {
  Request& request = requests_[position];
  waiting_[first_number_ + position] = request.wanted ? request.ticket : 0;
  request.wanted = false;
  request.answered = true;
}

void Session::advanced(const state::State& state, Now now) {
  if (!id_) return;
  const auto view = state.session(id_);
  if (!view || view->last_applied < first_number_) return;
  if (view->last_applied > last_applied_) progress_ = now.monotonic;
  last_applied_ = std::max(last_applied_, view->last_applied);
  for (size_t i = 0; i < sent_ && first_number_ + i <= last_applied_; ++i) {
    if (!requests_[i].answered) set_aside(i);
  }
  drop_answered();
}

void Session::reconcile(const state::State& state, Now now) {
  if (!id_) return;
  const auto view = state.session(id_);
  if (!view) {
    // Closed somewhere in what the snapshot skipped: what had been sent may or may not have been
    // applied.
    COTERIE_REACHED("session: found closed in a snapshot");
    for (const auto& [number, ticket] : waiting_) {
      if (ticket != 0) answers_.emplace_back(ticket, reply_error(not_known));
    }
    for (size_t i = 0; i < sent_; ++i) {
      answer(requests_[i], not_known);
      requests_[i].answered = true;
    }
    start_session_anew();
    return;
  }
  COTERIE_REACHED("session: replies taken from a snapshot");
  last_applied_ = std::max(last_applied_, view->last_applied);
  progress_ = now.monotonic;
  for (size_t i = 0; i < sent_ && first_number_ + i <= last_applied_; ++i) {
    if (!requests_[i].answered) set_aside(i);
  }
  drop_answered();
  std::erase_if(waiting_, [&](const auto& one) {
    const auto& [number, ticket] = one;
    auto kept = state.kept_reply(id_, number);
    if (!kept && state.waiting(id_, number)) return false;
    if (ticket != 0)
      answers_.emplace_back(ticket, kept ? *std::move(kept) : reply_error(not_known));
    return true;
  });
}

void Session::tick(Now now) {
  const bool unapplied = id_ && sent_ > 0 && first_number_ + sent_ - 1 > last_applied_;
  if (unapplied && now.monotonic - progress_ >= options_.resend_interval) {
    progress_ = now.monotonic;
    send_again();
  }
  // Deadlines rise with the position; what waits in the state has none.
  for (size_t i = 0; i < requests_.size(); ++i) {
    Request& request = requests_[i];
    if (request.deadline > now.monotonic) break;
    if (!request.wanted) continue;
    answer(request,
           i < sent_ && !COTERIE_MUTANT("unknown-told-as-failed") ? not_known : not_executed);
    if (i >= sent_) {
      forget_unsent(i--);
      continue;
    }
    COTERIE_REACHED("session: outcome given up as unknown");
    if (request.blocking) submit_cancellation(first_number_ + i, now);
  }
}

void Session::answer_unsent(std::string_view error) {
  seal_turn();
  while (requests_.size() > sent_) {
    Request& request = requests_.back();
    answer(request, error);
    pending_bytes_ -= request.size_bytes;
    requests_.pop_back();
  }
}

Instant Session::next_deadline(bool leader_known) const {
  Instant next = Instant::never();
  if (leader_known) next = id_ ? block_sent_ + options_.keepalive_interval : open_again_;
  for (const Request& request : requests_) {
    if (!request.wanted) continue;
    next = std::min(next, request.deadline);
    break;
  }
  if (id_ && sent_ > 0 && first_number_ + sent_ - 1 > last_applied_) {
    next = std::min(next, progress_ + options_.resend_interval);
  }
  return next;
}

}  // namespace coterie::node
