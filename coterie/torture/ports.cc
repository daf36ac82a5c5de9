// See ports.h.
#include "coterie/torture/ports.h"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

namespace coterie::torture {

namespace {

constexpr int64_t first_port = 20'000, last_port = 31'000;
constexpr int tries = 500;
constexpr int waiting_max = 64;  // connections that were not yet accepted

}  // namespace

Result<Listener> Ports::listen() {
  for (int i = 0; i < tries; ++i) {
    const auto port = static_cast<uint16_t>(random_.between(first_port, last_port));
    if (given_.contains(port)) continue;
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket < 0) return fail(Fault::io, fmt::format("no socket: {}", std::strerror(errno)));
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        ::listen(socket, waiting_max) == 0) {
      given_.insert(port);
      return Listener{.socket = socket, .port = port};
    }
    ::close(socket);
  }
  return fail(Fault::io, fmt::format("no port from {} to {} is free", first_port, last_port));
}

Result<uint16_t> Ports::free() {
  COTERIE_TRY(listener, listen());
  ::close(listener.socket);
  return listener.port;
}

}  // namespace coterie::torture
