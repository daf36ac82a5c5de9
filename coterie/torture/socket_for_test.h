// Sockets for tests: blocking, each wait bounded by a time that only a defect reaches.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace coterie::torture {

inline constexpr int patience_ms = 30'000;

class TestSocket {
 public:
  explicit TestSocket(int socket = -1) : socket_(socket) {}
  TestSocket(TestSocket&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  TestSocket& operator=(TestSocket&& other) noexcept {
    std::swap(socket_, other.socket_);
    return *this;
  }
  ~TestSocket() { close(); }

  // Connected, or with the reason in `error`.
  static TestSocket connect(uint16_t port, int* error = nullptr) {
    TestSocket one(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(port);
    const bool done =
        ::connect(one.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (error != nullptr) *error = done ? 0 : errno;
    return one;
  }

  // Listens on a port that the system chooses.
  static TestSocket listen() {
    TestSocket one(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(0);
    ::bind(one.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(one.socket_, 16);
    return one;
  }

  uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  TestSocket accept() const {
    return TestSocket(readable(patience_ms) ? ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)
                                            : -1);
  }

  bool open() const { return socket_ >= 0; }
  bool send(std::string_view bytes) const {
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  // Exactly so many bytes; fewer when the connection ends or breaks first.
  std::string receive(size_t count) const {
    std::string bytes;
    char some[4'096];
    while (bytes.size() < count && readable(patience_ms)) {
      const ssize_t got = ::recv(socket_, some, std::min(sizeof some, count - bytes.size()), 0);
      if (got <= 0) break;
      bytes.append(some, static_cast<size_t>(got));
    }
    return bytes;
  }
  // Up to and with that.
  std::string receive_through(std::string_view end) const {
    std::string bytes;
    while (!bytes.ends_with(end)) {
      const std::string one = receive(1);
      if (one.empty()) break;
      bytes += one;
    }
    return bytes;
  }
  // Waits for the end: "closed", "reset", or "data" if there is some.
  std::string ending() const {
    char one = 0;
    if (!readable(patience_ms)) return "nothing";
    const ssize_t got = ::recv(socket_, &one, 1, 0);
    if (got > 0) return "data";
    return got == 0 ? "closed" : "reset";
  }
  bool readable(int within_ms) const {
    pollfd one{.fd = socket_, .events = POLLIN, .revents = 0};
    return poll(&one, 1, within_ms) > 0;
  }
  void end_sending() const { ::shutdown(socket_, SHUT_WR); }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  int get() const { return socket_; }

 private:
  static sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  int socket_;
};

}  // namespace coterie::torture
