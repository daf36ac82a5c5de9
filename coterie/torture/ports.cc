// See ports.h.
#include "coterie/torture/ports.h"

#include <fmt/format.h>
#include <unistd.h>

#include "coterie/process/loopback.h"

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
    const auto socket = process::listen_on_loopback(port, waiting_max);
    if (!socket) continue;
    given_.insert(port);
    return Listener{.socket = *socket, .port = port};
  }
  return fail(Fault::io, fmt::format("no port from {} to {} is free", first_port, last_port));
}

Result<uint16_t> Ports::free() {
  COTERIE_TRY(listener, listen());
  ::close(listener.socket);
  return listener.port;
}

}  // namespace coterie::torture
