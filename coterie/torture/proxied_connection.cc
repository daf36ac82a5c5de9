// See proxied_connection.h.
#include "coterie/torture/proxied_connection.h"

#include <algorithm>
#include <cerrno>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace coterie::torture {

namespace {

constexpr size_t read_bytes_max = 16u << 10;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

ProxiedConnection::ProxiedConnection(int dialler, int target, uint64_t seed)
    : dialler_(dialler),
      target_(target),
      forward_(mix_seed(seed, 1)),
      backward_(mix_seed(seed, 2)) {}

ProxiedConnection::~ProxiedConnection() {
  for (const int socket : {dialler_, target_}) {
    if (reset_) {
      const linger at_once{.l_onoff = 1, .l_linger = 0};
      setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    ::close(socket);
  }
}

void ProxiedConnection::set(const LinkFaults& faults, Instant now) {
  forward_.set(faults.forward, now);
  backward_.set(faults.backward, now);
}

// True when the way to the target is open; a target that refuses is a reset for the dialler.
bool ProxiedConnection::connected() {
  pollfd one{.fd = target_, .events = POLLOUT, .revents = 0};
  if (poll(&one, 1, 0) <= 0) return false;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(target_, SOL_SOCKET, SO_ERROR, &error, &size);
  reset_ |= error != 0;
  connecting_ = error != 0;
  return error == 0;
}

bool ProxiedConnection::work(Instant now) {
  if (connecting_ && !connected()) return !reset_;
  const bool whole = move(dialler_, forward_, target_, forward_shut_, now) &&
                     move(target_, backward_, dialler_, backward_shut_, now);
  if (!whole || forward_.broken() || backward_.broken()) {
    reset_ = true;
    return false;
  }
  return !(forward_shut_ && backward_shut_);
}

// False when the receiving side is gone.
bool ProxiedConnection::move(int from, Pipe& pipe, int to, bool& shut, Instant now) {
  char bytes[read_bytes_max];
  while (!pipe.ended() && pipe.room() > 0) {
    const ssize_t count = ::recv(from, bytes, std::min(sizeof bytes, pipe.room()), 0);
    if (count > 0) {
      pipe.take({bytes, static_cast<size_t>(count)}, now);
      if (static_cast<size_t>(count) < sizeof bytes) break;
    } else if (count < 0 && would_block()) {
      break;
    } else {
      pipe.end();
    }
  }
  for (std::string_view due = pipe.due(now); !due.empty(); due = pipe.due(now)) {
    const ssize_t count = ::send(to, due.data(), due.size(), MSG_NOSIGNAL);
    if (count < 0) return would_block();
    pipe.handed_on(static_cast<size_t>(count));
  }
  if (pipe.finished() && !shut) {
    ::shutdown(to, SHUT_WR);
    shut = true;
  }
  return true;
}

int16_t ProxiedConnection::dialler_events(Instant now) const {
  const bool readable = !forward_.ended() && forward_.room() > 0;
  const bool writable = !connecting_ && !backward_.due(now).empty();
  return static_cast<int16_t>((readable && !connecting_ ? POLLIN : 0) | (writable ? POLLOUT : 0));
}

int16_t ProxiedConnection::target_events(Instant now) const {
  if (connecting_) return POLLOUT;
  const bool readable = !backward_.ended() && backward_.room() > 0;
  const bool writable = !forward_.due(now).empty();
  return static_cast<int16_t>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
}

Instant ProxiedConnection::next(Instant now) const {
  return std::min(forward_.next(now), backward_.next(now));
}

}  // namespace coterie::torture
