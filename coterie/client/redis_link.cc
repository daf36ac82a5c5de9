// See redis_link.h. Sockets are non-blocking, and each wait is a poll() up to a deadline.
#include "coterie/client/redis_link.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace coterie::client {

namespace {

Instant monotonic_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return {time.tv_sec * 1'000'000'000LL + time.tv_nsec};
}

std::string reason() { return std::strerror(errno); }

// Waits for `events`; false when the deadline has come first.
bool wait_for(int socket, int16_t events, Instant deadline) {
  while (true) {
    const Duration left = deadline - monotonic_now();
    if (left <= Duration{}) return false;
    pollfd one{.fd = socket, .events = events, .revents = 0};
    const int count = poll(&one, 1, static_cast<int>(left.ms() + 1));
    if (count > 0 || (count < 0 && errno != EINTR)) return true;
  }
}

// Connects to one of the addresses of a name. The socket, or an error.
Result<int> open_socket(const addrinfo& address, Instant deadline) {
  const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return fail(Fault::io, reason());
  const auto close_and_fail = [&](Fault fault, std::string why) {
    ::close(socket);
    return fail(fault, std::move(why));
  };
  if (::connect(socket, address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return close_and_fail(Fault::io, reason());
    if (!wait_for(socket, POLLOUT, deadline))
      return close_and_fail(Fault::timed_out, "no answer in time");
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return close_and_fail(Fault::io, std::strerror(error));
  }
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

std::string request_bytes(std::span<const std::string_view> words) {
  std::string bytes = fmt::format("*{}\r\n", words.size());
  for (const std::string_view word : words) {
    bytes += fmt::format("${}\r\n", word.size());
    bytes += word;
    bytes += "\r\n";
  }
  return bytes;
}

}  // namespace

Result<RedisLink> RedisLink::connect(const RedisUrl& url, LinkTimeouts timeouts) {
  const Instant deadline = monotonic_now() + timeouts.connect;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &found);
  if (code != 0) return fail(Fault::io, fmt::format("{}: {}", url.address(), gai_strerror(code)));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  Error last{Fault::io, "the name has no address"};
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    const Result<int> socket = open_socket(*address, deadline);
    if (!socket) {
      last = socket.error();
      continue;
    }
    RedisLink link(*socket, timeouts);
    if (!url.password.empty()) {
      COTERIE_TRY(reply, link.command({"AUTH", url.password}));
      if (reply.is_error())
        return fail(Fault::refused, fmt::format("{}: {}", url.address(), reply.text));
    }
    return link;
  }
  return fail(last.fault, fmt::format("{}: {}", url.address(), last.message));
}

RedisLink::RedisLink(RedisLink&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      timeouts_(other.timeouts_),
      parser_(std::move(other.parser_)) {}

RedisLink& RedisLink::operator=(RedisLink&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(timeouts_, other.timeouts_);
  std::swap(parser_, other.parser_);
  return *this;
}

RedisLink::~RedisLink() { close(); }

void RedisLink::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

Result<void> RedisLink::send_all(std::string_view bytes, Instant deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(socket_, POLLOUT, deadline))
        return fail(Fault::timed_out, "the node takes no more requests");
    } else if (errno != EINTR) {
      return fail(Fault::io, reason());
    }
  }
  return {};
}

Result<void> RedisLink::send(std::span<const std::string_view> words) {
  if (broken()) return fail(Fault::io, "the connection is closed");
  if (const Result<void> sent = send_all(request_bytes(words), monotonic_now() + timeouts_.reply);
      !sent) {
    close();
    return fail(Fault::outcome_unknown, sent.error().message);
  }
  return {};
}

Result<resp::Value> RedisLink::command(std::span<const std::string_view> words) {
  const Instant deadline = monotonic_now() + timeouts_.reply;
  COTERIE_CHECK(send(words));
  Result<resp::Value> reply = receive(deadline - monotonic_now());
  if (!reply) {
    close();  // a late reply would be taken for that of the next command
    return fail(Fault::outcome_unknown, reply.error().message);
  }
  return reply;
}

Result<resp::Value> RedisLink::command_within(Duration patience,
                                              std::initializer_list<std::string_view> words) {
  const Duration usual = std::exchange(timeouts_.reply, patience);
  Result<resp::Value> reply = command(words);
  timeouts_.reply = usual;
  return reply;
}

Result<resp::Value> RedisLink::receive(Duration patience) {
  if (broken()) return fail(Fault::io, "the connection is closed");
  const Instant deadline = monotonic_now() + patience;
  char bytes[16 << 10];
  while (true) {
    Result<std::optional<resp::Value>> next = parser_.next();
    if (!next) {
      close();
      return tl::unexpected(next.error());
    }
    if (*next) return std::move(**next);
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count > 0) {
      parser_.feed({bytes, static_cast<size_t>(count)});
    } else if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
      const std::string why = count == 0 ? "the node closed the connection" : reason();
      close();
      return fail(Fault::io, why);
    } else if (!wait_for(socket_, POLLIN, deadline)) {
      return fail(Fault::timed_out, "no reply in time");
    }
  }
}

}  // namespace coterie::client
