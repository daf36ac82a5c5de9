// Turns, nodes and actors of the simulation, and that a seed means a run.
#include "coterie/world/sim/simulation.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "coterie/world/sim/test_tenant.h"

namespace coterie::sim {
namespace {

// A busy little cluster under every fault there is; returns the digest and describes what it went
// through.
struct Chaos {
  uint64_t digest = 0;
  uint64_t events = 0;
  uint64_t frames = 0;
  std::map<TraceKind, uint64_t> seen;
};

SimOptions chaos_options(uint64_t seed) {
  SimOptions options;
  options.seed = seed;
  options.link.loss_probability = 0.02;
  options.link.duplicate_probability = 0.02;
  options.link.reorder_probability = 0.02;
  options.link.break_mean = seconds(2);
  options.link.clog_mean = seconds(3);
  options.link.bytes_per_second = 10'000'000;
  options.clock.drift_ppm_max = 200;
  options.clock.wall_offset_max = seconds(5);
  options.clock.step_mean = seconds(2);
  options.disk.sync_failure_probability = 0.001;
  return options;
}

// It sends to its peers and writes, every five milliseconds, and answers long frames.
void equip_for_chaos(NodeId id, TestTenant& tenant) {
  TestTenant* self = &tenant;
  tenant.wake_hook = [self, id] {
    for (uint64_t peer = 1; peer <= 3; ++peer) {
      if (peer != id.value) self->send(peer, std::string(self->world.entropy() % 2000, 'x'));
    }
    const auto written = [self](Result<void> done) {
      if (!done) self->world.stop("write failed: " + done.error().message);
    };
    self->world.disk().write("log", 0, {Payload::copy_of("x")}, world::Sync::yes, written);
    self->world.wake_at(self->world.now().monotonic + milliseconds(5));
  };
  tenant.frame_hook = [self](NodeId from, const Payload& frame) {
    if (frame.size() > 1000) self->world.network().send(from, {frame.slice(0, 10)});
  };
  if (self->world.disk().list()->empty()) {
    self->world.disk().create("log", 1000, [self](Result<void>) { self->world.wake_at({}); });
  } else {
    self->world.wake_at({});
  }
}

void do_harm(Simulation& simulation, int step, NodeId node, NodeId other) {
  const CrashKind kind = step % 16 == 0 ? CrashKind::power : CrashKind::process;
  switch (step % 8) {
    case 0:
      return simulation.crash(node, {.kind = kind});
    case 1:
      for (NodeId each : simulation.nodes()) {
        if (!simulation.running(each)) simulation.start(each);
      }
      return;
    case 2:
      return simulation.pause(node);
    case 3:
      for (NodeId each : simulation.nodes()) simulation.unpause(each);
      return;
    case 4:
      return simulation.partition({node});
    case 5:
      return simulation.heal();
    case 6:
      if (node != other) simulation.block(node, other);
      return simulation.stall_disk(other);
    case 7:
      simulation.heal();
      simulation.resume_disk(node);
      return simulation.resume_disk(other);
  }
}

Chaos run_chaos(uint64_t seed, bool traced = true) {
  Chaos chaos;
  TestCluster cluster(chaos_options(seed), 3, equip_for_chaos);
  Simulation& simulation = cluster.simulation;
  if (traced) simulation.on_trace([&](const TraceEvent& event) { chaos.seen[event.kind] += 1; });
  Random plan(seed);
  for (int step = 0; step < 40; ++step) {
    const NodeId node(plan.below(3) + 1);
    const NodeId other(plan.below(3) + 1);
    simulation.at(Instant{} + milliseconds(200 + 100 * step),
                  [&simulation, step, node, other] { do_harm(simulation, step, node, other); });
  }
  simulation.run_to(Instant{} + seconds(5));
  chaos.digest = simulation.digest();
  chaos.events = simulation.events();
  for (NodeId node : simulation.nodes()) {
    if (simulation.running(node)) chaos.frames += cluster.tenant(node.value).frames;
  }
  return chaos;
}

TEST(Simulation, ASeedIsARun) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const Chaos first = run_chaos(seed);
    const Chaos second = run_chaos(seed);
    EXPECT_EQ(first.digest, second.digest) << seed;
    EXPECT_EQ(first.events, second.events) << seed;
    EXPECT_EQ(first.frames, second.frames) << seed;
    EXPECT_GT(first.events, 1000u);
    EXPECT_NE(first.digest, run_chaos(seed + 100).digest);
  }
}

