// See client_listener.h.
#include "coterie/server/client_listener.h"

#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/server/client_connection.h"
#include "coterie/world/net/asio_access.h"
#include "coterie/world/net/socket_options.h"

namespace coterie::server {

namespace {

using world::ErrorCode;
using world::LogLevel;
using world::TcpSocket;

constexpr Duration accept_pause = milliseconds(100);  // after an error, as when descriptors run out
constexpr int keep_alive_s = 300;
constexpr std::string_view too_many = "-ERR max number of clients reached\r\n";

}  // namespace

class ClientListener::Impl final : public ConnectionEvents,
                                   public std::enable_shared_from_this<ClientListener::Impl> {
 public:
  Impl(world::NetWorld& world, ClientLimits limits, StreamFactory factory)
      : world_(world),
        limits_(limits),
        factory_(std::move(factory)),
        acceptor_(world::io_context_of(world).get_executor()) {}

  Result<void> start(const std::string& address);
  void shut_down();
  void stop_accepting();

  void received(const ClientConnectionPtr& connection) override { received_.push_back(connection); }
  void changed(const ClientConnectionPtr& connection) override;

  uint16_t port() const { return port_; }
  ClientCounts counts() const;
  bool all_sent() const;

 private:
  void accept();
  void on_accepted(TcpSocket socket);
  void refuse(TcpSocket socket);
  void hand_over_all();
  void settle_all();
  void decide(const ClientConnectionPtr& connection, ClientConnection::Fate fate);
  void set_timer(const ClientConnectionPtr& connection, Duration patience);
  void drop_stream(const ClientConnectionPtr& connection);
  void drain(const ClientConnectionPtr& connection);
  void remove(ClientConnectionPtr kept);  // its own reference: the tables' are dropped

  world::NetWorld& world_;
  const ClientLimits limits_;
  const StreamFactory factory_;
  world::TcpAcceptor acceptor_;
  uint16_t port_ = 0;
  uint64_t hooks_ = 0;
  world::TimerId accept_timer_ = 0;
  std::map<uint64_t, ClientConnectionPtr> clients_;
  std::map<uint64_t, ClientConnectionPtr> draining_;  // their streams are gone
  uint64_t last_id_ = 0;
  std::vector<ClientConnectionPtr> received_;       // hand_over() is due
  std::vector<ClientConnectionPtr> changed_;        // settle() is due
  std::vector<std::unique_ptr<ByteStream>> ended_;  // destroyed after the turn
  bool settling_ = false;
  ClientCounts counts_;
};

Result<void> ClientListener::Impl::start(const std::string& address) {
  COTERIE_TRY(place, world::parse_host_port(address));
  COTERIE_CHECK(world::listen_on(acceptor_, place, "clients"));
  ErrorCode error;
  port_ = acceptor_.local_endpoint(error).port();
  hooks_ = world_.add_hooks(
      {.before_tenant = [this] { hand_over_all(); }, .after_tenant = [this] { settle_all(); }});
  accept();
  return {};
}

void ClientListener::Impl::stop_accepting() {
  ErrorCode ignored;
  acceptor_.close(ignored);
  world_.cancel(std::exchange(accept_timer_, 0));
}

void ClientListener::Impl::shut_down() {
  stop_accepting();
  world_.remove_hooks(hooks_);
  while (!clients_.empty()) remove(clients_.begin()->second);
  while (!draining_.empty()) remove(draining_.begin()->second);
  received_.clear();
  changed_.clear();
  ended_.clear();
}

void ClientListener::Impl::accept() {
  acceptor_.async_accept([self = shared_from_this()](ErrorCode error, TcpSocket socket) {
    if (!self->acceptor_.is_open()) return;
    if (!error) {
      self->on_accepted(std::move(socket));
      return self->accept();
    }
    self->world_.log(LogLevel::warning, fmt::format("cannot accept a client: {}", error.message()));
    self->accept_timer_ = self->world_.call_at(self->world_.now().monotonic + accept_pause, [self] {
      self->accept_timer_ = 0;
      self->accept();
    });
  });
}

void ClientListener::Impl::on_accepted(TcpSocket socket) {
  ErrorCode error;
  const auto remote = socket.remote_endpoint(error);
  if (error) return;  // gone already
  const int fd = socket.native_handle();
  world::set_socket_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  world::set_socket_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  world::set_socket_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, keep_alive_s);
  if (clients_.size() >= limits_.clients_max) return refuse(std::move(socket));
  ++counts_.accepted;
  auto connection =
      std::make_shared<ClientConnection>(++last_id_, std::move(socket), limits_, *this);
  const world::HostPort address{remote.address().to_string(), remote.port()};
  connection->set_stream(factory_(address.text(), *connection));
  COTERIE_ASSERT(connection->has_stream());
  clients_.emplace(connection->id, connection);
  changed(connection);  // the stream may have output already, or be closed
}

