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
  if (found == plan.clients.end()) return false;
  const auto& held = found->second.held;
  return held.empty() ? found->second.conversations_max >= conversation
                      : held.contains(conversation);
}

size_t count(const Plan& plan, FaultKind kind) {
  return static_cast<size_t>(
      std::count_if(plan.faults.begin(), plan.faults.end(),
                    [&](const PlannedFault& fault) { return fault.kind == kind; }));
}

bool loses(const Plan& plan, uint64_t frame) {
  return std::any_of(plan.faults.begin(), plan.faults.end(), [&](const PlannedFault& fault) {
    return fault.kind == FaultKind::lose_frame && fault.frame == frame;
  });
}

// A run in which each client begins a conversation every 123.4 ms, and each lossy link loses 200
// frames.
Decisions decided(const Plan& plan) {
  Decisions decisions;
  for (const auto& [number, client] : plan.clients) {
    for (uint64_t n = 1; n <= 60; ++n) {
      if (holds(plan, number, n))
        decisions.conversations.push_back(
            {number, n, microseconds(static_cast<int64_t>(123'400 * n)), NodeId(1), "GET k"});
    }
  }
  for (const PlannedFault& fault : plan.faults) {
    for (uint64_t frame = 1; frame <= 200 && fault.kind == FaultKind::lossy; ++frame) {
      PlannedFault single;
      single.kind = FaultKind::lose_frame;
      single.at = milliseconds(fault.at.ms() + static_cast<int64_t>(frame));
      single.node = NodeId(1);
      single.peer = NodeId(2);
      single.frame = frame;
      decisions.faults.push_back({fault, single, "append"});
    }
  }
  return decisions;
}

ShrinkOptions options_with(std::function<TrialReport(const Plan&)> run) {
  ShrinkOptions options;
  options.runs_max = 20'000;
  options.run = std::move(run);
  options.record = decided;
  return options;
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
  const Shrunk shrunk =
      shrink(large_plan(), options_with([](const Plan& plan) {
               return verdict(has(plan, FaultKind::crash, 2) && has(plan, FaultKind::one_way, 1) &&
                              holds(plan, 4, 17) && holds(plan, 4, 3) && holds(plan, 9, 5) &&
                              plan.duration >= milliseconds(1'800));
             }));
  EXPECT_TRUE(shrunk.to_the_end);
  EXPECT_EQ(shrunk.plan.faults.size(), 2u);
  EXPECT_TRUE(has(shrunk.plan, FaultKind::one_way, 1));
  ASSERT_EQ(shrunk.plan.clients.size(), 2u);
  EXPECT_EQ(shrunk.plan.clients.at(4).held.size(), 2u);
  EXPECT_EQ(shrunk.plan.clients.at(9).held.size(), 1u);
  EXPECT_EQ(shrunk.plan.nodes, 3u);
  EXPECT_LE(shrunk.plan.duration, milliseconds(2'500));
  EXPECT_EQ(shrunk.plan.knobs, Knobs());
  for (const PlannedFault& fault : shrunk.plan.faults) EXPECT_LE(fault.length, milliseconds(20));
}

// What is left out takes its time all the same: the others stay where they were, to the nanosecond,
// unless a rounder time will do.
TEST(Shrink, ConversationsKeepTheirTimes) {
  const Shrunk shrunk = shrink(large_plan(), options_with([](const Plan& plan) {
                                 const auto client = plan.clients.find(4);
                                 if (client == plan.clients.end()) return verdict(false);
                                 if (client->second.held.empty())
                                   return verdict(client->second.conversations_max > 0);
                                 const auto held = client->second.held.find(7);
                                 return verdict(held != client->second.held.end() &&
                                                held->second.at == microseconds(863'800));
                               }));
  ASSERT_EQ(shrunk.plan.clients.size(), 1u);
  ASSERT_EQ(shrunk.plan.clients.at(4).held.size(), 1u);
  EXPECT_EQ(shrunk.plan.clients.at(4).held.at(7).at, microseconds(863'800));
}

// Two frames matter of the 200 that each lossy link lost.
TEST(Shrink, SingleDecisionsTakeThePlaceOfALastingFault) {
  Plan plan = large_plan();
  PlannedFault lossy;
  lossy.kind = FaultKind::lossy;
  lossy.at = milliseconds(2'000);
  lossy.length = milliseconds(700);
  lossy.amount = 30;
  lossy.seed = 5;
  plan.faults = {lossy};
  const auto fails = [](const Plan& now) {
    return verdict(count(now, FaultKind::lossy) > 0 || (loses(now, 17) && loses(now, 150)));
  };
  const Shrunk shrunk = shrink(plan, options_with(fails));
  ASSERT_EQ(shrunk.plan.faults.size(), 2u);
  EXPECT_TRUE(loses(shrunk.plan, 17));
  EXPECT_TRUE(loses(shrunk.plan, 150));
  EXPECT_EQ(shrunk.plan.faults[0].at.ns % 1'000'000, 0) << "frames are counted from there";
  // A fault of which a hundred decisions matter is easier to read as it is.
  const auto fails_by_many = [](const Plan& now) {
    return verdict(count(now, FaultKind::lossy) > 0 || count(now, FaultKind::lose_frame) >= 100);
  };
  const Shrunk whole = shrink(plan, options_with(fails_by_many));
  ASSERT_EQ(whole.plan.faults.size(), 1u);
  EXPECT_EQ(whole.plan.faults[0].kind, FaultKind::lossy);
}

TEST(Shrink, TimesBecomeRoundAsFarAsTheFailureAllows) {
  const Shrunk shrunk =
      shrink(large_plan(), options_with([](const Plan& plan) {
               for (const PlannedFault& fault : plan.faults) {
                 if (fault.kind == FaultKind::crash && fault.node == NodeId(2) &&
                     fault.at >= milliseconds(1'430) && fault.at < milliseconds(1'600) &&
                     fault.length >= milliseconds(217))
                   return verdict(holds(plan, 4, 11));
               }
               return verdict(false);
             }));
  ASSERT_EQ(shrunk.plan.faults.size(), 1u);
  EXPECT_EQ(shrunk.plan.faults[0].at, milliseconds(1'500));
  EXPECT_EQ(shrunk.plan.faults[0].length, milliseconds(220));
  EXPECT_EQ(shrunk.plan.clients.at(4).held.at(11).at.ns % 1'000'000'000, 0);
}

// The crash may come at any time, the conversation 300 ms after it.
TEST(Shrink, LongWaitsGo) {
  const Shrunk shrunk = shrink(large_plan(), options_with([](const Plan& plan) {
                                 for (const PlannedFault& fault : plan.faults) {
                                   if (fault.kind != FaultKind::crash || fault.node != NodeId(2))
                                     continue;
                                   const auto client = plan.clients.find(4);
                                   if (client == plan.clients.end()) return verdict(false);
                                   if (client->second.held.empty())
                                     return verdict(client->second.conversations_max > 0);
                                   const auto held = client->second.held.find(50);
                                   return verdict(held != client->second.held.end() &&
                                                  held->second.at >= fault.at + milliseconds(300) &&
                                                  held->second.at < plan.duration);
                                 }
                                 return verdict(false);
                               }));
  ASSERT_EQ(shrunk.plan.faults.size(), 1u);
  EXPECT_LE(shrunk.plan.faults[0].at, milliseconds(100)) << "it was at 1500 ms";
  EXPECT_LE(shrunk.plan.clients.at(4).held.at(50).at, milliseconds(500)) << "it was at 6170 ms";
  EXPECT_LE(shrunk.plan.duration, milliseconds(700));
  EXPECT_EQ(shrunk.plan.duration.ms() % 10, 0);
}

// A smaller plan that fails otherwise is another bug.
TEST(Shrink, KeepsToTheSameFailure) {
  ShrinkOptions options = options_with([](const Plan& plan) {
    if (has(plan, FaultKind::crash, 2)) return verdict(true);
    return verdict(true, Failure::not_live, "");
  });
  const Shrunk shrunk = shrink(large_plan(), options);
  EXPECT_TRUE(has(shrunk.plan, FaultKind::crash, 2));
  EXPECT_EQ(shrunk.report.failure, Failure::judged);
  options.run = [](const Plan& plan) {
    return verdict(true, Failure::judged, has(plan, FaultKind::crash, 2) ? "k1" : "lock");
  };
  EXPECT_TRUE(has(shrink(large_plan(), options).plan, FaultKind::crash, 2));
}

TEST(Shrink, StopsAtItsBoundAndWhenItIsTold) {
  ShrinkOptions options = options_with([](const Plan&) { return verdict(true); });
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