// The same with every compiler and at every optimisation. Whoever changes what happens in a
// simulation changes the number, and writes the new one here.
TEST(Simulation, ASeedIsTheSameRunEverywhere) {
  EXPECT_EQ(run_chaos(42).digest, 0x07d957ae6b2e8558ULL) << std::hex << run_chaos(42).digest;
}

TEST(Simulation, WatchingChangesNothing) {
  EXPECT_EQ(run_chaos(5, true).digest, run_chaos(5, false).digest);
}

TEST(Simulation, EveryKindOfThingHappens) {
  std::map<TraceKind, uint64_t> seen;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    for (const auto& [kind, count] : run_chaos(seed).seen) seen[kind] += count;
  }
  for (const TraceKind kind :
       {TraceKind::crashed, TraceKind::paused, TraceKind::resumed, TraceKind::turn,
        TraceKind::frame_sent, TraceKind::frame_duplicated, TraceKind::frame_lost,
        TraceKind::frame_delivered, TraceKind::outgoing_up, TraceKind::outgoing_down,
        TraceKind::incoming_down, TraceKind::link_blocked, TraceKind::link_unblocked,
        TraceKind::disk_submitted, TraceKind::disk_done, TraceKind::clock_stepped}) {
    EXPECT_GT(seen[kind], 0u) << trace_kind_name(kind);
  }
}

// What a tenant does with its content is in the digest too: one byte more in one frame, and the run
// is another.
TEST(Simulation, TheDigestSeesContent) {
  const auto run = [](std::string_view frame, std::string_view written, std::string_view line) {
    TestCluster cluster({}, 2);
    cluster.connect();
    cluster.simulation.poke(NodeId(1), [&] {
      cluster.tenant(1).send(2, frame);
      cluster.tenant(1).world.disk().create("a", 3, [](Result<void>) {});
      cluster.tenant(1).world.disk().write("a", 0, {Payload::copy_of(written)}, world::Sync::no,
                                           [](Result<void>) {});
      cluster.tenant(1).world.log(world::LogLevel::info, line);
    });
    cluster.simulation.run_for(seconds(1));
    return cluster.simulation.digest();
  };
  const uint64_t plain = run("abc", "abc", "abc");
  EXPECT_EQ(run("abc", "abc", "abc"), plain);
  EXPECT_NE(run("abd", "abc", "abc"), plain);
  EXPECT_NE(run("abc", "abd", "abc"), plain);
  EXPECT_NE(run("abc", "abc", "abd"), plain);
}

// One stream per link, disk and node: a fault that is taken away in one place moves no decision
// elsewhere.
TEST(Simulation, ADecisionMovesNoOther) {
  const auto deliveries = [](double loss) {
    SimOptions options;
    options.link.delay = Delay::exponential(microseconds(100), milliseconds(5));
    TestCluster cluster(options, 3);
    cluster.connect();
    LinkOptions lossy = options.link;
    lossy.loss_probability = loss;
    cluster.simulation.link(NodeId(1), NodeId(2)).set_options(lossy);
    std::vector<std::pair<int64_t, uint64_t>> arrived;
    cluster.simulation.on_trace([&](const TraceEvent& event) {
      if (event.kind == TraceKind::frame_delivered && event.node == NodeId(3)) {
        arrived.emplace_back(event.when.ns, event.peer.value);
      }
    });
    for (int i = 0; i < 200; ++i) {
      cluster.simulation.poke(NodeId(1), [&] {
        cluster.tenant(1).send(2, "x");
        cluster.tenant(1).send(3, "x");
      });
      cluster.simulation.run_for(milliseconds(1));
    }
    cluster.simulation.run_for(seconds(1));
    const uint64_t at_the_other = cluster.tenant(2).frames;
    EXPECT_TRUE(loss == 0 ? at_the_other == 200 : at_the_other < 150);
    return arrived;
  };
  EXPECT_EQ(deliveries(0), deliveries(0.5));
}

