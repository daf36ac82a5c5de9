// One suite for every world: what world.h promises is tested by the same bodies over the simulator
// and over sockets and files. If both pass, what holds in the simulator can be expected of the real
// thing.
//
// To add a world: derive from WorldFixture in a file of this folder (sim_fixture.cc is the
// example), and end it with
//
//   COTERIE_CONFORMANCE(Net, make_net_world);
//
// where make_net_world is a WorldMaker. The test program is built from all *.cc of this folder
// (CMakeLists.txt: link what the world needs there). Everything runs on one thread: nodes get their
// turns only within run_until().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "coterie/base/ids.h"
#include "coterie/base/time.h"
#include "coterie/world/world.h"

namespace coterie::conformance {

// Nodes 1 .. n with a network between them and a disk each. A healthy one: no loss, no faults but
// those asked for.
class WorldFixture {
 public:
  using Factory = std::function<std::unique_ptr<world::Tenant>(world::World&)>;

  virtual ~WorldFixture() = default;

  // Starts the node; its tenant is made at once, by this call. Its disk is as the last run left it,
  // at first empty. REQUIRES: it is not running.
  virtual void start(NodeId node, const Factory& factory) = 0;
  // As kill -9: the tenant is destroyed, connections close, nothing completes any more; files are
  // as the kernel has them.
  virtual void kill(NodeId node) = 0;
  // As SIGSTOP and SIGCONT: no turns between the two; the others' frames to it pile up.
  virtual void pause(NodeId node) = 0;
  virtual void resume(NodeId node) = 0;
  // The connection from -> to closes now, perhaps in the middle of a frame. The world connects
  // again by itself.
  virtual void break_link(NodeId from, NodeId to) = 0;
  // Why the node was stopped by World::stop(); nothing while it runs. A stopped node's tenant is
  // destroyed after the turn.
  virtual std::optional<std::string> stop_reason(NodeId node) = 0;
  // Gives turns until the condition holds; it is asked between turns. False when `at_most` of the
  // world's own time (virtual, or real) has passed before.
  virtual bool run_until(const std::function<bool()>& condition, Duration at_most) = 0;
  // What may wait for one peer before frames are dropped: World's queued_bytes() never exceeds it.
  virtual uint64_t queue_bytes_max() const = 0;
};

using WorldMaker = std::function<std::unique_ptr<WorldFixture>(int nodes)>;

class NetworkConformance : public testing::TestWithParam<WorldMaker> {};
class DiskConformance : public testing::TestWithParam<WorldMaker> {};
class TurnConformance : public testing::TestWithParam<WorldMaker> {};

#define COTERIE_CONFORMANCE(name, maker)                                                  \
  INSTANTIATE_TEST_SUITE_P(name, NetworkConformance, testing::Values(WorldMaker(maker))); \
  INSTANTIATE_TEST_SUITE_P(name, DiskConformance, testing::Values(WorldMaker(maker)));    \
  INSTANTIATE_TEST_SUITE_P(name, TurnConformance, testing::Values(WorldMaker(maker)))

}  // namespace coterie::conformance
