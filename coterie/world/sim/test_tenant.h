// A tenant made of hooks, for the tests of the simulation.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coterie/world/sim/simulation.h"

namespace coterie::sim {

struct TestTenant : world::Tenant {
  explicit TestTenant(world::World& its_world) : world(its_world) {}

  void on_frame(NodeId from, Payload frame) override {
    frames += 1;
    if (frame_hook) frame_hook(from, frame);
  }
  void on_link(NodeId peer, world::LinkChange change) override {
    links.push_back(std::to_string(peer.value) + (change == world::LinkChange::outgoing_up ? " up"
                                                  : change == world::LinkChange::outgoing_down
                                                      ? " down"
                                                      : " gone"));
  }
  void on_wake() override {
    if (wake_hook) wake_hook();
  }
  void end_turn() override {
    turns += 1;
    if (turn_hook) turn_hook();
  }
  void send(uint64_t to, std::string_view text) {
    world.network().send(NodeId(to), {Payload::copy_of(text)});
  }

  world::World& world;
  std::function<void(NodeId, const Payload&)> frame_hook;
  std::function<void()> wake_hook;
  std::function<void()> turn_hook;
  std::vector<std::string> links;
  uint64_t frames = 0;
  uint64_t turns = 0;
};

// Nodes 1 .. n, each with a TestTenant that `equip` may set up at every start.
class TestCluster {
 public:
  using Equip = std::function<void(NodeId, TestTenant&)>;

  TestCluster(const SimOptions& options, uint64_t nodes, Equip equip = {})
      : equip_(std::move(equip)), simulation(options) {
    for (uint64_t i = 1; i <= nodes; ++i) {
      simulation.add_node(NodeId(i), [this, i](world::World& world) {
        auto tenant = std::make_unique<TestTenant>(world);
        if (equip_) equip_(NodeId(i), *tenant);
        return tenant;
      });
    }
  }

  TestTenant& tenant(uint64_t node) {
    return static_cast<TestTenant&>(*simulation.tenant(NodeId(node)));
  }
  bool connected() {
    for (NodeId a : simulation.nodes()) {
      for (NodeId b : simulation.nodes()) {
        if (a != b && simulation.running(a) && simulation.running(b) &&
            !simulation.node(a).connected(b)) {
          return false;
        }
      }
    }
    return true;
  }
  bool connect() {
    return simulation.run_until([this] { return connected(); }, seconds(60));
  }

 private:
  Equip equip_;

 public:
  Simulation simulation;
};

}  // namespace coterie::sim