TEST(Simulation, ActionsRunInOrderOfTimeThenOfCall) {
  Simulation simulation;
  std::string order;
  simulation.at(Instant{} + seconds(2), [&] { order += "c"; });
  simulation.at(Instant{} + seconds(1), [&] {
    order += "a";
    simulation.after({}, [&] { order += "d"; });
  });
  simulation.at(Instant{} + seconds(1), [&] { order += "b"; });
  simulation.run_to(Instant{} + seconds(1));
  EXPECT_EQ(order, "abd");
  EXPECT_EQ(simulation.now(), Instant{} + seconds(1));
  EXPECT_TRUE(simulation.run_until([&] { return order.size() == 4; }, seconds(5)));
  EXPECT_EQ(simulation.now(), Instant{} + seconds(2));
  EXPECT_FALSE(simulation.step());
  EXPECT_FALSE(simulation.run_until([] { return false; }, seconds(5)));
  EXPECT_EQ(simulation.now(), Instant{} + seconds(7));
}

TEST(Simulation, BatchesFormWhileANodeWorks) {
  SimOptions options;
  options.turn.cost = milliseconds(1);
  TestCluster cluster(options, 2);
  cluster.connect();
  cluster.simulation.run_for(milliseconds(10));
  const uint64_t before = cluster.tenant(2).turns;
  for (int i = 0; i < 100; ++i) {
    cluster.simulation.after(microseconds(50 * i), [&] { cluster.simulation.poke(NodeId(2)); });
  }
  cluster.simulation.run_for(milliseconds(20));
  const uint64_t turns = cluster.tenant(2).turns - before;
  EXPECT_GE(turns, 4u);  // 5 ms of pokes, a millisecond a turn
  EXPECT_LE(turns, 10u);
  cluster.simulation.set_slowness(NodeId(2), 3);
  const uint64_t then = cluster.tenant(2).turns;
  for (int i = 0; i < 100; ++i) {
    cluster.simulation.after(microseconds(50 * i), [&] { cluster.simulation.poke(NodeId(2)); });
  }
  cluster.simulation.run_for(milliseconds(20));
  EXPECT_LT(cluster.tenant(2).turns - then, turns);
}

TEST(Simulation, ATurnIsBounded) {
  SimOptions options;
  options.turn.items_max = 10;
  TestCluster cluster(options, 1);
  uint64_t in_turn = 0;
  uint64_t most = 0;
  uint64_t total = 0;
  cluster.tenant(1).turn_hook = [&] {
    most = std::max(most, in_turn);
    in_turn = 0;
  };
  for (int i = 0; i < 95; ++i) {
    cluster.simulation.poke(NodeId(1), [&] {
      in_turn += 1;
      total += 1;
    });
  }
  cluster.simulation.run_for(seconds(1));
  EXPECT_EQ(total, 95u);
  EXPECT_EQ(most, 10u);
  EXPECT_GE(cluster.tenant(1).turns, 10u);
}

TEST(Simulation, PokesRunInATurnAndDieWithTheNode) {
  TestCluster cluster({}, 1);
  cluster.simulation.run_for(seconds(1));
  int ran = 0;
  uint64_t turn = 0;
  cluster.tenant(1).turn_hook = [&] { turn += 1; };
  EXPECT_TRUE(cluster.simulation.poke(NodeId(1), [&] {
    ran += 1;
    EXPECT_EQ(turn, 0u);
    // What is poked from within comes in a later turn.
    cluster.simulation.poke(NodeId(1), [&] {
      ran += 1;
      EXPECT_EQ(turn, 1u);
    });
  }));
  EXPECT_EQ(ran, 0);
  cluster.simulation.run_for(seconds(1));
  EXPECT_EQ(ran, 2);
  EXPECT_EQ(turn, 2u);
  cluster.simulation.poke(NodeId(1), [&] { ran += 1; });
  cluster.simulation.crash(NodeId(1));
  EXPECT_FALSE(cluster.simulation.poke(NodeId(1), [&] { ran += 1; }));
  cluster.simulation.start(NodeId(1));
  cluster.simulation.run_for(seconds(1));
  EXPECT_EQ(ran, 2);
}

