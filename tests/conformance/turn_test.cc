// Turns, alarms, clocks and the end of a node.
#include <gmock/gmock.h>

#include "tests/conformance/probe.h"

namespace coterie::conformance {
namespace {

using Kind = Event::Kind;

size_t count(Cluster& cluster, Kind kind) { return cluster.probe(1).count(kind); }
Instant monotonic(Cluster& cluster) { return cluster.probe(1).world.now().monotonic; }

TEST_P(TurnConformance, AWantedTurnComesThoughNothingElseDoes) {
  Cluster cluster(GetParam(), 1);
  int turns = 0;
  std::function<void()> again = [&] {
    if (++turns < 10) cluster.probe(1).later(again);
  };
  cluster.probe(1).later(again);
  cluster.until([&] { return turns == 10; });
  EXPECT_EQ(count(cluster, Kind::wake), 0u);
  EXPECT_GE(count(cluster, Kind::end_turn), 9u);
}

TEST_P(TurnConformance, WorldsAreAskedFromTheConstructorToo) {
  Cluster cluster(GetParam(), 1);
  cluster.kill(1);
  struct Early : Probe {
    explicit Early(world::World& its_world) : Probe(its_world) {
      EXPECT_TRUE(world.disk().list().has_value());
      world.disk().create("early", 1, done("create"));
      world.wake_at(world.now().monotonic + milliseconds(1));
      world.want_turn();
    }
  };
  Early* early = nullptr;
  cluster.fixture().start(NodeId(1), [&](world::World& world) {
    auto tenant = std::make_unique<Early>(world);
    early = tenant.get();
    return tenant;
  });
  cluster.until(
      [&] { return early->count(Kind::wake) == 1 && early->outcomes.contains("create"); });
  EXPECT_GE(early->count(Kind::end_turn), 1u);
}

TEST_P(TurnConformance, AnAlarmRingsOnceAndNotBeforeItsTime) {
  Cluster cluster(GetParam(), 1);
  Instant due;
  cluster.in_turn(1, [&] {
    due = monotonic(cluster) + milliseconds(20);
    cluster.probe(1).world.wake_at(due);
  });
  cluster.until([&] { return count(cluster, Kind::wake) == 1; });
  for (const Event& event : cluster.probe(1).events) {
    if (event.kind == Kind::wake) {
      EXPECT_GE(event.now.monotonic, due);
    }
  }
  // It does not ring again: an alarm set later than three times that is the next one.
  cluster.in_turn(1, [&] { cluster.probe(1).world.wake_at(due + milliseconds(60)); });
  cluster.until([&] { return count(cluster, Kind::wake) == 2; });
  EXPECT_GE(cluster.probe(1).events.back().now.monotonic, due + milliseconds(60));
}

TEST_P(TurnConformance, ALaterCallReplacesTheAlarm) {
  Cluster cluster(GetParam(), 1);
  Instant due;
  cluster.in_turn(1, [&] {
    due = monotonic(cluster) + milliseconds(40);
    cluster.probe(1).world.wake_at(due - milliseconds(30));
    cluster.probe(1).world.wake_at(due);  // later than the first
  });
  cluster.until([&] { return count(cluster, Kind::wake) == 1; });
  EXPECT_GE(monotonic(cluster), due);
  cluster.in_turn(1, [&] {
    due = monotonic(cluster) + milliseconds(5);
    cluster.probe(1).world.wake_at(due + seconds(3600));
    cluster.probe(1).world.wake_at(due);  // earlier than the first
  });
  cluster.until([&] { return count(cluster, Kind::wake) == 2; });
  EXPECT_LT(monotonic(cluster), due + seconds(3600));
  // The same, in turns of their own.
  cluster.in_turn(1, [&] { cluster.probe(1).world.wake_at(due + seconds(3600)); });
  cluster.in_turn(1, [&] {
    due = monotonic(cluster) + milliseconds(5);
    cluster.probe(1).world.wake_at(due);
  });
  cluster.until([&] { return count(cluster, Kind::wake) == 3; });
  EXPECT_GE(monotonic(cluster), due);
}

TEST_P(TurnConformance, NeverCancelsTheAlarm) {
  Cluster cluster(GetParam(), 1);
  Instant due;
  cluster.in_turn(1, [&] {
    due = monotonic(cluster) + milliseconds(10);
    cluster.probe(1).world.wake_at(due);
    cluster.probe(1).world.wake_at(Instant::never());
  });
  // Time passes by turns that are wanted.
  std::function<void()> again = [&] {
    if (monotonic(cluster) < due + milliseconds(20)) cluster.probe(1).later(again);
  };
  cluster.probe(1).later(again);
  cluster.until([&] { return monotonic(cluster) >= due + milliseconds(20); });
  EXPECT_EQ(count(cluster, Kind::wake), 0u);
}

TEST_P(TurnConformance, AnAlarmInThePastRingsSoon) {
  Cluster cluster(GetParam(), 1);
  int left = 5;
  cluster.probe(1).wake_hook = [&] {
    if (--left > 0) cluster.probe(1).world.wake_at(Instant{});
  };
  cluster.in_turn(1, [&] { cluster.probe(1).world.wake_at(Instant{}); });
  cluster.until([&] { return left == 0; });
  EXPECT_EQ(count(cluster, Kind::wake), 5u);
}

// In a turn: frames and link changes, then the disk, then the alarm, then once the end.
TEST_P(TurnConformance, ATurnHasItsOrder) {
  Cluster cluster(GetParam(), 2);
  cluster.connect_all();
  Probe& probe = cluster.probe(1);
  cluster.probe(2).frame_hook = [&](NodeId from, const Payload& frame) {
    for (int i = 0; i < 5; ++i) cluster.probe(2).world.network().send(from, {frame});
  };
  cluster.in_turn(1, [&] { probe.world.disk().create("a", 100, probe.done("create")); });
  for (uint64_t round = 0; round < 100; ++round) {
    cluster.in_turn(1, [&] {
      for (uint64_t i = 0; i < 3; ++i) {
        probe.world.disk().write("a", 0, {Payload::copy_of("x")}, world::Sync::no,
                                 probe.done(fmt::format("{}.{}", round, i)));
        probe.world.network().send(NodeId(2), {Payload::copy_of("echo")});
      }
      probe.world.wake_at(monotonic(cluster) + microseconds(static_cast<int64_t>(round) * 10));
    });
  }
  cluster.until([&] { return probe.count(Kind::frame) == 1500 && probe.outcomes.size() == 301; });
  const auto rank = [](Kind kind) {
    return kind == Kind::end_turn ? 3 : kind == Kind::wake ? 2 : kind == Kind::disk ? 1 : 0;
  };
  int last = 0;
  size_t mixed = 0;
  for (const Event& event : probe.events) {
    EXPECT_GE(rank(event.kind), last);
    mixed += last == 0 && event.kind == Kind::disk;
    last = event.kind == Kind::end_turn ? 0 : rank(event.kind);
  }
  EXPECT_GT(mixed, 0u);
}

TEST_P(TurnConformance, ClocksGoForward) {
  Cluster cluster(GetParam(), 1);
  const Now first = cluster.probe(1).world.now();
  for (int i = 0; i < 100; ++i) {
    cluster.in_turn(1, [&] {
      const Now a = cluster.probe(1).world.now();
      const Now b = cluster.probe(1).world.now();
      EXPECT_LE(a.monotonic, b.monotonic);
    });
  }
  cluster.in_turn(1, [&] { cluster.probe(1).world.wake_at(first.monotonic + milliseconds(30)); });
  cluster.until([&] { return count(cluster, Kind::wake) == 1; });
  const Now last = cluster.probe(1).world.now();
  EXPECT_GE(last.monotonic - first.monotonic, milliseconds(30));
  EXPECT_GE(last.wall.ms - first.wall.ms, 29);
  EXPECT_GT(first.wall.ms, 1'600'000'000'000) << "the wall clock counts milliseconds since 1970";
}

TEST_P(TurnConformance, EntropyDiffers) {
  Cluster cluster(GetParam(), 2);
  std::set<uint64_t> drawn;
  for (int i = 0; i < 100; ++i) {
    drawn.insert(cluster.probe(1).world.entropy());
    drawn.insert(cluster.probe(2).world.entropy());
  }
  cluster.kill(1);
  cluster.start(1);
  for (int i = 0; i < 100; ++i) drawn.insert(cluster.probe(1).world.entropy());
  EXPECT_EQ(drawn.size(), 300u);
}

TEST_P(TurnConformance, AStoppedNodeEndsAfterItsTurn) {
  Cluster cluster(GetParam(), 2);
  cluster.connect_all();
  bool went_on = false;
  EXPECT_FALSE(cluster.fixture().stop_reason(NodeId(1)).has_value());
  cluster.probe(1).later([&] {
    cluster.probe(1).world.stop("a sync has failed");
    went_on = true;
  });
  cluster.until([&] { return cluster.fixture().stop_reason(NodeId(1)).has_value(); });
  EXPECT_TRUE(went_on);
  EXPECT_EQ(*cluster.fixture().stop_reason(NodeId(1)), "a sync has failed");
  cluster.until([&] { return cluster.probe(2).count(Kind::outgoing_down, NodeId(1)) == 1; });
  cluster.start(1);
  cluster.connect_all();
  EXPECT_FALSE(cluster.fixture().stop_reason(NodeId(1)).has_value());
}

TEST_P(TurnConformance, APausedNodeHasNoTurns) {
  Cluster cluster(GetParam(), 2);
  cluster.connect_all();
  cluster.in_turn(1, [&] { cluster.probe(1).world.wake_at(monotonic(cluster) + milliseconds(1)); });
  cluster.fixture().pause(NodeId(1));
  const size_t before = cluster.probe(1).events.size();
  cluster.in_turn(2, [&] {
    Probe& other = cluster.probe(2);
    other.world.network().send(NodeId(1), {Payload::copy_of("wait")});
    other.world.wake_at(other.world.now().monotonic + milliseconds(30));
  });
  cluster.until([&] { return cluster.probe(2).count(Kind::wake) == 1; });
  EXPECT_EQ(cluster.probe(1).events.size(), before);
  cluster.fixture().resume(NodeId(1));
  cluster.until(
      [&] { return count(cluster, Kind::wake) == 1 && count(cluster, Kind::frame) == 1; });
}

}  // namespace
}  // namespace coterie::conformance
