// See incoming_links.h.
#include "coterie/world/net/incoming_links.h"

#include <array>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/world/frame.h"
#include "coterie/world/net/asio_access.h"
#include "coterie/world/net/socket_options.h"

namespace coterie::world {

namespace {

constexpr size_t receive_bytes = 256u << 10;
constexpr Duration accept_pause = milliseconds(100);  // after an error, as when descriptors run out

std::string text_of(const Tcp::endpoint& endpoint) {
  return HostPort{endpoint.address().to_string(), endpoint.port()}.text();
}

}  // namespace

struct IncomingLinks::Connection {
  Connection(TcpSocket the_socket, std::string the_remote)
      : socket(std::move(the_socket)), remote(std::move(the_remote)), decoder(frame_bytes_max) {}

  TcpSocket socket;
  const std::string remote;
  NodeId peer;  // 0: not identified
  uint64_t process = 0;
  Instant heard_at;
  bool open = true;
  TimerId timer = 0;  // unidentified: the end of patience
  std::array<char, preamble_bytes> preamble{};
  size_t preamble_received = 0;
  std::vector<char> buffer;
  FrameDecoder decoder;
};

IncomingLinks::IncomingLinks(const NetOptions& options, NetworkLoop& loop,
                             std::function<void(NodeId)> on_welcome)
    : options_(options),
      loop_(loop),
      on_welcome_(std::move(on_welcome)),
      acceptor_(loop.io.get_executor()) {}

IncomingLinks::~IncomingLinks() = default;

Result<void> IncomingLinks::listen() {
  if (options_.listen.empty()) return {};
  COTERIE_TRY(address, parse_host_port(options_.listen));
  COTERIE_CHECK(listen_on(acceptor_, address, "peers"));
  ErrorCode error;
  port_ = acceptor_.local_endpoint(error).port();
  return {};
}

void IncomingLinks::start() {
  if (acceptor_.is_open()) accept();
}

void IncomingLinks::accept() {
  acceptor_.async_accept([this](ErrorCode error, TcpSocket socket) {
    if (error == boost::asio::error::operation_aborted) return;
    if (error) {
      loop_.log(LogLevel::warning,
                fmt::format("cannot accept a peer's connection: {}", error.message()));
      loop_.timers.at(loop_.now() + accept_pause, [this] { accept(); });
      return;
    }
    on_accepted(std::move(socket));
    accept();
  });
}

void IncomingLinks::on_accepted(TcpSocket socket) {
  ErrorCode error;
  const Tcp::endpoint remote = socket.remote_endpoint(error);
  if (error) return;  // gone already
  if (unidentified_.size() >= static_cast<size_t>(options_.peers.unidentified_max)) {
    COTERIE_REACHED("too many unidentified peer connections");
    loop_.log(LogLevel::warning,
              fmt::format("peer connection from {} closed: {} others have not said who they are",
                          text_of(remote), unidentified_.size()));
    return;
  }
  socket.non_blocking(true, error);
  set_peer_socket_options(socket.native_handle(), options_.peers.silent_timeout);
  auto connection = std::make_shared<Connection>(std::move(socket), text_of(remote));
  unidentified_.push_back(connection);
  connection->timer =
      loop_.timers.at(loop_.now() + options_.peers.identify_timeout, [this, connection] {
        connection->timer = 0;
        close(connection, "it did not say who it is");
      });
  receive_preamble(connection);
}

void IncomingLinks::receive_preamble(const ConnectionPtr& connection) {
  const size_t have = connection->preamble_received;
  connection->socket.async_receive(
      boost::asio::buffer(connection->preamble.data() + have, preamble_bytes - have),
      [this, connection](ErrorCode error, size_t bytes) {
        if (!connection->open) return;
        if (error) return close(connection, error.message());
        connection->preamble_received += bytes;
        on_preamble(connection);
      });
}

// The dialler of another version may send a shorter preamble: it is told as soon as that is known.
void IncomingLinks::on_preamble(const ConnectionPtr& connection) {
  const std::string_view received(connection->preamble.data(), connection->preamble_received);
  if (received.size() < opening_bytes) return receive_preamble(connection);
  const Result<uint16_t> version = decode_version(received.substr(0, opening_bytes));
  if (!version) return close(connection, "not a Coterie node: is a client using the peers' port?");
  if (*version != peer_protocol_version) {
    answer(connection, Verdict::other_version);
    return close(connection, fmt::format("it speaks version {} of the peer protocol, we speak {}",
                                         *version, peer_protocol_version));
  }
  if (received.size() < preamble_bytes) return receive_preamble(connection);
  const Result<Preamble> preamble = decode_preamble(received);
  COTERIE_ASSERT(preamble.has_value());
  const Verdict verdict = judge(*preamble);
  answer(connection, verdict);
  const NodeId from = preamble->from;
  switch (verdict) {
    case Verdict::other_target:
      return close(connection, fmt::format("node {} wants to reach node {}; this is node {}", from,
                                           preamble->to, options_.self));
    case Verdict::unknown_node:
      return close(connection,
                   fmt::format("it says it is node {}, which {}", from,
                               from == options_.self ? "we are" : "is not in our cluster"));
    case Verdict::taken:
      COTERIE_REACHED("two processes say they are one node");
      return close(connection, fmt::format("it says it is node {}, as does {}, which stays", from,
                                           identified_.at(from)->remote));
    default:
      connection->process = preamble->process;
      return welcome(connection, from);
  }
}

Verdict IncomingLinks::judge(const Preamble& preamble) const {
  if (preamble.to != options_.self) return Verdict::other_target;
  if (preamble.from == options_.self || !options_.nodes.contains(preamble.from))
    return Verdict::unknown_node;
  const auto known = identified_.find(preamble.from);
  if (known == identified_.end() || known->second->process == preamble.process)
    return Verdict::welcome;
  const bool alive = loop_.now() - known->second->heard_at < options_.peers.alive_within;
  return alive ? Verdict::taken : Verdict::welcome;
}

// An empty socket takes so few bytes; one that does not is broken, and that shows itself.
void IncomingLinks::answer(const ConnectionPtr& connection, Verdict verdict) {
  const auto bytes = encode_answer({.verdict = verdict, .from = options_.self});
  ::send(connection->socket.native_handle(), bytes.data(), bytes.size(),
         MSG_NOSIGNAL | MSG_DONTWAIT);
}

void IncomingLinks::welcome(const ConnectionPtr& connection, NodeId peer) {
  loop_.timers.cancel(std::exchange(connection->timer, 0));
  unidentified_.remove(connection);
  connection->peer = peer;
  connection->heard_at = loop_.now();
  const auto older = identified_.find(peer);
  if (older != identified_.end()) {
    COTERIE_REACHED("peer's newer connection replaces its older");
    close(ConnectionPtr(older->second), "a newer one replaces it");
  }
  identified_.emplace(peer, connection);
  connection->buffer.resize(receive_bytes);
  receive(connection);
  on_welcome_(peer);
}

void IncomingLinks::receive(const ConnectionPtr& connection) {
  connection->socket.async_receive(boost::asio::buffer(connection->buffer),
                                   [this, connection](ErrorCode error, size_t bytes) {
                                     if (!connection->open) return;
                                     if (error) return close(connection, error.message());
                                     on_received(connection, bytes);
                                   });
}

void IncomingLinks::on_received(const ConnectionPtr& connection, size_t bytes) {
  connection->heard_at = loop_.now();
  connection->decoder.feed({connection->buffer.data(), bytes});
  while (connection->open) {
    Result<std::optional<Payload>> next = connection->decoder.next();
    if (!next) {
      COTERIE_REACHED("peer's stream cannot be trusted");
      return close(connection, next.error().message);
    }
    if (!*next) break;
    loop_.deliver(connection->peer, std::move(**next));
  }
  received_.push_back(connection);
}

void IncomingLinks::rearm() {
  for (const ConnectionPtr& connection : std::exchange(received_, {})) {
    if (connection->open) receive(connection);
  }
}

void IncomingLinks::close(const ConnectionPtr& connection, const std::string& reason) {
  if (!std::exchange(connection->open, false)) return;
  loop_.timers.cancel(std::exchange(connection->timer, 0));
  ErrorCode ignored;
  connection->socket.close(ignored);
  if (!connection->peer) {
    unidentified_.remove(connection);
    loop_.log(LogLevel::warning,
              fmt::format("peer connection from {} closed: {}", connection->remote, reason));
    return;
  }
  identified_.erase(connection->peer);
  loop_.log(LogLevel::info,
            fmt::format("node {}'s connection to us closed: {}", connection->peer, reason));
  loop_.link_changed(connection->peer, LinkChange::incoming_down);
}

}  // namespace coterie::world