TEST(Simulation, ANodeMayBeCrashedFromWithinItsOwnTurn) {
  TestCluster cluster({}, 2);
  cluster.connect();
  bool after = false;
  cluster.simulation.poke(NodeId(1), [&] {
    cluster.simulation.crash(NodeId(1));
    EXPECT_TRUE(cluster.simulation.running(NodeId(1)));
    cluster.tenant(1).send(2, "last words");
    after = true;
  });
  cluster.simulation.run_for(seconds(10));
  EXPECT_TRUE(after);
  EXPECT_FALSE(cluster.simulation.running(NodeId(1)));
  EXPECT_FALSE(cluster.simulation.node(NodeId(2)).connected(NodeId(1)));
}

TEST(Simulation, AStoppedNodeSaysWhy) {
  TestCluster cluster({}, 1);
  cluster.simulation.poke(NodeId(1), [&] { cluster.tenant(1).world.stop("no more"); });
  cluster.simulation.run_for(seconds(1));
  EXPECT_FALSE(cluster.simulation.running(NodeId(1)));
  EXPECT_EQ(cluster.simulation.stop_reason(NodeId(1)), "no more");
  cluster.simulation.start(NodeId(1));
  EXPECT_EQ(cluster.simulation.stop_reason(NodeId(1)), std::nullopt);
  cluster.simulation.crash(NodeId(1));
  EXPECT_EQ(cluster.simulation.stop_reason(NodeId(1)), std::nullopt);
}

TEST(Simulation, ANodeThatStopsWhileItIsMadeIsDown) {
  Simulation simulation;
  simulation.add_node(NodeId(1), [](world::World& world) {
    world.stop("bad papers");
    return std::make_unique<TestTenant>(world);
  });
  EXPECT_FALSE(simulation.running(NodeId(1)));
  EXPECT_EQ(simulation.stop_reason(NodeId(1)), "bad papers");
  simulation.run_for(seconds(1));
}

TEST(Simulation, DisksOutliveTheirNodesUntilWiped) {
  TestCluster cluster({}, 1);
  cluster.simulation.poke(
      NodeId(1), [&] { cluster.tenant(1).world.disk().create("a", 7, [](Result<void>) {}); });
  cluster.simulation.run_for(seconds(1));
  cluster.simulation.crash(NodeId(1), {.survival = Survival::none});
  cluster.simulation.start(NodeId(1));
  EXPECT_EQ(cluster.tenant(1).world.disk().list()->size(), 1u);
  cluster.simulation.wipe(NodeId(1));
  EXPECT_FALSE(cluster.simulation.running(NodeId(1)));
  cluster.simulation.start(NodeId(1));
  EXPECT_TRUE(cluster.tenant(1).world.disk().list()->empty());
}

TEST(Simulation, AStalledDiskCompletesWhenItResumes) {
  TestCluster cluster({}, 1);
  int completed = 0;
  cluster.simulation.stall_disk(NodeId(1));
  cluster.simulation.poke(NodeId(1), [&] {
    cluster.tenant(1).world.disk().create("a", 7, [&](Result<void>) { completed += 1; });
    cluster.tenant(1).world.disk().create("b", 7, [&](Result<void>) { completed += 1; });
  });
  cluster.simulation.run_for(seconds(10));
  EXPECT_EQ(completed, 0);
  cluster.simulation.resume_disk(NodeId(1));
  EXPECT_EQ(completed, 0) << "only in a turn";
  cluster.simulation.run_for(seconds(1));
  EXPECT_EQ(completed, 2);
}

TEST(Simulation, SlowDisksAreSlow) {
  SimOptions options;
  options.disk.sync_delay = Delay::constant(milliseconds(200));
  TestCluster cluster(options, 1);
  Instant done;
  cluster.simulation.poke(NodeId(1), [&] {
    cluster.tenant(1).world.disk().create("a", 1,
                                          [&](Result<void>) { done = cluster.simulation.now(); });
  });
  cluster.simulation.run_for(seconds(1));
  EXPECT_GE(done, Instant{} + milliseconds(200));
  EXPECT_LT(done, Instant{} + milliseconds(202));
}

