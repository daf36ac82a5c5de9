// Snapshots between Raft, the state and the disk: made, received and found at a start, with what
// Raft must know of them; and a crash at the worst moments.
#include "coterie/node/snapshots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/base/codec.h"
#include "coterie/node/node_test_util.h"
#include "coterie/node/replica.h"
#include "coterie/store/log/snapshot_format.h"

namespace coterie::node::testing {
namespace {

raft::SnapshotPoint point_of(NodeCluster& cluster, uint64_t node) {
  return cluster.replica(node)->raft().snapshot();
}

// A cluster of three in which node 3 is down and the log no longer holds what it needs.
class Behind : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster.run_until([&] { return cluster.leader() != 0; }));
    cluster.fill(1, 3, "early");
    ASSERT_TRUE(cluster.run_until([&] { return cluster.agree(); }));
    cluster.simulation.crash(NodeId(3));
    ASSERT_TRUE(cluster.run_until([&] { return cluster.leader() != 0; }));
    cluster.fill(1, 60);
    ASSERT_TRUE(cluster.run_until(
        [&] { return cluster.leader() != 0 && point_of(cluster, cluster.leader()).index; }));
  }

  NodeCluster cluster{3};
};

TEST_F(Behind, IsBroughtForwardWithTheSnapshotsStamp) {
  cluster.simulation.start(NodeId(3));
  ASSERT_TRUE(cluster.run_until([&] {
    return cluster.replica(3) != nullptr && point_of(cluster, 3).index && cluster.agree();
  }));
  const raft::SnapshotPoint received = point_of(cluster, 3);
  EXPECT_GT(received.stamp_ms, 0);
  EXPECT_EQ(received.membership.members.size(), 3u);
  // The same when it is found on the disk, on the one that received it and on the one that made it.
  for (const uint64_t node : {3u, 1u}) {
    const raft::SnapshotPoint before = point_of(cluster, node);
    EXPECT_GT(before.stamp_ms, 0);
    cluster.simulation.crash(NodeId(node));
    cluster.simulation.start(NodeId(node));
    EXPECT_EQ(point_of(cluster, node), before) << "node " << node;
  }
}

// The received snapshot has its name, the log is still that from before: it is not used, and what
// follows is written behind the snapshot.
TEST_F(Behind, DownBetweenTheSnapshotAndTheReset) {
  cluster.simulation.start(NodeId(3));
  const auto snapshot_is_there = [&] {
    const auto point = point_of(cluster, cluster.leader());
    return cluster.disk(3).exists(store::snapshot_name(point.index));
  };
  ASSERT_TRUE(cluster.run_until(snapshot_is_there));
  cluster.simulation.crash(NodeId(3), {.kind = sim::CrashKind::process});
  const Index index = point_of(cluster, cluster.leader()).index;
  cluster.simulation.start(NodeId(3));
  ASSERT_NE(cluster.replica(3), nullptr);
  EXPECT_EQ(point_of(cluster, 3).index, index);
  EXPECT_EQ(cluster.replica(3)->raft().last_index(), index);
  EXPECT_EQ(cluster.replica(3)->state().applied(), index);
  EXPECT_FALSE(cluster.replica(3)->raft().hard_state().damaged);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.agree(); }));
  cluster.simulation.crash(NodeId(3), {.kind = sim::CrashKind::power});
  cluster.simulation.start(NodeId(3));
  EXPECT_FALSE(cluster.replica(3)->raft().hard_state().damaged);
  cluster.fill(1, 3);
  EXPECT_TRUE(cluster.run_until([&] { return cluster.agree(); }));
}

// A replica alone, on a disk whose log does not go on from the snapshot that it is started with.
class Alone : public ::testing::Test {
 protected:
  std::unique_ptr<store::Log> open_log() {
    return std::make_unique<store::Log>(
        disk, store::LogOptions{.segment_bytes = 64u << 10},
        [this](uint64_t number) {
          if (replica) replica->on_durable(number);
        },
        [](const Error& error) { ADD_FAILURE() << error.message; });
  }
  void turns(int count = 40) {
    for (int i = 0; i < count; ++i) {
      world.pass(milliseconds(50));
      replica ? replica->end_turn() : log->flush(world.now());
      disk.run_completions();
    }
  }
  static Entry entry_of(uint64_t index, uint64_t term, int64_t stamp_ms = 0) {
    Entry header;
    header.kind = EntryKind::stamp;
    header.term = Term(term);
    header.index = Index(index);
    header.stamp_ms = stamp_ms;
    return make_entry(header, "");
  }
  void write_snapshot(uint64_t index, uint64_t term) {
    state::State state;
    state::ApplyEffects effects;
    state.apply(entry_of(index, term, 77), effects);
    std::optional<raft::SnapshotPoint> made;
    Snapshots snapshots(disk, {},
                        {.made = [&](const raft::SnapshotPoint& point) { made = point; },
                         .received = {},
                         .data = {},
                         .note = {}});
    snapshots.make(state, founding.membership);
    while (!made) {
      snapshots.work(1 << 20);
      ASSERT_TRUE(disk.complete_one());
    }
  }

  sim::SimDisk disk{1};
  StillWorld world{disk};
  FoundingRecord founding{{{1, 1}}, {{{NodeId(1), ReplicaId{{0, 9}}, true}}}};
  std::unique_ptr<store::Log> log;
  std::unique_ptr<Replica> replica;
};

TEST_F(Alone, ALogThatDisagreesWithTheSnapshotIsDropped) {
  log = open_log();
  ASSERT_TRUE(log->open());
  store::Papers papers{founding.cluster, NodeId(1), ReplicaId{{0, 9}}, to_wire(founding).text()};
  log->write_papers(papers, [](const Result<void>& done) { ASSERT_TRUE(done); });
  disk.run_completions();
  log->write(1, HardState{Term(2), {}, false}, {entry_of(1, 1), entry_of(2, 1), entry_of(3, 1)});
  turns(3);
  disk.crash();
  log = open_log();
  auto recovery = log->open();
  ASSERT_TRUE(recovery);
  ASSERT_EQ(recovery->entries.size(), 3u);
  // As if the log had not compared the two.
  write_snapshot(9, 2);
  disk.crash();
  {
    const auto found = open_log()->open();
    ASSERT_TRUE(found && found->snapshot);
    recovery->snapshot = found->snapshot;
  }
  const uint64_t before = reached("replica: the log is dropped for the snapshot");
  ReplicaOptions options;
  options.raft.node = NodeId(1);
  options.raft.replica = papers.replica;
  auto started =
      Replica::start(world, *log, *std::move(recovery), founding, options,
                     {.published = {}, .note = [](world::LogLevel, const std::string&) {}});
  ASSERT_TRUE(started);
  replica = *std::move(started);
  EXPECT_EQ(reached("replica: the log is dropped for the snapshot"), before + 1);
  EXPECT_EQ(replica->raft().last_index(), Index(9));
  EXPECT_EQ(replica->raft().snapshot().stamp_ms, 77);
  turns();
  ASSERT_EQ(replica->raft().role(), raft::Role::leader);
  const Index last = replica->raft().last_index();
  ASSERT_GT(last, Index(9));
  replica.reset();
  disk.crash({.survival = sim::Survival::none});
  const auto again = open_log()->open();
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->hard_state.damaged);
  ASSERT_FALSE(again->entries.empty());
  EXPECT_EQ(again->entries.front().index, Index(10));
  EXPECT_EQ(again->entries.back().index, last);
  EXPECT_EQ(again->entries.front().stamp_ms, 77) << "log time goes on from the snapshot's";
}

}  // namespace
}  // namespace coterie::node::testing
