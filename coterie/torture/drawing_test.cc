#include "coterie/torture/drawing.h"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/picture/space_time_html.h"

namespace coterie::torture {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = NodeEvent::Kind;

constexpr int64_t begun_ns = 5'000'000'000'000;

Instant at(double s) { return {begun_ns + static_cast<int64_t>(s * 1e9)}; }
int64_t ns(double s) { return static_cast<int64_t>(s * 1e9); }

proof::Operation operation(double start, double length, const char* name, std::string value) {
  proof::Operation one;
  one.client = 1;
  one.calls = {{name, "x", {}}};
  one.called_ns = at(start).ns;
  one.returned_ns = at(start + length).ns;
  if (one.calls[0].name == "set") {
    one.calls[0].args = {value};
    value = "OK";
  }
  one.result = proof::Value::of(value);
  return one;
}

// A client that sets ten times a second.
torture::Run run_of(double length) {
  torture::Run run;
  run.begun = at(0);
  for (int i = 0; i < length * 10; ++i)
    run.history.push_back(operation(i / 10.0, 0.06, "set", fmt::format("v{}", i)));
  return run;
}

proof::Ruling violated(std::vector<size_t> operations) {
  proof::Ruling ruling;
  ruling.verdict = proof::Verdict::violated;
  ruling.why = "nothing explains it";
  ruling.operations = std::move(operations);
  return ruling;
}

std::vector<std::string> marks_of(const picture::Run& run, uint32_t node) {
  std::vector<std::string> texts;
  for (const picture::Mark& one : run.marks) {
    if (one.node == node) texts.push_back(fmt::format("{:.1f} {}", one.at_ns / 1e9, one.text));
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

TEST(Drawing, AShortRunIsDrawnWhole) {
  const torture::Run run = run_of(15);
  proof::Ruling holds;
  holds.verdict = proof::Verdict::holds;
  const Drawing drawing = draw(run, &holds);
  EXPECT_EQ(drawing.drawn, "all of it");
  EXPECT_EQ(drawing.run.operations.size(), run.history.size());
  EXPECT_EQ(drawing.run.span, (picture::Span{0, ns(14.96)}));
  EXPECT_EQ(drawing.run.verdict.kind, picture::Verdict::Kind::holds);
  EXPECT_THAT(drawing.run.omissions, IsEmpty());
  EXPECT_EQ(drawing.run.operations[10].operation.called_ns, ns(1));
}

TEST(Drawing, OfALongRunTheEnd) {
  const torture::Run run = run_of(60);
  const Drawing drawing = draw(run, nullptr);
  EXPECT_EQ(drawing.drawn, "the last 10.0 s of 60.0 s");
  EXPECT_EQ(drawing.run.span, (picture::Span{ns(49.9), ns(59.96)})) << "with what was under way";
  EXPECT_EQ(drawing.run.operations.size(), 101u);
  ASSERT_EQ(drawing.run.omissions.size(), 1u);
  EXPECT_EQ(drawing.run.omissions[0].count, 499u);
  EXPECT_EQ(drawing.run.verdict.kind, picture::Verdict::Kind::none);
}

TEST(Drawing, OfALongRunWhatIsAroundTheViolation) {
  torture::Run run = run_of(60);
  run.history.push_back(operation(20.02, 0.03, "get", "v7"));
  const proof::Ruling ruling = violated({199, 600});
  const Drawing drawing = draw(run, &ruling);
  EXPECT_EQ(drawing.drawn, "16.9 s to 21.1 s of 60.0 s, around what is violated");
  ASSERT_EQ(drawing.run.verdict.operations.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    proof::Operation drawn = drawing.run.operations[drawing.run.verdict.operations[i]].operation;
    drawn.called_ns += begun_ns;
    drawn.returned_ns += begun_ns;
    EXPECT_EQ(drawn, run.history[ruling.operations[i]]);
  }
  EXPECT_EQ(drawing.run.verdict.why, "nothing explains it");
  EXPECT_LT(drawing.run.operations.size(), 50u);
}

TEST(Drawing, WhatIsViolatedFarFromTheRestIsInIt) {
  torture::Run run = run_of(60);
  const proof::Ruling ruling = violated({3, 400, 401, 402, 403});
  const Drawing drawing = draw(run, &ruling);
  EXPECT_EQ(drawing.run.verdict.operations.size(), 5u);
  EXPECT_EQ(drawing.run.span.start_ns, ns(0.3));
  EXPECT_LT(drawing.run.operations.size(), 60u);
}

TEST(Drawing, NoMoreOperationsThanAllowed) {
  torture::Run run = run_of(60);
  const Drawing drawing = draw(run, nullptr, {.operations_max = 20});
  EXPECT_LE(drawing.run.operations.size(), 21u);
  EXPECT_GE(drawing.run.operations.size(), 15u);
  EXPECT_EQ(drawing.drawn, "the last 1.9 s of 60.0 s");
}

TEST(Drawing, AnOutcomeThatNeverBecameKnownDoesNotPullTheEndIn) {
  torture::Run run = run_of(60);
  run.history[200].outcome = proof::Outcome::unknown;
  run.history[200].returned_ns = at(3'600).ns;
  const proof::Ruling ruling = violated({200});
  EXPECT_EQ(draw(run, &ruling).drawn, "17.0 s to 21.0 s of 60.0 s, around what is violated");
}

TEST(Drawing, NodesAreDownPausedAndCutOff) {
  torture::Run run = run_of(10);
  run.chronicle.nodes = 3;
  run.chronicle.events = {
      {1, Kind::started, at(-2)}, {2, Kind::started, at(-2)}, {3, Kind::started, at(-2)},
      {1, Kind::killed, at(2)},   {1, Kind::wiped, at(2.1)},  {1, Kind::started, at(3)},
      {2, Kind::paused, at(4)},   {2, Kind::resumed, at(5)},  {3, Kind::ended, at(9), "no room"},
  };
  ScheduledFault kill{.kind = FaultKind::wipe, .nodes = {1}, .leader = 1};
  ScheduledFault cut{.kind = FaultKind::cut, .nodes = {2}};
  ScheduledFault inward{.kind = FaultKind::one_way, .nodes = {3}, .inward = true};
  run.chronicle.faults = {
      {kill, at(2), at(3)}, {cut, at(6), at(7)}, {inward, at(8), Instant::never()}};
  const Drawing drawing = draw(run, nullptr);
  ASSERT_EQ(drawing.run.nodes.size(), 3u);
  ASSERT_EQ(drawing.run.conditions.size(), 3u);
  EXPECT_EQ(drawing.run.conditions[0].node, 1u);
  EXPECT_EQ(drawing.run.conditions[0].kind, picture::Condition::Kind::down);
  EXPECT_EQ(drawing.run.conditions[0].span, (picture::Span{ns(2), ns(3)}));
  EXPECT_EQ(drawing.run.conditions[1].kind, picture::Condition::Kind::paused);
  EXPECT_EQ(drawing.run.conditions[1].span, (picture::Span{ns(4), ns(5)}));
  EXPECT_EQ(drawing.run.conditions[2].why, "no room");
  EXPECT_EQ(drawing.run.conditions[2].span, (picture::Span{ns(9), ns(9.96)}));
  EXPECT_THAT(marks_of(drawing.run, 1),
              ElementsAre("2.0 kill node 1 (leader) and empty its folder", "2.0 killed",
                          "2.1 its folder is emptied", "3.0 started"));
  EXPECT_THAT(marks_of(drawing.run, 2), ElementsAre("6.0 cut node 2 off from the others",
                                                    "7.0 over: cut node 2 off from the others"));
  std::vector<std::string> blocked;
  for (const picture::Blocked& one : drawing.run.blocked)
    blocked.push_back(fmt::format("{}>{} {:.2f} {:.2f}", one.from, one.to, one.span.start_ns / 1e9,
                                  one.span.end_ns / 1e9));
  EXPECT_THAT(blocked, ElementsAre("2>1 6.00 7.00", "1>2 6.00 7.00", "2>3 6.00 7.00",
                                   "3>2 6.00 7.00", "1>3 8.00 9.96", "2>3 8.00 9.96"));
  const std::string page = picture::space_time_html(drawing.run);
  EXPECT_TRUE(page.find("kill node 1 (leader)") != page.npos);
  EXPECT_TRUE(page.find("no room") != page.npos);
}

TEST(Drawing, AStallIsTold) {
  torture::Run run = run_of(1);
  run.end = RunEnd::stalled;
  run.why = "node 2 has ended by itself: killed by signal 6\nwhat the nodes say";
  proof::Ruling holds;
  holds.verdict = proof::Verdict::holds;
  const picture::Verdict verdict = draw(run, &holds).run.verdict;
  EXPECT_EQ(verdict.kind, picture::Verdict::Kind::violated);
  EXPECT_EQ(verdict.why, "stalled: node 2 has ended by itself: killed by signal 6");
  EXPECT_EQ(draw(run, nullptr).run.verdict.kind, picture::Verdict::Kind::violated);
}

TEST(Drawing, ManyOperationsFitIntoThePage) {
  torture::Run run;
  run.begun = at(0);
  for (int i = 0; i < 100'000; ++i) {
    run.history.push_back(operation(i / 1000.0, 0.01, "set", fmt::format("value-{}", i)));
    run.history.back().client = static_cast<uint32_t>(i % 12);
  }
  const Drawing drawing = draw(run, nullptr);
  EXPECT_EQ(drawing.run.omissions[0].count + drawing.run.operations.size(), run.history.size());
  // The page leaves out nothing more.
  const std::string page = picture::space_time_html(drawing.run);
  EXPECT_LT(page.size(), 1'000'000u);
  EXPECT_TRUE(page.find("90,001 events are left out") != page.npos);
  EXPECT_EQ(drawing.run.omissions[0].count, 90'001u);
}

TEST(Drawing, OfNothingThereIsNothing) {
  torture::Run run;
  run.begun = at(0);
  const Drawing drawing = draw(run, nullptr);
  EXPECT_EQ(drawing.drawn, "all of it");
  EXPECT_THAT(drawing.run.operations, IsEmpty());
}

}  // namespace
}  // namespace coterie::torture
