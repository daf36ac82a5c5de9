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

Entry command_entry(uint64_t index, uint64_t term, SessionId session, uint16_t number,
                    std::span<const std::string_view> args) {
  PayloadBuilder command;
  const size_t size_bytes = state::encode_command(command, number, 0, args);
  PayloadBuilder body;
  state::encode_block_header(body, {session, session ? 1u : 0u, 0, 1}, size_bytes);
  body.append(command.view());
  Entry header;
  header.kind = EntryKind::commands;
  header.term = Term(term);
  header.index = Index(index);
  return make_entry(header, body.view());
}

state::State state_with_value(uint64_t index, uint64_t term, size_t value_bytes) {
  const std::vector<std::string_view> opening{"1", "00000000000000000000000000000001", "7"};
  const std::string value(value_bytes, 'v');
  const std::vector<std::string_view> setting{"key", value};
  state::State state;
  state::ApplyEffects effects;
  state.apply(command_entry(index - 1, term, SessionId(0), state::number::open_session, opening),
              effects);
  const uint16_t set = state::find_command("set")->number;
  state.apply(command_entry(index, term, effects.opened.at(0).session, set, setting), effects);
  return state;
}

std::string bytes_of(state::State state) {
  state::SnapshotSource source(std::move(state));
  std::string bytes;
  while (const auto piece = source.next(1000)) bytes += piece->view();
  return bytes;
}

