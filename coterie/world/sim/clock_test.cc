// Clocks that are wrong in known ways, and alarms set by them.
#include "coterie/world/sim/clock.h"

#include <gtest/gtest.h>

#include "coterie/world/sim/test_tenant.h"

namespace coterie::sim {
namespace {

Instant at(int64_t ns) { return {ns}; }

TEST(SimClock, HonestByDefault) {
  Random random(1);
  const SimClock clock(ClockOptions{}, random);
  const Now first = clock.at(at(0));
  EXPECT_EQ(first.wall.ms, 1'700'000'000'000);
  const Now later = clock.at(at(0) + seconds(10));
  EXPECT_EQ(later.monotonic - first.monotonic, seconds(10));
  EXPECT_EQ(later.wall.ms - first.wall.ms, 10'000);
}

TEST(SimClock, OffsetAndDriftStayWithinTheirBounds) {
  bool fast = false;
  bool slow = false;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    ClockOptions options;
    options.wall_offset_max = seconds(5);
    options.drift_ppm_max = 500;
    const SimClock clock(options, random);
    const Now first = clock.at(at(0));
    EXPECT_LE(std::abs(first.wall.ms - options.start.ms), 5'000);
    const Duration passed = clock.at(at(0) + seconds(1000)).monotonic - first.monotonic;
    EXPECT_LE(std::abs((passed - seconds(1000)).ns), milliseconds(500).ns);
    fast |= passed > seconds(1000);
    slow |= passed < seconds(1000);
  }
  EXPECT_TRUE(fast && slow);
}

TEST(SimClock, StepsMoveTheWallClockOnly) {
  Random random(1);
  SimClock clock(ClockOptions{}, random);
  const Now before = clock.at(at(5));
  clock.step_wall(seconds(-3));
  const Now after = clock.at(at(5));
  EXPECT_EQ(after.monotonic, before.monotonic);
  EXPECT_EQ(after.wall.ms, before.wall.ms - 3'000);
}

TEST(SimClock, AlarmsAreExact) {
  Random random(1);
  for (const int64_t ppm : {0, 1, -1, 333, -333, 500'000, -500'000}) {
    SimClock clock(ClockOptions{}, random);
    clock.set_drift(ppm, at(12'345));
    for (int i = 0; i < 200; ++i) {
      const Instant from = at(random.between(12'345, seconds(100).ns));
      const Instant local =
          clock.monotonic(from) + Duration{random.between(-1000, seconds(100).ns)};
      const Instant when = clock.when(local, from);
      ASSERT_GE(when, from);
      ASSERT_GE(clock.monotonic(when), local);
      if (when > from) {
        ASSERT_LT(clock.monotonic(when - nanoseconds(1)), local);
      }
    }
    EXPECT_EQ(clock.when(Instant::never(), at(0)), Instant::never());
  }
}

TEST(SimClock, NeverGoesBackWhenItsSpeedChanges) {
  Random random(3);
  SimClock clock(ClockOptions{}, random);
  Instant last = clock.monotonic(at(0));
  for (int64_t t = 1; t < 1000; ++t) {
    clock.set_drift(random.between(-900'000, 900'000), at(t * 1000));
    const Instant now = clock.monotonic(at(t * 1000));
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(SimClock, NodesWakeByTheirOwnClock) {
  TestCluster cluster({}, 2);
  cluster.simulation.set_drift(NodeId(2), 100'000);  // ten per cent fast
  std::map<uint64_t, Instant> woken;
  for (uint64_t node = 1; node <= 2; ++node) {
    TestTenant& tenant = cluster.tenant(node);
    tenant.wake_hook = [&, node] { woken[node] = cluster.simulation.now(); };
    tenant.world.wake_at(tenant.world.now().monotonic + seconds(11));
  }
  cluster.simulation.run_for(seconds(20));
  EXPECT_NEAR(woken[1].ns / 1e9, 11, 0.001);
  EXPECT_NEAR(woken[2].ns / 1e9, 10, 0.001);
}

TEST(SimClock, WallClocksStepByThemselves) {
  SimOptions options;
  options.clock.step_mean = seconds(1);
  options.clock.step_max = milliseconds(500);
  TestCluster cluster(options, 1);
  int steps = 0;
  cluster.simulation.on_trace([&](const TraceEvent& event) {
    if (event.kind != TraceKind::clock_stepped) return;
    steps += 1;
    EXPECT_LE(std::abs(static_cast<int64_t>(event.number)), milliseconds(500).ns);
  });
  cluster.simulation.run_for(seconds(100));
  EXPECT_NEAR(steps, 100, 30);
  cluster.simulation.set_clock_steps(NodeId(1), {}, {});
  const int before = steps;
  cluster.simulation.run_for(seconds(100));
  EXPECT_EQ(steps, before);
}

TEST(Delay, EverySampleTakesOneNumber) {
  const Delay delays[] = {Delay::constant(milliseconds(1)),
                          Delay::uniform(milliseconds(1), milliseconds(2)),
                          Delay::exponential(milliseconds(1), milliseconds(2)),
                          Delay::pareto(milliseconds(1), 1.5, seconds(1))};
  for (const Delay& delay : delays) {
    Random sampled(9);
    Random plain(9);
    for (int i = 0; i < 1000; ++i) {
      const Duration sample = delay.sample(sampled);
      plain.next();
      EXPECT_GE(sample, milliseconds(1));
      EXPECT_LE(sample, delay.most);
    }
    EXPECT_EQ(sampled, plain);
  }
}

TEST(Delay, HeavyTailsAreCutAtTheMost) {
  Random random(1);
  const Delay delay = Delay::pareto(milliseconds(1), 0.5, milliseconds(100));
  bool cut = false;
  for (int i = 0; i < 1000; ++i) cut |= delay.sample(random) == milliseconds(100);
  EXPECT_TRUE(cut);
}

}  // namespace
}  // namespace coterie::sim
