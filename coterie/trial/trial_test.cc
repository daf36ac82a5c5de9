// Whole clusters on trial: a fault-free run, every kind of fault alone, all at once, and the same
// plan twice.
#include "coterie/trial/trial.h"

#include <gtest/gtest.h>

#include "coterie/base/reached_count.h"
#include "coterie/trial/plan.h"

namespace coterie::trial {
namespace {

PlanOptions options_of(uint64_t seed) {
  PlanOptions options;
  options.seed = seed;
  options.clients = 16;
  options.duration = seconds(4);
  return options;
}

TrialReport run(const PlanOptions& options) { return run_trial(draw_plan(options)); }

TEST(Trial, WithoutFaultsNothingIsRefusedOrUnknown) {
  PlanOptions options = options_of(1);
  options.faults = options.hostile = false;
  Plan plan = draw_plan(options);
  for (auto& [number, client] : plan.clients) client.hurry_permille = 0;
  plan.early = plan.freeze = false;
  const TrialReport report = run_trial(plan);
  EXPECT_TRUE(report.passed()) << report.reason;
  EXPECT_FALSE(report.vacuous);
  EXPECT_EQ(report.unknown, 0u);
  EXPECT_GT(report.acknowledged, 500u);
  EXPECT_EQ(report.leaders, 1u);
}

TEST(Trial, TheSamePlanIsTheSameRun) {
  const TrialReport once = run(options_of(7));
  const TrialReport again = run(options_of(7));
  EXPECT_EQ(once.digest, again.digest);
  EXPECT_EQ(once.events, again.events);
  EXPECT_EQ(once.history, again.history);
  EXPECT_NE(once.digest, run(options_of(8)).digest);
}

// Nobody asks anything: the run passes and proves nothing.
TEST(Trial, ARunInWhichTooLittleHappensIsVacuous) {
  PlanOptions options = options_of(1);
  options.faults = false;
  options.pause_mean = seconds(3'600);
  const TrialReport report = run(options);
  EXPECT_TRUE(report.passed()) << report.reason;
  EXPECT_TRUE(report.vacuous);
}

// A paused process hears of it when it goes on, long after the fault is over; then it stops.
TEST(Trial, ANodeMayStopLateOfAFailedSync) {
  const std::string_view path = "trial: a failed sync is told late";
  const uint64_t before = reached(path);
  PlanOptions options = options_of(1);
  options.faults = options.hostile = false;
  Plan plan = draw_plan(options);
  plan.early = false;
  const auto add = [&](int64_t at_ms, FaultKind kind, NodeId node, int64_t length_ms) {
    PlannedFault fault;
    fault.at = milliseconds(at_ms);
    fault.kind = kind;
    fault.node = node;
    fault.length = milliseconds(length_ms);
    plan.faults.push_back(fault);
  };
  for (uint64_t node = 1; node <= 3; ++node) {
    const int64_t at_ms = static_cast<int64_t>(node) * 1'000;
    add(at_ms, FaultKind::stall, NodeId(node), 100);
    add(at_ms + 20, FaultKind::fail_sync, NodeId(node), 200);
    add(at_ms + 40, FaultKind::pause, NodeId(node), 500);
  }
  const TrialReport report = run_trial(plan);
  EXPECT_TRUE(report.passed()) << report.reason;
  EXPECT_GT(reached(path), before);
}

class EachFault : public testing::TestWithParam<int> {};

TEST_P(EachFault, StrikesAndIsSurvived) {
  const auto kind = static_cast<FaultKind>(GetParam());
  uint64_t struck = 0;
  for (uint64_t seed = 1; seed <= 2 || (struck == 0 && seed <= 20); ++seed) {
    PlanOptions options = options_of(seed);
    options.only = {kind};
    const TrialReport report = run(options);
    EXPECT_TRUE(report.passed()) << "seed " << seed << ": " << report.reason;
    struck += report.struck;
  }
  EXPECT_GT(struck, 0u);
}

std::string name_of(const testing::TestParamInfo<int>& info) {
  std::string name(fault_kind_name(static_cast<FaultKind>(info.param)));
  for (char& letter : name) {
    if (letter == '-') letter = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, EachFault, testing::Range(0, static_cast<int>(fault_kinds)), name_of);

}  // namespace
}  // namespace coterie::trial