void ClientListener::Impl::refuse(TcpSocket socket) {
  COTERIE_REACHED("max number of clients");
  ++counts_.refused;
  ::send(socket.native_handle(), too_many.data(), too_many.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (draining_.size() >= limits_.draining_max) return;
  drain(std::make_shared<ClientConnection>(++last_id_, std::move(socket), limits_, *this));
}

void ClientListener::Impl::changed(const ClientConnectionPtr& connection) {
  if (std::exchange(connection->listed_changed, true)) return;
  changed_.push_back(connection);
  if (settling_) world_.want_turn();  // this turn's list has been gone through
}

void ClientListener::Impl::hand_over_all() {
  const std::vector<ClientConnectionPtr> due = std::exchange(received_, {});
  const Instant until = world_.now().monotonic + limits_.hand_over_time_max;
  for (size_t i = 0; i < due.size(); ++i) {
    const ClientConnectionPtr& connection = due[i];
    if (!connection->open()) continue;
    decide(connection, connection->hand_over());
    counts_.bytes_in += connection->take_bytes_in();
    if (i + 1 < due.size() && world_.now().monotonic > until) {
      COTERIE_REACHED("clients' bytes left for the next turn");
      received_.insert(received_.begin(), due.begin() + static_cast<ptrdiff_t>(i) + 1, due.end());
      world_.want_turn();
      return;
    }
  }
}

void ClientListener::Impl::settle_all() {
  settling_ = true;
  for (const ClientConnectionPtr& connection : std::exchange(changed_, {})) {
    connection->listed_changed = false;
    if (!connection->open()) continue;
    decide(connection, connection->settle());
    counts_.bytes_out += connection->take_bytes_out();
  }
  settling_ = false;
  ended_.clear();
}

void ClientListener::Impl::decide(const ClientConnectionPtr& connection,
                                  ClientConnection::Fate fate) {
  switch (fate) {
    case ClientConnection::Fate::goes_on:
      if (connection->has_stream() && connection->leaving()) set_timer(connection, limits_.linger);
      return;
    case ClientConnection::Fate::lost:
      return remove(connection);
    case ClientConnection::Fate::ended:
      drop_stream(connection);
      return drain(connection);
    case ClientConnection::Fate::choked:
      ++counts_.cut_off;
      world_.log(LogLevel::warning,
                 fmt::format("a client is cut off: it has left {} bytes of replies unread",
                             connection->unsent_bytes()));
      return remove(connection);
  }
}

void ClientListener::Impl::set_timer(const ClientConnectionPtr& connection, Duration patience) {
  if (connection->timer != 0) return;
  connection->timer = world_.call_at(world_.now().monotonic + patience, [this, connection] {
    connection->timer = 0;
    if (connection->has_stream()) ++counts_.cut_off;
    remove(connection);
  });
}

// The stream is told at once, and destroyed when no call of it can be under way any more.
void ClientListener::Impl::drop_stream(const ClientConnectionPtr& connection) {
  std::unique_ptr<ByteStream> stream = connection->take_stream();
  if (stream == nullptr) return;
  stream->on_disconnect();
  ended_.push_back(std::move(stream));
}

// A socket that is closed while bytes of the client are unread is reset, and the client may never
// see our last words. So the client gets a little time to read them and to close first.
void ClientListener::Impl::drain(const ClientConnectionPtr& connection) {
  clients_.erase(connection->id);
  world_.cancel(std::exchange(connection->timer, 0));
  if (draining_.size() >= limits_.draining_max) return remove(connection);
  draining_.emplace(connection->id, connection);
  connection->shut_sending();
  set_timer(connection, limits_.drain);
  connection->receive();
}

void ClientListener::Impl::remove(ClientConnectionPtr kept) {
  world_.cancel(std::exchange(kept->timer, 0));
  kept->close();
  clients_.erase(kept->id);
  draining_.erase(kept->id);
  drop_stream(kept);
}

ClientCounts ClientListener::Impl::counts() const {
  ClientCounts result = counts_;
  result.connected = clients_.size();
  return result;
}

bool ClientListener::Impl::all_sent() const {
  for (const auto& [id, connection] : clients_) {
    if (connection->has_unsent()) return false;
  }
  return changed_.empty();
}

ClientListener::ClientListener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

ClientListener::~ClientListener() { impl_->shut_down(); }

Result<std::unique_ptr<ClientListener>> ClientListener::open(world::NetWorld& world,
                                                             const std::string& address,
                                                             ClientLimits limits,
                                                             StreamFactory factory) {
  auto impl = std::make_shared<Impl>(world, limits, std::move(factory));
  COTERIE_CHECK(impl->start(address));
  return std::unique_ptr<ClientListener>(new ClientListener(std::move(impl)));
}

uint16_t ClientListener::port() const { return impl_->port(); }

ClientCounts ClientListener::counts() const { return impl_->counts(); }

void ClientListener::stop_accepting() { impl_->stop_accepting(); }

bool ClientListener::all_sent() const { return impl_->all_sent(); }

}  // namespace coterie::server
