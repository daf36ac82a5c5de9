// Whole clusters on trial: a fault-free run, every kind of fault alone, all at once, and the same
// plan twice.
#include "coterie/trial/trial.h"

#include <gtest/gtest.h>

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
