// What the tests of sockets and files share: a scratch directory, a tenant that writes down what it
// hears, a plain client socket, and turns given until a condition holds. Everything is in one
// thread; nobody sleeps.
#pragma once

#include <cerrno>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coterie/base/assert.h"
#include "coterie/world/net/net_world.h"

namespace coterie::world {

class ScratchDir {
 public:
  ScratchDir() {
    std::string path = testing::TempDir() + "coterie-XXXXXX";
    COTERIE_ASSERT(::mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;

  std::string path(const std::string& name = "") const {
    return path_ + (name.empty() ? "" : "/" + name);
  }

 private:
  std::string path_;
};

class RecordingTenant : public Tenant {
 public:
  void on_frame(NodeId from, Payload frame) override {
    frames.emplace_back(from, frame.text());
    note("frame");
  }
  void on_link(NodeId peer, LinkChange change) override {
    links.emplace_back(peer, change);
    note("link");
  }
  void on_wake() override { note("wake"); }
  void end_turn() override {
    note("end_turn");
    if (in_turn) std::exchange(in_turn, nullptr)();
  }
  void note(std::string what) { events.push_back(std::move(what)); }
  int count(NodeId peer, LinkChange change) const {
    int found = 0;
    for (const auto& link : links) found += link == std::pair{peer, change} ? 1 : 0;
    return found;
  }

  std::vector<std::pair<NodeId, std::string>> frames;
  std::vector<std::pair<NodeId, LinkChange>> links;
  std::vector<std::string> events;
  std::function<void()> in_turn;  // called once, at the end of a turn
};

// Gives turns to the worlds, one after the other, until the condition holds. A condition that does
// not come to hold within ten seconds is a failure.
inline bool run_until(std::initializer_list<NetWorld*> worlds,
                      const std::function<bool()>& condition) {
  const Instant limit = (*worlds.begin())->now().monotonic + seconds(10);
  while (!condition()) {
    if ((*worlds.begin())->now().monotonic > limit) {
      ADD_FAILURE() << "waited for too long";
      return false;
    }
    for (NetWorld* world : worlds) world->turn(milliseconds(1));
  }
  return true;
}

// A world on a free port whose log goes to a file of its directory.
inline NetOptions options_for_test(const ScratchDir& scratch, uint64_t self) {
  NetOptions options;
  options.self = NodeId(self);
  options.listen = "127.0.0.1:0";
  options.data_dir = scratch.path("data-" + std::to_string(self));
  options.log.level = LogLevel::debug;
  options.log.file = scratch.path("log-" + std::to_string(self));
  return options;
}

inline std::unique_ptr<NetWorld> open_for_test(NetOptions options, FileCalls* calls = nullptr) {
  Result<std::unique_ptr<NetWorld>> world = NetWorld::open(std::move(options), calls);
  EXPECT_TRUE(world) << world.error().message;
  return world ? std::move(*world) : nullptr;
}

inline std::string loopback(uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

inline std::string text_of_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::string text;
  char part[4096];
  for (ssize_t got = 0; fd >= 0 && (got = ::read(fd, part, sizeof(part))) > 0;)
    text.append(part, static_cast<size_t>(got));
  if (fd >= 0) ::close(fd);
  return text;
}

// A client's socket that never waits.
class PlainSocket {
 public:
  explicit PlainSocket(uint16_t port) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  }
  ~PlainSocket() { close(); }
  PlainSocket(const PlainSocket&) = delete;
  PlainSocket& operator=(const PlainSocket&) = delete;

  // What the socket takes of it.
  size_t send(std::string_view bytes) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<size_t>(sent);
  }
  // What has arrived so far, all of it since the beginning. Also sees the end.
  const std::string& received() {
    char part[65536];
    ssize_t got = 0;
    while (fd_ >= 0 && (got = ::recv(fd_, part, sizeof(part), 0)) > 0)
      received_.append(part, static_cast<size_t>(got));
    if (got == 0) ended_ = true;
    if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK) ended_ = reset_ = true;
    return received_;
  }
  bool ended() {
    received();
    return ended_;
  }
  bool was_reset() const { return reset_; }
  void end_sending() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
  bool ended_ = false;
  bool reset_ = false;
  std::string received_;
};

}  // namespace coterie::world
