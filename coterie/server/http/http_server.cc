// See http_server.h. The one translation unit that uses Boost.Beast.
#include "coterie/server/http/http_server.h"

#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "coterie/base/reached.h"
#include "coterie/world/net/asio_access.h"

namespace coterie::http {

namespace {

namespace beast = boost::beast;
namespace wire = boost::beast::http;
using Stream = beast::basic_stream<world::Tcp, world::Executor>;
using world::ErrorCode;

constexpr Duration accept_pause = milliseconds(100);  // after an error, as when descriptors run out

std::chrono::nanoseconds chrono(Duration duration) { return std::chrono::nanoseconds(duration.ns); }

}  // namespace

// One connection: reads a request, answers, reads the next. Each operation has its time.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(world::TcpSocket socket, HttpLimits limits, const HttpHandler& handler,
                 std::function<void()> on_end)
      : stream_(std::move(socket)),
        limits_(limits),
        handler_(handler),
        on_end_(std::move(on_end)),
        buffer_(limits.request_bytes_max) {}

  void await_request() {
    parser_.emplace();
    parser_->header_limit(limits_.request_bytes_max);
    parser_->body_limit(0);
    if (buffer_.size() > 0) return read_request();  // a pipelined one
    stream_.expires_after(chrono(limits_.idle_max));
    stream_.async_read_some(buffer_.prepare(buffer_.max_size()),
                            [self = shared_from_this()](ErrorCode error, size_t bytes) {
                              if (self->ended_) return;
                              if (error) return self->end();
                              self->buffer_.commit(bytes);
                              self->read_request();
                            });
  }

  void close() {
    ended_ = true;
    ErrorCode ignored;
    stream_.socket().close(ignored);
  }

 private:
  void end() {
    close();
    on_end_();
  }

  void read_request() {
    stream_.expires_after(chrono(limits_.request_time_max));
    wire::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](ErrorCode error, size_t) {
                       if (!self->ended_) self->on_request(error);
                     });
  }

  void on_request(ErrorCode error) {
    if (error == wire::error::header_limit || error == wire::error::buffer_overflow) {
      COTERIE_REACHED("http request too large");
      return answer({.status = 431, .body = "request too large\n"}, false);
    }
    if (error == wire::error::body_limit)
      return answer({.status = 413, .body = "no body is expected\n"}, false);
    if (error && error.category() == wire::make_error_code(wire::error::end_of_stream).category() &&
        error != wire::error::end_of_stream && error != wire::error::partial_message) {
      return answer({.status = 400, .body = "malformed request\n"}, false);
    }
    if (error) return end();
    const auto& request = parser_->get();
    const std::string_view method(request.method_string().data(), request.method_string().size());
    std::string_view path(request.target().data(), request.target().size());
    path = path.substr(0, path.find('?'));
    head_ = method == "HEAD";
    answer(handler_(method, path), request.keep_alive());
  }

  void answer(HttpReply reply, bool keep) {
    response_ = {};
    response_.version(11);
    response_.result(reply.status);
    response_.set(wire::field::server, "coterie");
    response_.set(wire::field::content_type, reply.content_type);
    response_.set(wire::field::cache_control, "no-store");
    if (reply.status == 405) response_.set(wire::field::allow, "GET, HEAD");
    response_.keep_alive(keep);
    response_.content_length(reply.body.size());
    if (!head_) response_.body() = std::move(reply.body);
    stream_.expires_after(chrono(limits_.request_time_max));
    serializer_.emplace(response_);
    serializer_->split(false);
    wire::async_write(stream_, *serializer_,
                      [self = shared_from_this(), keep](ErrorCode error, size_t) {
                        if (self->ended_) return;
                        if (error || !keep) return self->finish(error);
                        self->await_request();
                      });
  }

  // The client reads our last words before the socket is gone; see ClientListener.
  void finish(ErrorCode error) {
    if (error) return end();
    stream_.socket().shutdown(world::TcpSocket::shutdown_send, error);
    if (error) return end();
    discard();
  }

  void discard() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(buffer_.max_size()),
                            [self = shared_from_this()](ErrorCode error, size_t) {
                              if (self->ended_) return;
                              if (error) return self->end();
                              self->discard();  // until the time that the answer was given is over
                            });
  }

  Stream stream_;
  const HttpLimits limits_;
  const HttpHandler& handler_;
  const std::function<void()> on_end_;
  beast::flat_buffer buffer_;
  std::optional<wire::request_parser<wire::empty_body>> parser_;
  wire::response<wire::string_body> response_;
  std::optional<wire::response_serializer<wire::string_body>> serializer_;
  bool head_ = false;
  bool ended_ = false;
};

class HttpServer::Impl : public std::enable_shared_from_this<HttpServer::Impl> {
 public:
  Impl(world::NetWorld& world, HttpLimits limits, HttpHandler handler)
      : world_(world),
        limits_(limits),
        handler_(std::move(handler)),
        acceptor_(world::io_context_of(world).get_executor()) {}

  Result<void> start(const std::string& address) {
    COTERIE_TRY(place, world::parse_host_port(address));
    COTERIE_CHECK(world::listen_on(acceptor_, place, "HTTP"));
    ErrorCode error;
    port_ = acceptor_.local_endpoint(error).port();
    accept();
    return {};
  }

  void shut_down() {
    ErrorCode ignored;
    acceptor_.close(ignored);
    world_.cancel(timer_);
    for (const auto& [number, connection] : connections_) connection->close();
    connections_.clear();
  }

  uint16_t port() const { return port_; }

 private:
  void accept() {
    acceptor_.async_accept([self = shared_from_this()](ErrorCode error, world::TcpSocket socket) {
      if (!self->acceptor_.is_open()) return;
      if (!error) {
        self->on_accepted(std::move(socket));
        return self->accept();
      }
      self->world_.log(world::LogLevel::warning,
                       fmt::format("cannot accept an HTTP connection: {}", error.message()));
      self->timer_ = self->world_.call_at(self->world_.now().monotonic + accept_pause, [self] {
        self->timer_ = 0;
        self->accept();
      });
    });
  }

  void on_accepted(world::TcpSocket socket) {
    if (connections_.size() >= limits_.connections_max) {
      COTERIE_REACHED("too many http connections");
      return;
    }
    const uint64_t number = ++last_number_;
    auto connection = std::make_shared<HttpConnection>(
        std::move(socket), limits_, handler_, [this, number] { connections_.erase(number); });
    connections_.emplace(number, connection);
    connection->await_request();
  }

  world::NetWorld& world_;
  const HttpLimits limits_;
  const HttpHandler handler_;
  world::TcpAcceptor acceptor_;
  uint16_t port_ = 0;
  world::TimerId timer_ = 0;
  uint64_t last_number_ = 0;
  std::map<uint64_t, std::shared_ptr<HttpConnection>> connections_;
};

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { impl_->shut_down(); }

Result<std::unique_ptr<HttpServer>> HttpServer::open(world::NetWorld& world,
                                                     const std::string& address, HttpLimits limits,
                                                     HttpHandler handler) {
  auto impl = std::make_shared<Impl>(world, limits, std::move(handler));
  COTERIE_CHECK(impl->start(address));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

uint16_t HttpServer::port() const { return impl_->port(); }

}  // namespace coterie::http