// A device makes one thing durable at a time: so the next batch forms while the last is being
// synced.
TEST(Simulation, SyncsOfOneDiskComeOneAfterTheOther) {
  SimOptions options;
  options.disk.sync_delay = Delay::constant(milliseconds(10));
  TestCluster cluster(options, 1);
  std::vector<Instant> done;
  cluster.simulation.poke(NodeId(1), [&] {
    for (const char* name : {"a", "b", "c"}) {
      cluster.tenant(1).world.disk().create(
          name, 1, [&](Result<void>) { done.push_back(cluster.simulation.now()); });
    }
  });
  cluster.simulation.run_for(seconds(1));
  ASSERT_EQ(done.size(), 3u);
  EXPECT_GE(done[1] - done[0], milliseconds(10));
  EXPECT_GE(done[2] - done[1], milliseconds(10));
}

TEST(Simulation, CountsWhatHappened) {
  TestCluster cluster({}, 2);
  cluster.connect();
  cluster.simulation.poke(NodeId(1), [&] { cluster.tenant(1).send(2, "x"); });
  cluster.simulation.run_for(seconds(1));
  cluster.simulation.crash(NodeId(2));
  EXPECT_EQ(cluster.simulation.count(TraceKind::started), 2u);
  EXPECT_EQ(cluster.simulation.count(TraceKind::frame_sent), 1u);
  EXPECT_EQ(cluster.simulation.count(TraceKind::frame_delivered), 1u);
  EXPECT_EQ(cluster.simulation.count(TraceKind::crashed), 1u);
  EXPECT_EQ(cluster.simulation.count(TraceKind::frame_lost), 0u);
}

TEST(Simulation, LogLinesAreKeptUpToALimit) {
  SimOptions options;
  options.log_lines_max = 5;
  TestCluster cluster(options, 1);
  for (int i = 0; i < 9; ++i) {
    cluster.tenant(1).world.log(world::LogLevel::warning, "line " + std::to_string(i));
  }
  ASSERT_EQ(cluster.simulation.log_lines().size(), 5u);
  EXPECT_EQ(cluster.simulation.log_lines().front().text, "line 4");
  EXPECT_EQ(cluster.simulation.log_lines().back().node, NodeId(1));
}

TEST(Simulation, TracesCanBeRead) {
  TestCluster cluster({}, 2);
  std::vector<std::string> lines;
  std::string bytes;  // of frames, as they were sent
  cluster.simulation.on_trace([&](const TraceEvent& event) {
    lines.push_back(describe(event));
    if (event.parts == nullptr) return;
    for (const Payload& part : *event.parts) bytes += part.view();
  });
  cluster.connect();
  cluster.simulation.poke(NodeId(1), [&] { cluster.tenant(1).send(2, "hello"); });
  cluster.simulation.run_for(milliseconds(100));
  const auto has = [&](std::string_view part) {
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find(part) != std::string::npos;
    });
  };
  EXPECT_TRUE(has("1 > 2 frame_sent #1 13 bytes"));
  EXPECT_TRUE(has("2 > 1 frame_delivered #1 5 bytes"));
  EXPECT_EQ(bytes, "hello");
}

// Who looks at the touched ones alone must miss nothing: a turn, a start and an end.
TEST(Simulation, TellsWhichTenantsAnEventTouched) {
  TestCluster cluster(chaos_options(5), 3, equip_for_chaos);
  Simulation& simulation = cluster.simulation;
  simulation.after(milliseconds(100), [&] { simulation.crash(NodeId(2)); });
  simulation.after(milliseconds(200), [&] { simulation.start(NodeId(2)); });
  // By node: what it looked like when it was touched last.
  std::map<NodeId, std::pair<uint64_t, uint64_t>> known;
  uint64_t untouched = 0;
  while (simulation.now() < Instant{0} + milliseconds(300) && simulation.step()) {
    untouched += simulation.touched().empty();
    for (NodeId node : simulation.nodes()) {
      const auto* tenant = static_cast<const TestTenant*>(simulation.tenant(node));
      const std::pair now{simulation.node(node).incarnation() + (tenant == nullptr ? 1'000 : 0),
                          tenant == nullptr ? 0 : tenant->turns};
      const auto& touched = simulation.touched();
      if (std::find(touched.begin(), touched.end(), node) != touched.end() || !known.contains(node))
        known[node] = now;
      ASSERT_EQ(known[node], now) << "node " << node.value;
    }
  }
  EXPECT_GT(untouched, 100u);
  EXPECT_EQ(simulation.node(NodeId(2)).incarnation(), 2u);
}

}  // namespace
}  // namespace coterie::sim
