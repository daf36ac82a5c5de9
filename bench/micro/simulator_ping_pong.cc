// Every node sends every other a frame, and whoever receives one sends it back: what is measured is
// the simulator's event loop, its links and, where a frame is written first, its disks.
#include <memory>

#include <fmt/format.h>

#include "bench/micro/simulator_cases.h"
#include "coterie/base/assert.h"
#include "coterie/world/sim/simulation.h"

namespace coterie::bench {

namespace {

struct Setting {
  uint64_t nodes;
  size_t frame_bytes;
  bool with_disk = false;  // each frame is written and synced before it goes back
};

class Returner final : public world::Tenant {
 public:
  Returner(world::World& world, const Setting& setting, const Payload& frame)
      : world_(world), with_disk_(setting.with_disk), frame_(frame) {
    if (with_disk_) world_.disk().create("log", 1 << 20, [](Result<void>) {});
  }

  void on_frame(NodeId from, Payload) override {
    if (!with_disk_) return send(from);
    world_.disk().write("log", 0, {frame_}, world::Sync::yes,
                        [this, from](Result<void>) { send(from); });
  }
  void on_link(NodeId, world::LinkChange) override {}
  void on_wake() override {}
  void end_turn() override {}

  void send(NodeId to) { world_.network().send(to, {frame_}); }

 private:
  world::World& world_;
  bool with_disk_;
  Payload frame_;
};

bool all_connected(sim::Simulation& simulation) {
  for (const NodeId a : simulation.nodes()) {
    for (const NodeId b : simulation.nodes()) {
      if (a != b && !simulation.node(a).connected(b)) return false;
    }
  }
  return true;
}

Measured run(const Setting& setting) {
  sim::Simulation simulation;
  const Payload frame = Payload::copy_of(std::string(setting.frame_bytes, 'x'));
  for (uint64_t i = 1; i <= setting.nodes; ++i) {
    simulation.add_node(NodeId(i), [&](world::World& world) {
      return std::make_unique<Returner>(world, setting, frame);
    });
  }
  const bool connected =
      simulation.run_until([&] { return all_connected(simulation); }, seconds(60));
  COTERIE_ASSERT(connected);  // the world is calm
  for (const NodeId from : simulation.nodes()) {
    auto* tenant = static_cast<Returner*>(simulation.tenant(from));
    simulation.poke(from, [&simulation, from, tenant] {
      for (const NodeId to : simulation.nodes()) {
        if (to != from) tenant->send(to);
      }
    });
  }
  constexpr uint64_t events = 2'000'000;
  return measure(events, [&] {
    for (uint64_t i = 0; i < events; ++i) simulation.step();
  });
}

}  // namespace

std::vector<Case> ping_pong_cases() {
  std::vector<Case> cases;
  for (const Setting& setting :
       {Setting{2, 64}, Setting{5, 64}, Setting{5, 1000}, Setting{5, 64, true}}) {
    cases.push_back(
        {fmt::format("ping-pong, {} nodes, frames of {} bytes{}", setting.nodes,
                     setting.frame_bytes, setting.with_disk ? ", a synced write each" : ""),
         [setting] { return run(setting); }});
  }
  return cases;
}

}  // namespace coterie::bench
