// See loopback.h.
#include "coterie/process/loopback.h"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

namespace coterie::process {

Result<int> listen_on_loopback(uint16_t port, int waiting_max) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return fail(Fault::io, fmt::format("no socket: {}", std::strerror(errno)));
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(socket, waiting_max) == 0)
    return socket;
  const int error = errno;
  ::close(socket);
  return fail(Fault::io, fmt::format("cannot listen on port {}: {}", port, std::strerror(error)));
}

}  // namespace coterie::process
