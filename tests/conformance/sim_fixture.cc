// The simulator under the conformance suite: a healthy network, on virtual time.
#include "coterie/world/sim/simulation.h"
#include "tests/conformance/world_fixture.h"

namespace coterie::conformance {
namespace {

class SimFixture final : public WorldFixture {
 public:
  SimFixture() : simulation_(options()) {}

  void start(NodeId node, const Factory& factory) override {
    factories_[node] = factory;
    // A node keeps its first factory: it asks for the one of this start.
    const auto latest = [this, node](world::World& world) { return factories_[node](world); };
    if (placed_.insert(node).second) {
      simulation_.add_node(node, latest);
    } else {
      simulation_.start(node);
    }
  }
  void kill(NodeId node) override { simulation_.crash(node, {.kind = sim::CrashKind::process}); }
  void pause(NodeId node) override { simulation_.pause(node); }
  void resume(NodeId node) override { simulation_.unpause(node); }
  void break_link(NodeId from, NodeId to) override { simulation_.link(from, to).break_now(); }
  std::optional<std::string> stop_reason(NodeId node) override {
    return simulation_.stop_reason(node);
  }
  bool run_until(const std::function<bool()>& condition, Duration at_most) override {
    return simulation_.run_until(condition, at_most);
  }
  uint64_t queue_bytes_max() const override { return simulation_.options().link.queue_bytes_max; }

 private:
  static sim::SimOptions options() {
    sim::SimOptions options;
    options.seed = 20;
    options.link.queue_bytes_max = 8u << 20;
    options.link.window_bytes = 1u << 20;
    return options;
  }

  std::map<NodeId, Factory> factories_;
  std::set<NodeId> placed_;
  sim::Simulation simulation_;
};

std::unique_ptr<WorldFixture> make_sim_world(int) { return std::make_unique<SimFixture>(); }

COTERIE_CONFORMANCE(Sim, make_sim_world);

}  // namespace
}  // namespace coterie::conformance
