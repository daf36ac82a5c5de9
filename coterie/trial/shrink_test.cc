// Shrinking against made-up failures whose smallest plan is known.
#include "coterie/trial/shrink.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace coterie::trial {
namespace {

Plan large_plan() {
  PlanOptions options;
  options.seed = 3;
  options.nodes = 5;
  options.clients = 16;
  options.duration = seconds(10);
  Plan plan = draw_plan(options);
  PlannedFault crash;
  crash.kind = FaultKind::crash;
  crash.node = NodeId(2);
  crash.at = milliseconds(1'500);
  crash.length = milliseconds(900);
  PlannedFault cut;
  cut.kind = FaultKind::one_way;
  cut.node = NodeId(1);
  cut.peer = NodeId(3);
  cut.at = milliseconds(1'700);
  cut.length = milliseconds(640);
  plan.faults.push_back(crash);
  plan.faults.push_back(cut);
  std::stable_sort(plan.faults.begin(), plan.faults.end(),
                   [](const PlannedFault& a, const PlannedFault& b) { return a.at < b.at; });
  return plan;
}

bool has(const Plan& plan, FaultKind kind, uint64_t node) {
  return std::any_of(plan.faults.begin(), plan.faults.end(), [&](const PlannedFault& fault) {
    return fault.kind == kind && fault.node.value == node;
  });
}

bool holds(const Plan& plan, uint32_t client, uint64_t conversation) {
  const auto found = plan.clients.find(client);
  return found != plan.clients.end() && found->second.conversations_max >= conversation &&
         !found->second.left_out.contains(conversation);
}

TrialReport verdict(bool fails, Failure failure = Failure::judged, std::string key = "k3") {
  TrialReport report;
  if (fails) {
    report.failure = failure;
    report.key = std::move(key);
  }
  return report;
}

TEST(Shrink, LeavesWhatTheFailureNeedsAndNothingElse) {
  ShrinkOptions options;
  options.run = [](const Plan& plan) {
    return verdict(has(plan, FaultKind::crash, 2) && has(plan, FaultKind::one_way, 1) &&
                   holds(plan, 4, 17) && holds(plan, 4, 3) && holds(plan, 9, 5) &&
                   plan.duration >= milliseconds(1'800));
  };
  const Shrunk shrunk = shrink(large_plan(), options);
  EXPECT_TRUE(shrunk.to_the_end);
  EXPECT_EQ(shrunk.plan.faults.size(), 2u);
  EXPECT_TRUE(has(shrunk.plan, FaultKind::crash, 2));
  EXPECT_TRUE(has(shrunk.plan, FaultKind::one_way, 1));
  ASSERT_EQ(shrunk.plan.clients.size(), 2u);
  const PlannedClient& client = shrunk.plan.clients.at(4);
  EXPECT_EQ(client.conversations_max - client.left_out.size(), 2u);
  EXPECT_EQ(shrunk.plan.nodes, 3u);
  EXPECT_LT(shrunk.plan.duration, milliseconds(1'900));
  EXPECT_EQ(shrunk.plan.knobs, Knobs());
  for (const PlannedFault& fault : shrunk.plan.faults) EXPECT_LE(fault.length, milliseconds(20));
}

// A smaller plan that fails otherwise is another bug.
TEST(Shrink, KeepsToTheSameFailure) {
  ShrinkOptions options;
  options.run = [](const Plan& plan) {
    if (has(plan, FaultKind::crash, 2)) return verdict(true);
    return verdict(true, Failure::not_live, "");
  };
  const Shrunk shrunk = shrink(large_plan(), options);
  EXPECT_TRUE(has(shrunk.plan, FaultKind::crash, 2));
  EXPECT_EQ(shrunk.report.failure, Failure::judged);
  options.run = [](const Plan& plan) {
    return verdict(true, Failure::judged, has(plan, FaultKind::crash, 2) ? "k1" : "lock");
  };
  EXPECT_TRUE(has(shrink(large_plan(), options).plan, FaultKind::crash, 2));
}

TEST(Shrink, StopsAtItsBoundAndWhenItIsTold) {
  ShrinkOptions options;
  options.run = [](const Plan&) { return verdict(true); };
  options.runs_max = 7;
  const Shrunk bounded = shrink(large_plan(), options);
  EXPECT_FALSE(bounded.to_the_end);
  EXPECT_EQ(bounded.runs, 7u);
  options.runs_max = 1'000;
  options.progress = [](uint64_t runs, const Plan&) { return runs < 4; };
  EXPECT_EQ(shrink(large_plan(), options).runs, 4u);
}

}  // namespace
}  // namespace coterie::trial
