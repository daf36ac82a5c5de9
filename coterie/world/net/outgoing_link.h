// The connection that we dial to one peer and send our frames on. It is up once the peer has said
// welcome (preamble.h), so that a listening socket whose process is stopped does not pass for a
// peer. When it breaks, the frames that wait are dropped, and it is dialled again after a back-off;
// the peer's name is resolved anew for each attempt.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "coterie/world/net/backoff.h"
#include "coterie/world/net/peer_network.h"
#include "coterie/world/net/preamble.h"
#include "coterie/world/net/send_queue.h"

namespace coterie::world {

class OutgoingLink {
 public:
  // `options` and `loop` outlive it.
  OutgoingLink(const NetOptions& options, NetworkLoop& loop, NodeId peer, std::string address);

  void start();
  void set_address(std::string address) { address_ = std::move(address); }
  void send(std::vector<Payload> parts);
  void flush();
  // The peer has just been heard of: dial it now if it is only the back-off that is waited for.
  void hurry();
  bool up() const { return state_ == State::up; }
  // The last attempt was refused because another process has this node's id.
  bool taken() const { return taken_; }
  uint64_t queued_bytes() const { return queue_.bytes(); }
  // Closes the connection; it is dialled again later. Nothing when it is not up.
  void break_off(std::string reason);

 private:
  enum class State { waiting, resolving, connecting, greeting, up };

  void attempt();
  void connect_next();
  void greet();
  void await_answer();
  void on_answer();
  void listen_for_end();
  void await_writable();
  void attempt_timed_out();
  // Back to waiting, from whatever state.
  void give_up(const std::string& reason);
  bool is_current(uint64_t attempt) const { return attempt == attempt_; }

  const NetOptions& options_;
  NetworkLoop& loop_;
  const NodeId peer_;
  std::string address_;
  State state_ = State::waiting;
  uint64_t attempt_ = 0;  // handlers of earlier attempts are ignored
  Backoff backoff_;
  TimerId timer_ = 0;  // waiting: the next attempt; resolving to greeting: its end
  Instant attempt_began_;
  Instant up_since_;
  boost::asio::ip::basic_resolver<Tcp, Executor> resolver_;
  std::vector<Tcp::endpoint> endpoints_;  // of the last successful resolution
  size_t next_endpoint_ = 0;
  TcpSocket socket_;
  std::array<char, preamble_bytes> preamble_{};
  std::array<char, answer_bytes> answer_{};
  size_t answered_bytes_ = 0;
  SendQueue queue_;
  bool writable_ = true;                     // false: wait until the socket is
  std::optional<std::string> break_reason_;  // break at the end of the turn
  bool taken_ = false;
  std::string last_complaint_;  // the same reason is logged once
};

}  // namespace coterie::world
