// The options of our sockets, in one place. Failures are ignored: a connection without them still
// works.
#pragma once

#include <algorithm>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "coterie/base/time.h"

namespace coterie::world {

inline void set_socket_option(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof(value));
}

// Small sends at once; a connection whose other side is gone without a word is noticed within about
// `silent`, whether there is something to send (user timeout) or not (keep-alive probes).
inline void set_silence_limit(int fd, Duration silent) {
  const int silent_s = static_cast<int>(std::max<int64_t>(silent.ns / 1'000'000'000, 2));
  set_socket_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_socket_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, std::max(silent_s / 2, 1));
  set_socket_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, std::max(silent_s / 4, 1));
  set_socket_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 2);
  set_socket_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(silent.ms()));
}

inline void set_peer_socket_options(int fd, Duration silent) {
  set_socket_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_silence_limit(fd, silent);
}

}  // namespace coterie::world
