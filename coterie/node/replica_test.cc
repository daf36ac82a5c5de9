// What a replica does by itself, in a whole node.
#include "coterie/node/replica.h"

#include <gtest/gtest.h>

#include "coterie/node/node_test_util.h"
#include "coterie/store/state/reclaim.h"

namespace coterie::node::testing {
namespace {

// What was dropped is freed a little at a time also when nobody writes any more.
TEST(Replica, FreesWhatWasDroppedWhileItIsIdle) {
  state::reclaim_all();
  NodeCluster cluster(1);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.leader() != 0; }));
  cluster.fill(1, 3);
  cluster.simulation.run_for(seconds(2));
  ASSERT_EQ(state::reclaim_backlog(), 0u);
  const Index applied = cluster.replica(1)->state().applied();
  const uint64_t turns = cluster.simulation.node(NodeId(1)).turns();
  const uint64_t before = reached("replica: something freed while idle");
  constexpr size_t pieces = 5'000;
  static size_t freed = 0;
  size_t most = 0, freed_before = 0;
  for (size_t i = 0; i < pieces; ++i) {
    state::reclaim_later(nullptr, [](void*) { ++freed; });
  }
  const Instant started = cluster.simulation.now();
  cluster.simulation.poke(NodeId(1), [] {});
  while (freed < pieces && cluster.simulation.step()) {
    most = std::max(most, freed - freed_before);
    freed_before = freed;
    ASSERT_LE(cluster.simulation.node(NodeId(1)).turns() - turns, 2'000u);
  }
  EXPECT_EQ(freed, pieces);
  EXPECT_LT(cluster.simulation.now() - started, seconds(1));
  EXPECT_LE(most, pieces / 50) << "a part at a time";
  EXPECT_EQ(cluster.replica(1)->state().applied(), applied) << "it was idle";
  EXPECT_GT(reached("replica: something freed while idle"), before);
  // And then it sleeps.
  const uint64_t awake = cluster.simulation.node(NodeId(1)).turns();
  cluster.simulation.run_for(seconds(1));
  EXPECT_LT(cluster.simulation.node(NodeId(1)).turns() - awake, 100u);
}

}  // namespace
}  // namespace coterie::node::testing
