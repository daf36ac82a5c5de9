// The simulated network: what each fault does, how often, and what it leaves alone.
#include "coterie/world/sim/link.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "coterie/world/sim/test_tenant.h"

namespace coterie::sim {
namespace {

struct Arrival {
  Instant when;
  uint64_t number = 0;
};

// Node 1 sends numbered frames to node 2, one every `every`; returns what arrived, with the time on
// the way.
struct Stream {
  explicit Stream(const LinkOptions& link, uint64_t seed = 1, TurnOptions turn = {})
      : cluster(
            [&] {
              SimOptions options;
              options.seed = seed;
              options.link = link;
              options.turn = turn;
              return options;
            }(),
            2) {
    cluster.connect();
    cluster.tenant(2).frame_hook = [this](NodeId, const Payload& frame) {
      arrivals.push_back({cluster.simulation.now(), std::stoull(frame.text())});
    };
  }
  void send(size_t count, Duration every, size_t size_bytes = 10) {
    for (size_t i = 0; i < count; ++i) {
      cluster.simulation.poke(NodeId(1), [this, size_bytes] {
        std::string text = std::to_string(sent_at.size());
        text.resize(std::max(size_bytes, text.size()), ' ');
        sent_at.push_back(cluster.simulation.now());
        cluster.tenant(1).send(2, text);
      });
      cluster.simulation.run_for(every);
    }
    cluster.simulation.run_for(seconds(10));
  }
  std::vector<double> milliseconds_taken() const {
    std::vector<double> taken;
    for (const Arrival& arrival : arrivals) {
      taken.push_back((arrival.when - sent_at[arrival.number]).seconds() * 1000);
    }
    return taken;
  }
  bool in_order() const {
    return std::is_sorted(arrivals.begin(), arrivals.end(),
                          [](const Arrival& a, const Arrival& b) { return a.number < b.number; });
  }