TEST(StateTaker, HoldsTheStateThatTheHeaderTellsOf) {
  const std::string body = bytes_of(state_at(9, 2, 77));
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

// A snapshot is received, and the disk works as slowly as it can.
struct Reception {
  explicit Reception(uint64_t bytes_max = 1 << 20)
      : snapshots(disk, {}, bytes_max,
                  {.made = {},
                   .received =
                       [this](const raft::SnapshotPoint&, std::optional<state::State> received) {
                         answered = true;
                         state = std::move(received);
                       },
                   .data = {},
                   .note = [this](world::LogLevel, std::string text) { note = std::move(text); }}) {
  }

  void receive(const std::string& body, size_t chunk_bytes = 100) {
    answered = false;
    for (size_t at = 0; at < body.size(); at += chunk_bytes) {
      snapshots.write({point, at, body.size(),
                       Payload::copy_of(std::string_view(body).substr(at, chunk_bytes))});
    }
    while (!answered) {
      ASSERT_TRUE(disk.complete_one());
      named = named || disk.exists(store::snapshot_name(point.index));
    }
    disk.run_completions();
  }

  sim::SimDisk disk{1};
  raft::SnapshotPoint point{Index(9), Term(2), {}, 77};
  bool answered = false;
  bool named = false;  // it has had the name under which it is believed
  std::optional<state::State> state;
  std::string note;
  Snapshots snapshots;
};

TEST(SnapshotReception, GetsItsNameOnlyWhenItIsOfUse) {
  const std::string body = bytes_of(state_at(9, 2, 77));
  Reception good;
  good.receive(body);
  EXPECT_TRUE(good.named && good.state);
  EXPECT_EQ(good.snapshots.newest()->index, Index(9));

  const uint64_t before = reached("snapshot: a received one is of no use");
  std::string other = body;
  other[body.size() - 1] = static_cast<char>(other[body.size() - 1] ^ 1);
  for (const std::string& bad :
       {bytes_of(state_at(8, 2, 77)), bytes_of(state_at(9, 1, 77)), std::string("this is no state"),
        body.substr(0, body.size() - 1), other}) {
    Reception reception;
    reception.receive(bad);
    EXPECT_FALSE(reception.named || reception.state);
    EXPECT_EQ(reception.disk.used_bytes(), 0u);
    EXPECT_THAT(reception.note, ::testing::HasSubstr("not usable: "));
    EXPECT_FALSE(reception.snapshots.newest());
    // The next one of the same index is as good as any.
    reception.receive(body);
    EXPECT_TRUE(reception.named && reception.state);
  }
  EXPECT_EQ(reached("snapshot: a received one is of no use"), before + 5);
}

// While one is made, a newer one may be received: then the log goes on from that.
TEST(SnapshotReception, AnOlderOneThatIsMadeLaterDoesNotTakeItsPlace) {
  const uint64_t before = reached("snapshot: a newer one was received while it was made");
  Reception reception;
  reception.snapshots.make(state_at(5, 2, 50), {});
  reception.receive(bytes_of(state_at(9, 2, 77)));
  ASSERT_TRUE(reception.state);
  while (reception.snapshots.making()) {
    reception.snapshots.work(1 << 20);
    ASSERT_TRUE(reception.disk.complete_one());
  }
  while (reception.disk.complete_one()) continue;
  reception.disk.run_completions();
  EXPECT_EQ(reception.snapshots.newest()->index, Index(9));
  EXPECT_TRUE(reception.disk.exists(store::snapshot_name(Index(9))));
  EXPECT_FALSE(reception.disk.exists(store::snapshot_name(Index(5))));
  EXPECT_EQ(reached("snapshot: a newer one was received while it was made"), before + 1);
}

TEST(SnapshotReception, OneThatIsTooLargeIsRefused) {
  const std::string body = bytes_of(state_at(9, 2, 77));
  Reception enough(body.size());
  enough.receive(body);
  EXPECT_TRUE(enough.state);
  Reception too_little(body.size() - 1);
  too_little.receive(body);
  EXPECT_FALSE(too_little.named || too_little.state);
  EXPECT_THAT(too_little.note, ::testing::HasSubstr("too large for a snapshot"));
}

size_t lines_with(NodeCluster& cluster, std::string_view text) {
  size_t count = 0;
  for (const sim::LogLine& line : cluster.simulation.log_lines()) {
    count += line.text.find(text) != std::string::npos ? 1 : 0;
  }
  return count;
}

// It is tried again, but not all the time; meanwhile the log is kept and clients are served.
TEST(Snapshots, AStateThatIsTooLargeIsSaidNowAndThen) {
  NodeCluster cluster(1);
  cluster.options.replica.snapshot_bytes_max = 10'000;
  cluster.simulation.crash(NodeId(1));
  cluster.simulation.start(NodeId(1));
  ASSERT_TRUE(cluster.run_until([&] { return cluster.leader() != 0; }));
  const uint64_t before = reached("replica: a snapshot could not be made");
  cluster.fill(1, 60);
  cluster.simulation.run_for(seconds(25));
  EXPECT_EQ(lines_with(cluster, "which may have 10000 bytes"), 3u);
  EXPECT_EQ(reached("replica: a snapshot could not be made"), before + 3);
  EXPECT_EQ(point_of(cluster, 1).index, Index(0));
  ASSERT_TRUE(cluster.set(1, "still", "served"));
}

// It does not take what the leader sends; that is asked for again, but not all the time.
TEST_F(Behind, ANodeThatCannotTakeTheSnapshotAsksAgainNowAndThen) {
  cluster.options.replica.snapshot_bytes_max = 10'000;
  cluster.simulation.start(NodeId(3));
  const uint64_t before = reached("replica: a snapshot's chunk dropped");
  cluster.simulation.run_for(seconds(5));
  EXPECT_GE(lines_with(cluster, "a received snapshot is not usable"), 3u);
  EXPECT_LE(lines_with(cluster, "a received snapshot is not usable"), 6u);
  EXPECT_GT(reached("replica: a snapshot's chunk dropped"), before);
  EXPECT_EQ(point_of(cluster, 3).index, Index(0));
  cluster.options.replica.snapshot_bytes_max = 1 << 20;
  cluster.simulation.crash(NodeId(3));
  cluster.simulation.start(NodeId(3));
  EXPECT_TRUE(cluster.run_until([&] { return cluster.replica(3) && cluster.agree(); }));
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
  EXPECT_GT(lines_with(cluster, "coterie recover"), 0u);
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
    Snapshots snapshots(
        disk, {}, 1 << 20,
        {.made = [&](const raft::SnapshotPoint& point, const Result<void>&) { made = point; },
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
  disk.run_completions();
  ASSERT_TRUE(log->settled());
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

// A leader that sends faster than the disk takes it waits for the disk: nothing piles up in memory.
TEST_F(Alone, ASnapshotIsTakenNoFasterThanTheDiskTakesIt) {
  constexpr uint64_t chunk_bytes = 256 << 10;
  founding.membership.members.push_back({NodeId(2), ReplicaId{{0, 2}}, true});
  log = open_log();
  ASSERT_TRUE(log->open());
  log->write_papers({founding.cluster, NodeId(1), ReplicaId{{0, 9}}, to_wire(founding).text()},
                    [](const Result<void>& done) { ASSERT_TRUE(done); });
  disk.run_completions();
  ReplicaOptions options;
  options.raft.node = NodeId(1);
  options.raft.replica = ReplicaId{{0, 9}};
  replica = Replica::start(world, *log, {}, {}, founding, options,
                           {.published = {}, .note = [](world::LogLevel, const std::string&) {}});
  const std::string body = bytes_of(state_with_value(9, 3, 20 * chunk_bytes));
  const uint64_t chunks = (body.size() + chunk_bytes - 1) / chunk_bytes;
  const auto send_chunk = [&](uint64_t number) {
    raft::Message message;
    message.from_node = NodeId(2);
    message.from = ReplicaId{{0, 2}};
    message.to_node = NodeId(1);
    message.to = ReplicaId{{0, 9}};
    message.term = Term(3);
    message.body = raft::SnapshotChunk{
        {Index(9), Term(3), founding.membership, 77},
        number * chunk_bytes,
        body.size(),
        Payload::copy_of(std::string_view(body).substr(number * chunk_bytes, chunk_bytes))};
    replica->on_message(NodeId(2), std::move(message));
  };
  const auto turn = [&] {
    world.pass(milliseconds(1));
    replica->end_turn();
  };
  const auto answered_bytes = [&] {
    uint64_t most = 0;
    for (const Payload& frame : world.sent) {
      const auto message = decode_frame(frame);
      const auto* raft_message = std::get_if<raft::Message>(&*message);
      if (raft_message == nullptr) continue;
      if (const auto* reply = std::get_if<raft::SnapshotReply>(&raft_message->body)) {
        most = std::max(most, reply->next_offset_bytes);
      }
    }
    return most;
  };
  send_chunk(0);
  turn();  // the term is new: it is written first
  disk.run_completions();
  for (int i = 0; i < 5; ++i) turn();
  for (uint64_t number = 1; number < chunks; ++number) send_chunk(number);
  for (int i = 0; i < 50; ++i) turn();
  const uint64_t at_rest = answered_bytes();
  EXPECT_GE(at_rest, store::snapshot_window_bytes);
  EXPECT_LE(at_rest, store::snapshot_window_bytes + 2 * chunk_bytes);
  for (uint64_t next = at_rest / chunk_bytes; answered_bytes() < body.size();
       next = answered_bytes() / chunk_bytes) {
    disk.run_completions();
    for (uint64_t number = next; number < std::min(next + 4, chunks); ++number) {
      send_chunk(number);
    }
    for (int i = 0; i < 20; ++i) turn();
    ASSERT_GT(answered_bytes(), next * chunk_bytes);
  }
  for (int i = 0; i < 4; ++i) {
    disk.run_completions();
    turn();
  }
  EXPECT_EQ(replica->state().keys(), 1u);
  EXPECT_EQ(replica->raft().snapshot().index, Index(9));
}

}  // namespace
}  // namespace coterie::node::testing
