// How fast the simulator itself is: tenants that only send frames back and forth. Not a test that
// can fail:
//   sim_test --gtest_also_run_disabled_tests --gtest_filter='*PingPong*'
#include <chrono>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "coterie/world/sim/test_tenant.h"

namespace coterie::sim {
namespace {

void ping_pong(uint64_t nodes, size_t frame_bytes, bool with_disk) {
  TestCluster cluster({}, nodes);
  ASSERT_TRUE(cluster.connect());
  const Payload body = Payload::copy_of(std::string(frame_bytes, 'x'));
  for (uint64_t i = 1; i <= nodes; ++i) {
    TestTenant* self = &cluster.tenant(i);
    const auto back = [self, body](NodeId to) { self->world.network().send(to, {body}); };
    self->frame_hook = [self, back, body, with_disk](NodeId from, const Payload&) {
      if (!with_disk) return back(from);
      self->world.disk().write("log", 0, {body}, world::Sync::yes,
                               [back, from](Result<void>) { back(from); });
    };
    cluster.simulation.poke(NodeId(i), [self, back, i, nodes] {
      self->world.disk().create("log", 1 << 20, [](Result<void>) {});
      for (uint64_t peer = 1; peer <= nodes; ++peer) {
        if (peer != i) back(NodeId(peer));
      }
    });
  }
  constexpr uint64_t events = 2'000'000;
  const auto start = std::chrono::steady_clock::now();
  for (uint64_t i = 0; i < events; ++i) cluster.simulation.step();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  fmt::print("{} nodes, frames of {} bytes{}: {:.2f} million events/s\n", nodes, frame_bytes,
             with_disk ? ", a synced write each" : "", events / taken.count() / 1e6);
}

TEST(SimulationSpeed, DISABLED_PingPong) {
  ping_pong(2, 64, false);
  ping_pong(5, 64, false);
  ping_pong(5, 1000, false);
  ping_pong(5, 64, true);
}

}  // namespace
}  // namespace coterie::sim
