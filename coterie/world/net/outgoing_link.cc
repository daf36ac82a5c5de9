// See outgoing_link.h.
#include "coterie/world/net/outgoing_link.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/world/frame.h"
#include "coterie/world/net/address.h"
#include "coterie/world/net/socket_options.h"

namespace coterie::world {

namespace {

constexpr Duration hurry_gap = milliseconds(20);  // least time between attempts when the peer calls

}  // namespace

OutgoingLink::OutgoingLink(const NetOptions& options, NetworkLoop& loop, NodeId peer,
                           std::string address)
    : options_(options),
      loop_(loop),
      peer_(peer),
      address_(std::move(address)),
      backoff_(options.peers.backoff_least, options.peers.backoff_most, loop.entropy()),
      resolver_(loop.io.get_executor()),
      socket_(loop.io.get_executor()) {}

void OutgoingLink::start() {
  COTERIE_ASSERT(state_ == State::waiting);
  attempt();
}

void OutgoingLink::attempt() {
  ++attempt_;
  attempt_began_ = loop_.now();
  state_ = State::resolving;
  timer_ = loop_.timers.at(loop_.now() + options_.peers.attempt_timeout,
                           [this] { attempt_timed_out(); });
  const Result<HostPort> target = parse_host_port(address_);
  if (!target) return give_up(target.error().message);
  ErrorCode error;
  const auto numeric = boost::asio::ip::make_address(target->host, error);
  if (!error) {
    endpoints_ = {Tcp::endpoint(numeric, target->port)};
    next_endpoint_ = 0;
    return connect_next();
  }
  resolver_.async_resolve(
      target->host, std::to_string(target->port),
      [this, mine = attempt_](ErrorCode failed, const Tcp::resolver::results_type& results) {
        if (!is_current(mine) || state_ != State::resolving) return;
        if (!failed) {
          endpoints_.clear();
          for (const auto& result : results) endpoints_.push_back(result.endpoint());
        } else if (endpoints_.empty()) {
          return give_up(fmt::format("cannot resolve its name: {}", failed.message()));
        }
        // When the name service fails, what it said last is still the best guess.
        next_endpoint_ = 0;
        connect_next();
      });
}

void OutgoingLink::hurry() {
  const bool lately = loop_.now() - attempt_began_ < hurry_gap;
  if (state_ != State::waiting || timer_ == 0 || lately) return;
  loop_.timers.cancel(std::exchange(timer_, 0));
  attempt();
}

void OutgoingLink::attempt_timed_out() {
  timer_ = 0;
  if (state_ == State::resolving && !endpoints_.empty()) {
    COTERIE_REACHED("name service silent, last address used");
    timer_ = loop_.timers.at(loop_.now() + options_.peers.attempt_timeout,
                             [this] { attempt_timed_out(); });
    next_endpoint_ = 0;
    return connect_next();
  }
  const char* doing = state_ == State::resolving    ? "the name service is silent"
                      : state_ == State::connecting ? "no connection within its time"
                                                    : "it does not answer";
  give_up(doing);
}

void OutgoingLink::connect_next() {
  state_ = State::connecting;
  const Tcp::endpoint endpoint = endpoints_[next_endpoint_++];
  ErrorCode error;
  socket_.close(error);
  socket_.open(endpoint.protocol(), error);
  if (error) return give_up(error.message());
  socket_.async_connect(endpoint, [this, mine = attempt_](ErrorCode failed) {
    if (!is_current(mine) || failed == boost::asio::error::operation_aborted) return;
    if (!failed) return greet();
    if (next_endpoint_ < endpoints_.size()) return connect_next();
    give_up(failed.message());
  });
}

void OutgoingLink::greet() {
  state_ = State::greeting;
  ErrorCode error;
  socket_.non_blocking(true, error);
  set_peer_socket_options(socket_.native_handle(), options_.peers.silent_timeout);
  preamble_ = encode_preamble({.from = options_.self, .to = peer_, .process = loop_.process});
  // An empty socket takes so few bytes.
  const ssize_t sent =
      ::send(socket_.native_handle(), preamble_.data(), preamble_.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(preamble_.size())) return give_up(std::strerror(errno));
  answered_bytes_ = 0;
  await_answer();
}

void OutgoingLink::await_answer() {
  socket_.async_receive(
      boost::asio::buffer(answer_.data() + answered_bytes_, answer_.size() - answered_bytes_),
      [this, mine = attempt_](ErrorCode error, size_t bytes) {
        if (!is_current(mine)) return;
        if (error) return give_up(fmt::format("it closed the connection ({})", error.message()));
        answered_bytes_ += bytes;
        if (answered_bytes_ < answer_.size()) return await_answer();
        on_answer();
      });
}

void OutgoingLink::on_answer() {
  const Result<Answer> answer = decode_answer({answer_.data(), answer_.size()});
  if (!answer) return give_up("what answers at that address is no Coterie node");
  if (answer->verdict != Verdict::welcome) {
    give_up(fmt::format("refused by node {}: {}", answer->from, verdict_text(answer->verdict)));
    taken_ = answer->verdict == Verdict::taken;
    return;
  }
  if (answer->from != peer_ || answer->version != peer_protocol_version) {
    return give_up(fmt::format("node {} answers at that address", answer->from));
  }
  loop_.timers.cancel(std::exchange(timer_, 0));
  state_ = State::up;
  up_since_ = loop_.now();
  writable_ = true;
  last_complaint_.clear();
  loop_.log(LogLevel::info, fmt::format("connected to node {} at {}", peer_, address_));
  loop_.link_changed(peer_, LinkChange::outgoing_up);
  listen_for_end();
}

// The peer never sends more than its answer; all that can be received is the end.
void OutgoingLink::listen_for_end() {
  socket_.async_receive(
      boost::asio::buffer(answer_), [this, mine = attempt_](ErrorCode error, size_t) {
        if (!is_current(mine)) return;
        give_up(error == boost::asio::error::eof ? std::string("closed by the peer")
                : error                          ? error.message()
                        : std::string("it sends where it should only listen"));
      });
}

void OutgoingLink::send(std::vector<Payload> parts) {
  if (state_ != State::up || break_reason_) return;
  size_t bytes = frame_header_bytes;
  for (const Payload& part : parts) bytes += part.size();
  COTERIE_ASSERT(bytes <= frame_bytes_max + frame_header_bytes);
  if (queue_.bytes() + bytes > options_.peers.queue_bytes_max) {
    COTERIE_REACHED("peer's queue is full");
    break_reason_ = fmt::format("{} bytes wait for it", queue_.bytes());
    return;
  }
  queue_.push(frame_header(parts));
  for (Payload& part : parts) queue_.push(std::move(part));
}

void OutgoingLink::flush() {
  if (break_reason_) return give_up(*std::exchange(break_reason_, std::nullopt));
  if (state_ != State::up || !writable_ || queue_.empty()) return;
  switch (queue_.send(socket_.native_handle())) {
    case SendQueue::Sent::all:
      return;
    case SendQueue::Sent::some:
      return await_writable();
    case SendQueue::Sent::broken:
      return give_up(std::strerror(errno));
  }
}

void OutgoingLink::await_writable() {
  writable_ = false;
  socket_.async_wait(TcpSocket::wait_write, [this, mine = attempt_](ErrorCode error) {
    if (!is_current(mine)) return;
    if (error) return give_up(error.message());
    writable_ = true;  // the flush of this turn goes on
  });
}

void OutgoingLink::break_off(std::string reason) {
  if (state_ == State::up) give_up(reason);
}

void OutgoingLink::give_up(const std::string& reason) {
  ++attempt_;
  taken_ = false;
  loop_.timers.cancel(std::exchange(timer_, 0));
  ErrorCode ignored;
  socket_.close(ignored);
  resolver_.cancel();
  queue_.clear();
  break_reason_.reset();
  const bool was_up = state_ == State::up;
  state_ = State::waiting;
  if (was_up) {
    // Only a connection that has lasted counts as a success: one that breaks at once is not dialled
    // in a rush.
    if (loop_.now() - up_since_ >= options_.peers.backoff_most) backoff_.reset();
    loop_.link_changed(peer_, LinkChange::outgoing_down);
  }
  const std::string complaint =
      was_up ? fmt::format("lost the connection to node {} at {}: {}", peer_, address_, reason)
             : fmt::format("cannot reach node {} at {}: {}", peer_, address_, reason);
  if (complaint != last_complaint_)
    loop_.log(was_up ? LogLevel::warning : LogLevel::info, complaint);
  last_complaint_ = complaint;
  timer_ = loop_.timers.at(loop_.now() + backoff_.next(), [this] {
    timer_ = 0;
    attempt();
  });
}

}  // namespace coterie::world