  TestCluster cluster;
  std::vector<Instant> sent_at;
  std::vector<Arrival> arrivals;
};

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

LinkOptions with_delay(Delay delay) {
  LinkOptions options;
  options.delay = delay;
  return options;
}

TEST(Link, HealthyLinksDeliverAllInOrder) {
  Stream stream(with_delay(Delay::exponential({}, milliseconds(10))));
  stream.send(2000, microseconds(500));
  EXPECT_EQ(stream.arrivals.size(), 2000u);
  EXPECT_TRUE(stream.in_order());
}

TEST(Link, DelaysFollowTheirDistribution) {
  const Duration apart = milliseconds(500);  // so that none waits for one before it
  Stream constant(with_delay(Delay::constant(milliseconds(20))));
  constant.send(200, apart);
  for (double taken : constant.milliseconds_taken()) EXPECT_NEAR(taken, 20, 0.1);

  Stream uniform(with_delay(Delay::uniform(milliseconds(10), milliseconds(30))));
  uniform.send(2000, apart);
  EXPECT_NEAR(mean(uniform.milliseconds_taken()), 20, 0.6);
  for (double taken : uniform.milliseconds_taken()) EXPECT_TRUE(taken >= 10 && taken < 30.1);

  Stream exponential(with_delay(Delay::exponential(milliseconds(5), milliseconds(20))));
  exponential.send(2000, apart);
  EXPECT_NEAR(mean(exponential.milliseconds_taken()), 25, 2);

  Stream pareto(with_delay(Delay::pareto(milliseconds(10), 2.5, seconds(60))));
  pareto.send(2000, apart);
  const std::vector<double> taken = pareto.milliseconds_taken();
  EXPECT_NEAR(mean(taken), 10 * 2.5 / 1.5, 2);
  EXPECT_GT(*std::max_element(taken.begin(), taken.end()), 60);
  EXPECT_GE(*std::min_element(taken.begin(), taken.end()), 10);
}

TEST(Link, LossAndDuplicationOccurAsOftenAsAsked) {
  LinkOptions options;
  options.loss_probability = 0.1;
  options.duplicate_probability = 0.05;
  Stream stream(options);
  stream.send(10'000, microseconds(100));
  std::map<uint64_t, int> copies;
  for (const Arrival& arrival : stream.arrivals) copies[arrival.number] += 1;
  EXPECT_NEAR(static_cast<double>(copies.size()), 9000, 120);
  const auto twice =
      std::count_if(copies.begin(), copies.end(), [](const auto& c) { return c.second == 2; });
  EXPECT_NEAR(static_cast<double>(twice), 450, 70);
}

TEST(Link, ReorderedFramesAreOvertakenNotLost) {
  LinkOptions options;
  options.reorder_probability = 0.1;
  Stream stream(options);
  stream.send(5000, microseconds(100));
  EXPECT_EQ(stream.arrivals.size(), 5000u);
  EXPECT_FALSE(stream.in_order());
  std::set<uint64_t> numbers;
  for (const Arrival& arrival : stream.arrivals) numbers.insert(arrival.number);
  EXPECT_EQ(numbers.size(), 5000u);
}

TEST(Link, BandwidthBoundsThroughputAndFillsTheQueue) {
  LinkOptions options;
  options.bytes_per_second = 1'000'000;
  options.queue_bytes_max = 100'000;
  Stream stream(options);
  uint64_t most = 0;
  for (int i = 0; i < 200; ++i) {
    stream.cluster.simulation.poke(NodeId(1), [&] {
      std::string text = std::to_string(stream.sent_at.size());
      stream.sent_at.push_back(stream.cluster.simulation.now());
      text.resize(992, ' ');
      stream.cluster.tenant(1).send(2, text);
      most = std::max(most, stream.cluster.tenant(1).world.network().queued_bytes(NodeId(2)));
    });
  }
  stream.cluster.simulation.run_for(milliseconds(50));
  EXPECT_NEAR(static_cast<double>(stream.arrivals.size()), 50, 2);
  stream.cluster.simulation.run_for(seconds(1));
  EXPECT_GT(most, 95'000u);
  EXPECT_LE(most, 100'000u);
  EXPECT_GE(stream.arrivals.size(), 99u);
  EXPECT_LE(stream.arrivals.size(), 102u);
  EXPECT_EQ(stream.cluster.tenant(1).world.network().queued_bytes(NodeId(2)), 0u);
}

TEST(Link, ClogsHoldEverythingBack) {
  Stream stream(LinkOptions{});
  stream.cluster.simulation.link(NodeId(1), NodeId(2)).clog(seconds(2));
  stream.send(100, milliseconds(10));
  EXPECT_EQ(stream.arrivals.size(), 100u);
  EXPECT_TRUE(stream.in_order());
  EXPECT_GE(stream.arrivals.front().when - stream.sent_at.front(), milliseconds(1900));
  LinkOptions options;
  options.clog_mean = seconds(1);
  Stream spontaneous(options);
  spontaneous.send(1000, milliseconds(10));
  const std::vector<double> taken = spontaneous.milliseconds_taken();
  EXPECT_GT(*std::max_element(taken.begin(), taken.end()), 200);
}

// The stream is cut at any byte: half frames are discarded, and what was whole before the cut has
// arrived.
TEST(Link, ConnectionsBreakInMidFrame) {
  size_t cut = 0;
  size_t partly = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Stream stream(with_delay(Delay::constant(milliseconds(1))), seed);
    Simulation& simulation = stream.cluster.simulation;
    simulation.on_trace([&](const TraceEvent& event) {
      cut += event.kind == TraceKind::frame_lost && event.text == "cut in the middle";
    });
    stream.send(0, {});
    for (int i = 0; i < 20; ++i) {
      simulation.poke(NodeId(1), [&] {
        std::string text = std::to_string(stream.sent_at.size());
        stream.sent_at.push_back(simulation.now());
        text.resize(5000, ' ');
        stream.cluster.tenant(1).send(2, text);
      });
    }
    simulation.run_for(microseconds(300));
    simulation.link(NodeId(1), NodeId(2)).break_now();
    simulation.run_for(seconds(1));
    ASSERT_TRUE(stream.in_order());
    for (size_t i = 0; i < stream.arrivals.size(); ++i) EXPECT_EQ(stream.arrivals[i].number, i);
    partly += !stream.arrivals.empty() && stream.arrivals.size() < 20;
    EXPECT_EQ(stream.cluster.tenant(1).links, (std::vector<std::string>{"2 up", "2 down", "2 up"}));
    EXPECT_EQ(stream.cluster.tenant(2).links, (std::vector<std::string>{"1 up", "1 gone"}));
    const size_t before = stream.arrivals.size();
    stream.send(10, milliseconds(1));
    EXPECT_EQ(stream.arrivals.size(), before + 10);
  }
  EXPECT_GT(cut, 20u);
  EXPECT_GT(partly, 20u);
}

TEST(Link, SpontaneousBreaksHeal) {
  LinkOptions options;
  options.break_mean = seconds(1);
  Stream stream(options);
  stream.send(2000, milliseconds(10));
  const auto& links = stream.cluster.tenant(1).links;
  const auto downs = std::count(links.begin(), links.end(), "2 down");
  EXPECT_GT(downs, 10);
  EXPECT_LT(downs, 60);
  EXPECT_GT(stream.arrivals.size(), 1700u);
  EXPECT_LT(stream.arrivals.size(), 2000u);
}

TEST(Link, AShortPartitionDelaysALongOneBreaks) {
  LinkOptions options;
  options.silence_timeout = Delay::constant(seconds(1));
  Stream stream(options);
  Simulation& simulation = stream.cluster.simulation;
  simulation.partition({NodeId(1)});
  simulation.after(milliseconds(500), [&] { simulation.heal(); });
  stream.send(10, milliseconds(10));
  EXPECT_EQ(stream.arrivals.size(), 10u);
  EXPECT_GE(stream.arrivals.front().when - stream.sent_at.front(), milliseconds(490));
  EXPECT_EQ(stream.cluster.tenant(1).links, (std::vector<std::string>{"2 up"}));

  simulation.partition({NodeId(1)});
  stream.send(10, milliseconds(10));
  EXPECT_EQ(stream.arrivals.size(), 10u);
  EXPECT_FALSE(simulation.node(NodeId(1)).connected(NodeId(2)));
  EXPECT_EQ(stream.cluster.tenant(1).links, (std::vector<std::string>{"2 up", "2 down", "2 gone"}));
  simulation.heal();
  EXPECT_TRUE(stream.cluster.connect());
  stream.send(10, milliseconds(10));
  EXPECT_EQ(stream.arrivals.size(), 20u) << "what was sent into the partition never arrives";
}

TEST(Link, OneWayPartitionsBlockOneWay) {
  Stream stream(LinkOptions{});
  Simulation& simulation = stream.cluster.simulation;
  simulation.block(NodeId(1), NodeId(2));
  for (int i = 0; i < 20; ++i) {
    simulation.poke(NodeId(2), [&] { stream.cluster.tenant(2).send(1, "x"); });
    simulation.run_for(seconds(1));
  }
  stream.send(10, milliseconds(10));
  EXPECT_EQ(stream.cluster.tenant(1).frames, 20u);
  EXPECT_TRUE(stream.arrivals.empty());
  EXPECT_TRUE(simulation.link(NodeId(1), NodeId(2)).blocked());
  EXPECT_FALSE(simulation.link(NodeId(2), NodeId(1)).blocked());
}

TEST(Link, AKilledProcessIsNoticedSoonADeadMachineLater) {
  LinkOptions options;
  options.silence_timeout = Delay::constant(seconds(2));
  for (const CrashKind kind : {CrashKind::process, CrashKind::power}) {
    Stream stream(options);
    Simulation& simulation = stream.cluster.simulation;
    simulation.crash(NodeId(1), {.kind = kind});
    simulation.run_for(milliseconds(100));
    const bool noticed = stream.cluster.tenant(2).links.size() == 3;
    EXPECT_EQ(noticed, kind == CrashKind::process);
    simulation.run_for(seconds(3));
    const std::vector<std::string>& links = stream.cluster.tenant(2).links;
    EXPECT_EQ(std::set<std::string>(links.begin(), links.end()),
              (std::set<std::string>{"1 up", "1 down", "1 gone"}));
  }
}

TEST(Link, AMachineThatComesBackEndsItsOldConnections) {
  LinkOptions options;
  options.silence_timeout = Delay::constant(seconds(60));
  Stream stream(options);
  Simulation& simulation = stream.cluster.simulation;
  simulation.crash(NodeId(1), {.kind = CrashKind::power});
  simulation.run_for(seconds(1));
  EXPECT_EQ(stream.cluster.tenant(2).links, (std::vector<std::string>{"1 up"}));
  simulation.start(NodeId(1));
  EXPECT_TRUE(stream.cluster.connect());
  simulation.run_for(seconds(1));
  const std::vector<std::string>& links = stream.cluster.tenant(2).links;
  EXPECT_EQ(std::multiset<std::string>(links.begin(), links.end()),
            (std::multiset<std::string>{"1 up", "1 gone", "1 down", "1 up"}));
}

TEST(Link, ADeadNodeConnectsToNobody) {
  Stream stream(LinkOptions{});
  Simulation& simulation = stream.cluster.simulation;
  simulation.crash(NodeId(2));
  simulation.run_for(seconds(10));  // node 1 tries again and again
  simulation.crash(NodeId(1));
  simulation.start(NodeId(2));
  simulation.run_for(seconds(10));
  EXPECT_FALSE(simulation.link(NodeId(1), NodeId(2)).connected());
  simulation.start(NodeId(1));
  EXPECT_TRUE(stream.cluster.connect());
  simulation.run_for(seconds(1));
  EXPECT_EQ(stream.cluster.tenant(2).links, (std::vector<std::string>{"1 up"}));
}

// A silence is measured from the partition that began it, not from one that has healed.
TEST(Link, EachPartitionHasItsOwnSilence) {
  LinkOptions options;
  options.silence_timeout = Delay::constant(seconds(1));
  Stream stream(options);
  Simulation& simulation = stream.cluster.simulation;
  for (int i = 0; i < 5; ++i) {
    simulation.partition({NodeId(1)});
    simulation.run_for(milliseconds(900));
    simulation.heal();
    simulation.run_for(milliseconds(50));
  }
  EXPECT_EQ(stream.cluster.tenant(1).links, (std::vector<std::string>{"2 up"}));
}

// No frame of a connection comes after the receiver has heard of its end, whatever the network
// does.
TEST(Link, NothingArrivesAfterTheEnd) {
  LinkOptions options;
  options.delay = Delay::exponential({}, milliseconds(3));
  options.reorder_probability = 0.2;
  options.duplicate_probability = 0.2;
  options.break_mean = milliseconds(200);
  Stream stream(options);
  Simulation& simulation = stream.cluster.simulation;
  // Each connection has a number, told by the sender's own events; frames name theirs.
  uint64_t connection = 1;
  uint64_t ended = 0;
  uint64_t received = 0;
  simulation.on_trace([&](const TraceEvent& event) {
    if (event.kind == TraceKind::outgoing_up && event.node == NodeId(1)) connection += 1;
  });
  stream.cluster.tenant(2).frame_hook = [&](NodeId, const Payload& frame) {
    received += 1;
    EXPECT_GT(std::stoull(frame.text()), ended);
    const auto& links = stream.cluster.tenant(2).links;
    ended = static_cast<uint64_t>(std::count(links.begin(), links.end(), "1 gone"));
  };
  for (int i = 0; i < 5000; ++i) {
    simulation.poke(NodeId(1),
                    [&] { stream.cluster.tenant(1).send(2, std::to_string(connection)); });
    simulation.run_for(milliseconds(1));
  }
  EXPECT_GT(ended, 5u);
  EXPECT_GT(received, 2000u);
}

TEST(Link, AStoppedReceiverStopsTheStream) {
  LinkOptions options;
  options.window_bytes = 10'000;
  Stream stream(options);
  Simulation& simulation = stream.cluster.simulation;
  simulation.pause(NodeId(2));
  stream.send(100, milliseconds(1), 1000);
  EXPECT_GE(stream.cluster.tenant(1).world.network().queued_bytes(NodeId(2)), 85'000u);
  EXPECT_TRUE(stream.arrivals.empty());
  simulation.unpause(NodeId(2));
  simulation.run_for(seconds(1));
  EXPECT_EQ(stream.arrivals.size(), 100u);
  EXPECT_TRUE(stream.in_order());
}

}  // namespace
}  // namespace coterie::sim
