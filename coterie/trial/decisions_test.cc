// What a run decided, put into its plan in place of what decided it, is the same run.
#include "coterie/trial/decisions.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "coterie/proof/json_lines.h"
#include "coterie/trial/trial.h"

namespace coterie::trial {
namespace {

struct Watched {
  Decisions decisions;
  TrialReport report;
};

Watched watch(const Plan& plan) {
  Watched watched;
  TrialOptions options;
  options.decisions = &watched.decisions;
  watched.report = run_trial(plan, options);
  return watched;
}

// Where two histories part, for a message; empty: nowhere. What was not sent any more when the work
// was over is not in the plan's conversations, and does not count.
std::string difference(proof::History a, proof::History b) {
  for (proof::History* history : {&a, &b}) {
    std::erase_if(*history, [](const proof::Operation& operation) {
      return operation.outcome == proof::Outcome::failed;
    });
  }
  const auto [left, right] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (left == a.end() && right == b.end()) return {};
  return (left == a.end() ? "the end" : proof::describe(*left)) + "\nand not\n" +
         (right == b.end() ? "the end" : proof::describe(*right));
}

Plan plan_with(FaultKind kind, uint64_t seed) {
  PlanOptions options;
  options.seed = seed;
  options.clients = 6;
  options.duration = seconds(3);
  options.only = {kind};
  Plan plan = draw_plan(options);
  if (plan.faults.empty()) {  // it is rare
    PlannedFault fault;
    fault.kind = kind;
    fault.at = milliseconds(1'500);
    fault.length = milliseconds(400);
    fault.amount = 100;
    fault.seed = seed;
    plan.faults.push_back(fault);
  }
  return plan;
}

// Every decision of every fault.
Plan told_singly(const Plan& plan, const Decisions& decisions) {
  Plan told = plan;
  for (const Decided& decided : decisions.faults) {
    const auto of = std::find(told.faults.begin(), told.faults.end(), decided.of);
    if (of != told.faults.end()) told.faults.erase(of);
  }
  for (const Decided& decided : decisions.faults) told.faults.push_back(decided.single);
  std::stable_sort(told.faults.begin(), told.faults.end(),
                   [](const PlannedFault& a, const PlannedFault& b) { return a.at < b.at; });
  return told;
}

TEST(Decisions, MakeTheSameRun) {
  for (const FaultKind kind : {FaultKind::lossy, FaultKind::twice, FaultKind::overtake,
                               FaultKind::late, FaultKind::crash_all, FaultKind::flap}) {
    size_t decided = 0;
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      const Plan plan = plan_with(kind, seed);
      const Watched drawn = watch(plan);
      ASSERT_TRUE(drawn.decisions.complete);
      const Plan told = told_singly(plan, drawn.decisions);
      EXPECT_EQ(difference(run_trial(told).history, drawn.report.history), "")
          << fault_kind_name(kind) << " with seed " << seed;
      decided += drawn.decisions.faults.size();
    }
    EXPECT_GT(decided, 2u) << fault_kind_name(kind);
  }
}

TEST(Decisions, TellOfStormsAndBreaks) {
  for (const auto& [kind, single] :
       {std::pair(FaultKind::storm, FaultKind::crash), std::pair(FaultKind::storm, FaultKind::kill),
        std::pair(FaultKind::storm, FaultKind::one_way),
        std::pair(FaultKind::fragile, FaultKind::cut_off)}) {
    size_t found = 0;
    for (uint64_t seed = 1; seed <= 6; ++seed) {
      for (const Decided& decided : watch(plan_with(kind, seed)).decisions.faults) {
        EXPECT_EQ(decided.of.kind, kind);
        found += decided.single.kind == single ? 1 : 0;
      }
    }
    EXPECT_GT(found, 0u) << fault_kind_name(single);
  }
}

// A plan's own single fault is told with what its frame said.
TEST(Decisions, OfAFrameSayWhatItWas) {
  const Plan plan = plan_with(FaultKind::lossy, 1);
  const Plan told = told_singly(plan, watch(plan).decisions);
  const Watched again = watch(told);
  ASSERT_EQ(again.decisions.faults.size(), told.faults.size());
  for (const Decided& decided : again.decisions.faults) {
    EXPECT_EQ(decided.of, decided.single);
    EXPECT_FALSE(decided.about.empty());
  }
}

Plan by_the_clock(const Plan& plan, const Decisions& decisions) {
  Plan timed = plan;
  for (const Begun& begun : decisions.conversations)
    timed.clients[begun.client].held[begun.number] = {begun.at, begun.node};
  return timed;
}

TEST(Decisions, ConversationsAtTheirTimesMakeTheSameRun) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    PlanOptions options;
    options.seed = seed;
    options.duration = seconds(3);
    options.clients = 16;
    const Plan plan = draw_plan(options);
    const Watched drawn = watch(plan);
    EXPECT_EQ(
        difference(run_trial(by_the_clock(plan, drawn.decisions)).history, drawn.report.history),
        "")
        << seed;
  }
}

// One that is left out moves none of the others: without faults or contention they begin when they
// did.
TEST(Decisions, AConversationLeftOutMovesNoOther) {
  PlanOptions options;
  options.clients = 4;
  options.duration = seconds(2);
  options.faults = options.hostile = false;
  options.pause_mean = milliseconds(50);
  const Plan plan = draw_plan(options);
  const Watched drawn = watch(plan);
  Plan timed = by_the_clock(plan, drawn.decisions);
  const uint32_t client = plan.clients.begin()->first;
  timed.clients[client].held.erase(3);
  std::vector<std::pair<uint64_t, Duration>> expected, begun;
  for (const Begun& one : drawn.decisions.conversations) {
    if (one.client == client && one.number != 3) expected.emplace_back(one.number, one.at);
  }
  for (const Begun& one : watch(timed).decisions.conversations) {
    if (one.client == client) begun.emplace_back(one.number, one.at);
  }
  ASSERT_GT(expected.size(), 10u);
  EXPECT_EQ(begun, expected);
}

}  // namespace
}  // namespace coterie::trial
