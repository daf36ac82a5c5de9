// See proxy.h. The thread waits in ppoll() for sockets, for the next byte that falls due and for
// changes; a mutex guards all the rest.
#include "coterie/torture/proxy.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/process/process.h"

namespace coterie::torture {

namespace {

using process::monotonic_now;

constexpr int waiting_max = 64;  // connections that were not yet accepted

struct Link {
  int listener = -1;
  uint16_t target_port = 0;
  LinkFaults faults;
  std::list<ProxiedConnection> connections;
  uint64_t accepted = 0;
};

// A socket on its way to a port of this machine; -1: there can be none.
int dial(uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // A refusal is seen when the socket is looked at.
  static_cast<void>(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address));
  return socket;
}

void send_at_once(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

class ThreadedProxy : public Proxy {
 public:
  ThreadedProxy(uint64_t seed, int wake) : random_(seed), wake_(wake) {
    thread_ = std::thread([this] { run(); });
  }

  ~ThreadedProxy() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake();
    thread_.join();
    for (auto& [port, link] : links_) ::close(link.listener);
    ::close(wake_);
  }

  Result<uint16_t> add(Ports& ports, uint16_t target_port) override {
    COTERIE_TRY(listener, ports.listen());
    {
      const std::lock_guard lock(mutex_);
      Link& link = links_[listener.port];
      link.listener = listener.socket;
      link.target_port = target_port;
    }
    wake();
    return listener.port;
  }

  void set(uint16_t port, const LinkFaults& faults) override {
    {
      const std::lock_guard lock(mutex_);
      Link& link = at(port);
      if (faults.refuse && !link.faults.refuse) {
        // The port stays bound: nobody else gets it, and the kernel refuses for us.
        COTERIE_REACHED("a link refuses connections");
        ::shutdown(link.listener, SHUT_RD);
      } else if (!faults.refuse && link.faults.refuse) {
        COTERIE_ASSERT(::listen(link.listener, waiting_max) == 0);
      }
      link.faults = faults;
      for (ProxiedConnection& one : link.connections) one.set(faults, monotonic_now());
    }
    wake();
  }

  void kill_connections(uint16_t port) override {
    {
      const std::lock_guard lock(mutex_);
      Link& link = at(port);
      for (ProxiedConnection& one : link.connections) one.reset_both();
      link.connections.clear();
    }
    wake();  // the kernel closes no socket while ppoll() waits for it
  }

  LinkCounts counts(uint16_t port) const override {
    const std::lock_guard lock(mutex_);
    const auto found = links_.find(port);
    COTERIE_ASSERT(found != links_.end());
    return {.open = found->second.connections.size(), .accepted = found->second.accepted};
  }

 private:
  Link& at(uint16_t port) {
    const auto found = links_.find(port);
    COTERIE_ASSERT(found != links_.end());
    return found->second;
  }

  void wake() const {
    const uint64_t one = 1;
    static_cast<void>(!::write(wake_, &one, sizeof one));
  }

  void run() {
    while (true) {
      std::vector<pollfd> waiting;
      Instant until = Instant::never();
      {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
        const Instant now = monotonic_now();
        for (auto& [port, link] : links_) work(link, now);
        collect(waiting, until, now);
      }
      wait(waiting, until);
    }
  }

  void work(Link& link, Instant now) {
    accept_all(link, now);
    for (auto one = link.connections.begin(); one != link.connections.end();) {
      one = one->work(now) ? std::next(one) : link.connections.erase(one);
    }
  }

  void accept_all(Link& link, Instant now) {
    while (!link.faults.refuse) {
      const int dialler = ::accept4(link.listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (dialler < 0) return;
      ++link.accepted;
      const int target = link.connections.size() < connections_max ? dial(link.target_port) : -1;
      if (target < 0) {
        COTERIE_REACHED("a link has no room for another connection");
        ::close(dialler);
        continue;
      }
      send_at_once(dialler);
      send_at_once(target);
      link.connections.emplace_back(dialler, target, random_.next()).set(link.faults, now);
    }
  }

  void collect(std::vector<pollfd>& waiting, Instant& until, Instant now) const {
    const auto add_socket = [&](int socket, int16_t events) {
      // Not asked for anything, a socket would still report a reset, again and again.
      if (events != 0) waiting.push_back({.fd = socket, .events = events, .revents = 0});
    };
    add_socket(wake_, POLLIN);
    for (const auto& [port, link] : links_) {
      if (!link.faults.refuse) add_socket(link.listener, POLLIN);
      for (const ProxiedConnection& one : link.connections) {
        add_socket(one.dialler(), one.dialler_events(now));
        add_socket(one.target(), one.target_events(now));
        until = std::min(until, one.next(now));
      }
    }
  }

  void wait(std::vector<pollfd>& waiting, Instant until) const {
    timespec time{};
    if (until != Instant::never()) {
      const int64_t left = std::max<int64_t>(0, (until - monotonic_now()).ns);
      time = {.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
    }
    ::ppoll(waiting.data(), waiting.size(), until == Instant::never() ? nullptr : &time, nullptr);
    uint64_t count = 0;
    static_cast<void>(!::read(wake_, &count, sizeof count));
  }

  mutable std::mutex mutex_;
  std::map<uint16_t, Link> links_;  // by their ports
  Random random_;
  bool stopping_ = false;
  int wake_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Proxy>> Proxy::start(uint64_t seed) {
  const int wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0)
    return fail(Fault::io, fmt::format("the fault proxy cannot start: {}", std::strerror(errno)));
  return std::unique_ptr<Proxy>(std::make_unique<ThreadedProxy>(seed, wake));
}

}  // namespace coterie::torture
