// Snapshots between Raft, the state and the disk: made, received and found at a start, with what
// Raft must know of them; and a crash at the worst moments.
#include "coterie/node/snapshots.h"

#include <algorithm>

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

Entry stamp_entry(uint64_t index, uint64_t term, int64_t stamp_ms = 0) {
  Entry header;
  header.kind = EntryKind::stamp;
  header.term = Term(term);
  header.index = Index(index);
  header.stamp_ms = stamp_ms;
  return make_entry(header, "");
}

state::State state_at(uint64_t index, uint64_t term, int64_t stamp_ms) {
  state::State state;
  state::ApplyEffects effects;
  state.apply(stamp_entry(index, term, stamp_ms), effects);
  return state;
}

TEST(StateTaker, HoldsTheStateThatTheHeaderTellsOf) {
  state::SnapshotSource source(state_at(9, 2, 77));
  std::string body;
  while (const auto piece = source.next(1000)) body += piece->view();
  const auto header = [](int64_t stamp_ms) {
    return to_wire(SnapshotHeader{{{{NodeId(1), ReplicaId{{0, 9}}, true}}}, stamp_ms}).text();
  };
  StateTaker taker;
  const auto take = [&](const store::SnapshotFile& about, std::string_view bytes) {
    taker.begin(about);
    return taker.take(bytes) && taker.finish();
  };
  EXPECT_FALSE(take({Index(8), Term(2), header(77), 0}, body)) << "another index";
  EXPECT_FALSE(taker.loaded());
  EXPECT_FALSE(take({Index(9), Term(3), header(77), 0}, body)) << "another term";
  EXPECT_FALSE(take({Index(9), Term(2), "membership", 0}, body));
  EXPECT_FALSE(take({Index(9), Term(2), header(77), 0}, body.substr(0, body.size() - 1)));
  EXPECT_FALSE(take({Index(9), Term(2), header(77), 0}, "this is no state"));
  EXPECT_FALSE(taker.loaded());
  ASSERT_TRUE(take({Index(9), Term(2), header(77), 0}, body));
  const auto loaded = taker.loaded();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->point.stamp_ms, 77);
  EXPECT_EQ(loaded->state.applied(), Index(9));
  EXPECT_FALSE(taker.loaded()) << "once";
  // Written before the header said it.
  ASSERT_TRUE(take({Index(9), Term(2), header(0), 0}, body));
  EXPECT_EQ(taker.loaded()->point.stamp_ms, 77);
}

// A whole snapshot file whose content the state cannot be made of.
void spoil_snapshot(sim::SimDisk& disk, const raft::SnapshotPoint& point) {
  bool done = false;
  store::SnapshotFile about{point.index, point.term, "", 0};
  about.header = to_wire(SnapshotHeader{point.membership, point.stamp_ms}).text();
  store::SnapshotWriter writer(disk, about);
  writer.append(Payload::copy_of("this is no state"));
  writer.finish([&](const Result<store::SnapshotFile>& file) { done = file.has_value(); });
  disk.run_completions();
  ASSERT_TRUE(done);
}

// Its log no longer holds what the snapshot held: it is damage, said so, and mended by the others.
TEST_F(Behind, AnUnusableSnapshotAtAStartIsDamage) {
  cluster.simulation.start(NodeId(3));
  ASSERT_TRUE(cluster.run_until(
      [&] { return cluster.replica(3) && point_of(cluster, 3).index && cluster.agree(); }));
  const raft::SnapshotPoint point = point_of(cluster, 3);
  cluster.simulation.crash(NodeId(3));
  spoil_snapshot(cluster.disk(3), point);
  cluster.disk(3).crash();
  const uint64_t before = reached("snapshot of no use passed over");
  cluster.simulation.start(NodeId(3));
  EXPECT_FALSE(cluster.simulation.stop_reason(NodeId(3)));
  ASSERT_NE(cluster.replica(3), nullptr);
  EXPECT_GT(reached("snapshot of no use passed over"), before);
  EXPECT_TRUE(cluster.replica(3)->raft().hard_state().damaged);
  EXPECT_EQ(cluster.replica(3)->state().applied(), Index(0));
  const auto& lines = cluster.simulation.log_lines();
  EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const sim::LogLine& line) {
    return line.text.find("coterie recover") != std::string::npos;
  }));
  ASSERT_TRUE(cluster.run_until([&] { return cluster.agree(); }));
  cluster.fill(1, 3);
  EXPECT_TRUE(cluster.run_until(
      [&] { return cluster.agree() && !cluster.replica(3)->raft().hard_state().damaged; }));
}

// All entries are still in the log: nothing is lost.
TEST(Snapshots, AnUnusableOneIsNotMissedWhenTheLogHoldsAll) {
  NodeCluster cluster(1);
  cluster.options.replica.snapshot_log_bytes = 1u << 30;
  ASSERT_TRUE(cluster.run_until([&] { return cluster.leader() != 0; }));
  cluster.fill(1, 20);
  const uint64_t keys = cluster.replica(1)->state().keys();
  cluster.simulation.crash(NodeId(1));
  spoil_snapshot(cluster.disk(1), {Index(5), Term(1), {}, 1});
  cluster.disk(1).crash();
  cluster.simulation.start(NodeId(1));
  ASSERT_NE(cluster.replica(1), nullptr);
  EXPECT_FALSE(cluster.replica(1)->raft().hard_state().damaged);
  EXPECT_TRUE(cluster.run_until([&] { return cluster.replica(1)->state().keys() == keys; }));
  cluster.fill(1, 1);
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
  void write_snapshot(uint64_t index, uint64_t term) {
    std::optional<raft::SnapshotPoint> made;
    Snapshots snapshots(disk, {},
                        {.made = [&](const raft::SnapshotPoint& point) { made = point; },
                         .received = {},
                         .data = {},
                         .note = {}});
    snapshots.make(state_at(index, term, 77), founding.membership);
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
  log->write(1, HardState{Term(2), {}, false},
             {stamp_entry(1, 1), stamp_entry(2, 1), stamp_entry(3, 1)});
  turns(3);
  disk.crash();
  log = open_log();
  auto recovery = log->open();
  ASSERT_TRUE(recovery);
  ASSERT_EQ(recovery->entries.size(), 3u);
  // As if the log had not compared the two.
  write_snapshot(9, 2);
  disk.crash();
  StateTaker taker;
  {
    const auto found = open_log()->open(&taker);
    ASSERT_TRUE(found && found->snapshot);
    recovery->snapshot = found->snapshot;
  }
  const uint64_t before = reached("replica: the log is dropped for the snapshot");
  ReplicaOptions options;
  options.raft.node = NodeId(1);
  options.raft.replica = papers.replica;
  replica = Replica::start(world, *log, *std::move(recovery), taker.loaded(), founding, options,
                           {.published = {}, .note = [](world::LogLevel, const std::string&) {}});
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
