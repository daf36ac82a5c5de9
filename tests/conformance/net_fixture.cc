// The real world under the conformance suite: sockets on loopback, files in a scratch directory,
// all nodes in one thread.
#include <cstring>
#include <filesystem>
#include <map>
#include <random>

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coterie/base/assert.h"
#include "coterie/world/net/net_world.h"
#include "tests/conformance/world_fixture.h"

namespace coterie::conformance {
namespace {

// A free port below those that the system gives to outgoing connections, so that a node that is
// killed and started again finds its port free.
uint16_t free_port() {
  static std::minstd_rand random(static_cast<unsigned>(::getpid()));
  for (int tries = 0; tries < 1000; ++tries) {
    const auto port = static_cast<uint16_t>(10'000 + random() % 20'000);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool free = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    ::close(fd);
    if (free) return port;
  }
  COTERIE_ASSERT(!"no free port");
  return 0;
}

class NetFixture final : public WorldFixture {
 public:
  explicit NetFixture(int nodes) {
    scratch_ = testing::TempDir() + "coterie-conformance-XXXXXX";
    COTERIE_ASSERT(::mkdtemp(scratch_.data()) != nullptr);
    for (int node = 1; node <= nodes; ++node) {
      addresses_[NodeId(static_cast<uint64_t>(node))] = "127.0.0.1:" + std::to_string(free_port());
    }
  }
  ~NetFixture() override {
    nodes_.clear();
    std::error_code ignored;
    std::filesystem::remove_all(scratch_, ignored);
  }

  void start(NodeId node, const Factory& factory) override {
    world::NetOptions options;
    options.self = node;
    options.listen = addresses_.at(node);
    options.nodes = addresses_;
    options.data_dir = scratch_ + "/" + std::to_string(node.value);
    options.log.file = scratch_ + "/log";
    options.peers.queue_bytes_max = queue_bytes_max();
    options.peers.backoff_most = milliseconds(100);
    auto opened = world::NetWorld::open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    Node& started = nodes_[node];
    started.stop_reason.reset();
    started.paused = false;
    started.world = std::move(*opened);
    started.tenant = factory(*started.world);
    started.world->attach(*started.tenant);
  }
  void kill(NodeId node) override { nodes_.at(node).end(); }
  void pause(NodeId node) override { nodes_.at(node).paused = true; }
  void resume(NodeId node) override { nodes_.at(node).paused = false; }
  void break_link(NodeId from, NodeId to) override { nodes_.at(from).world->break_link(to); }
  std::optional<std::string> stop_reason(NodeId node) override {
    const auto found = nodes_.find(node);
    return found == nodes_.end() ? std::nullopt : found->second.stop_reason;
  }

  bool run_until(const std::function<bool()>& condition, Duration at_most) override {
    const auto clock = [] { return std::chrono::steady_clock::now(); };
    const auto limit = clock() + std::chrono::nanoseconds(at_most.ns);
    bool busy = true;
    while (!condition()) {
      if (clock() > limit) return false;
      busy = give_turns(busy ? milliseconds(0) : milliseconds(1));
    }
    return true;
  }
  uint64_t queue_bytes_max() const override { return 8u << 20; }

 private:
  struct Node {
    std::unique_ptr<world::NetWorld> world;
    std::unique_ptr<world::Tenant> tenant;
    std::optional<std::string> stop_reason;
    bool paused = false;

    void end() {
      tenant.reset();
      world.reset();
    }
  };

  // One turn for each; the first may wait for something to do. True when any had something.
  bool give_turns(Duration wait) {
    bool busy = false;
    for (auto& [id, node] : nodes_) {
      if (node.world == nullptr || node.paused) continue;
      const uint64_t before = node.world->statistics().handlers;
      const bool goes_on = node.world->turn(wait);
      wait = {};
      busy = busy || node.world->statistics().handlers != before;
      if (goes_on) continue;
      node.stop_reason = node.world->ended()->reason;
      node.end();
    }
    return busy;
  }

  std::string scratch_;
  std::map<NodeId, std::string> addresses_;
  std::map<NodeId, Node> nodes_;
};

std::unique_ptr<WorldFixture> make_net_world(int nodes) {
  return std::make_unique<NetFixture>(nodes);
}

COTERIE_CONFORMANCE(Net, make_net_world);

}  // namespace
}  // namespace coterie::conformance
