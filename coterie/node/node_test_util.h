// What the tests of whole nodes share: a cluster of them in a simulated world, and a world that
// stands still but for its disk.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/base/reached_count.h"
#include "coterie/node/node.h"
#include "coterie/world/sim/simulation.h"

namespace coterie::node::testing {

// A node and what its clients heard.
class TestNode final : public world::Tenant, public ClientSink {
 public:
  TestNode(world::World& world, const NodeOptions& options) {
    auto started = Node::start(world, options, *this);
    if (started) {
      node_ = *std::move(started);
    } else {
      world.stop(started.error().message);
    }
  }

  Node* node() { return node_.get(); }
  const Replica* replica() const { return node_ ? node_->replica() : nullptr; }
  std::map<Ticket, std::string> replies;

  void on_reply(Ticket ticket, Reply reply) override { replies[ticket] = reply.text(); }
  void on_published(const Payload&, const Payload&) override {}
  void on_frame(NodeId from, Payload frame) override {
    if (node_) node_->on_frame(from, std::move(frame));
  }
  void on_link(NodeId peer, world::LinkChange change) override {
    if (node_) node_->on_link(peer, change);
  }
  void on_wake() override {}
  void end_turn() override {
    if (node_) node_->end_turn();
  }

 private:
  std::unique_ptr<Node> node_;
};

// Nodes 1 .. n of one cluster, with small limits.
class NodeCluster {
 public:
  explicit NodeCluster(uint64_t nodes, uint64_t seed = 1) : simulation(seeded(seed)) {
    options.log.segment_bytes = 64u << 10;
    options.replica.snapshot_log_bytes = 32u << 10;
    options.replica.keep_log_bytes = 4u << 10;
    for (uint64_t id = 1; id <= nodes; ++id) {
      options.named[NodeId(id)] = "node" + std::to_string(id);
    }
    for (const auto& [id, address] : options.named) {
      simulation.add_node(id, [this, id = id](world::World& world) {
        NodeOptions own = options;
        own.node = id;
        return std::make_unique<TestNode>(world, own);
      });
    }
  }

  TestNode* at(uint64_t id) { return static_cast<TestNode*>(simulation.tenant(NodeId(id))); }
  const Replica* replica(uint64_t id) {
    const TestNode* node = at(id);
    return node == nullptr ? nullptr : node->replica();
  }
  sim::SimDisk& disk(uint64_t id) { return simulation.disk(NodeId(id)); }

  uint64_t leader() {
    for (const auto& [id, address] : options.named) {
      const Replica* of = replica(id.value);
      if (of != nullptr && of->raft().role() == raft::Role::leader) return id.value;
    }
    return 0;
  }
  bool run_until(const std::function<bool()>& condition, Duration at_most = seconds(30)) {
    return simulation.run_until(condition, at_most);
  }
  // SET through that node, until it is answered.
  ::testing::AssertionResult set(uint64_t through, const std::string& key,
                                 const std::string& value) {
    std::optional<Ticket> ticket;
    const bool poked = simulation.poke(NodeId(through), [&] {
      const std::vector<std::string_view> args{key, value};
      ticket = at(through)->node()->write(*state::find_command("set"), 0, args);
    });
    if (!poked) return ::testing::AssertionFailure() << "node " << through << " is down";
    const bool answered = run_until(
        [&] { return ticket && at(through) != nullptr && at(through)->replies.contains(*ticket); });
    if (!answered) return ::testing::AssertionFailure() << "no answer from node " << through;
    const std::string& reply = at(through)->replies[*ticket];
    if (reply == "+OK\r\n") return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << reply;
  }
  // Enough of it to make snapshots: their indexes rise past `count` entries.
  void fill(uint64_t through, int count, const std::string& prefix = "key") {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(set(through, prefix + std::to_string(i % 50), std::string(2'000, 'x')));
    }
  }
  // All running nodes have applied the same, and it is the same.
  bool agree() {
    std::optional<std::pair<Index, uint64_t>> first;
    for (const auto& [id, address] : options.named) {
      if (!simulation.running(id)) continue;
      const Replica* of = replica(id.value);
      if (of == nullptr) return false;
      const std::pair is{of->state().applied(), of->state().digest()};
      if (!first) first = is;
      if (*first != is) return false;
    }
    return first.has_value();
  }

  static sim::SimOptions seeded(uint64_t seed) {
    sim::SimOptions seeded_options;
    seeded_options.seed = seed;
    return seeded_options;
  }

  NodeOptions options;
  sim::Simulation simulation;
};

// One node's world in which nothing moves but the disk, when it is told to.
class StillWorld final : public world::World, public world::Network {
 public:
  explicit StillWorld(sim::SimDisk& disk) : disk_(disk) {}

  Now now() const override { return {now_, WallTime{now_.ns / 1'000'000}}; }
  uint64_t entropy() override { return ++entropy_; }
  world::Disk& disk() override { return disk_; }
  world::Network& network() override { return *this; }
  void wake_at(Instant) override {}
  void want_turn() override {}
  void log(world::LogLevel, std::string_view line) override { lines.emplace_back(line); }
  void stop(std::string_view reason) override { stopped = reason; }
  void send(NodeId, std::vector<Payload> parts) override {
    PayloadBuilder frame;
    for (const Payload& part : parts) frame.append(part.view());
    sent.push_back(frame.take());
  }
  bool connected(NodeId) const override { return false; }
  uint64_t queued_bytes(NodeId) const override { return 0; }

  void pass(Duration time) { now_ = now_ + time; }

  std::vector<Payload> sent;
  std::vector<std::string> lines;
  std::optional<std::string> stopped;

 private:
  sim::SimDisk& disk_;
  Instant now_{0};
  uint64_t entropy_ = 100;
};

}  // namespace coterie::node::testing
