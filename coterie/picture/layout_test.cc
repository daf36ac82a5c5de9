// What is drawn of a run, where one looks first, and what is left out.
#include "coterie/picture/layout.h"

#include <climits>

#include <gtest/gtest.h>

#include "coterie/picture/test_run.h"

namespace coterie::picture {
namespace {

uint64_t omitted(const Run& run, std::string_view what) {
  for (const Omission& omission : run.omissions) {
    if (omission.what == what) return omission.count;
  }
  return 0;
}

TEST(Complete, GivesEveryMentionedNodeALane) {
  picture::Run run;
  run.nodes = {{2, "two"}};
  run.messages.push_back({1, 2, 5, 0, 10, {}, false, false, {}, {}, {}, 0});
  run.operations.push_back({{}, 4});
  const picture::Run whole = complete(run);
  ASSERT_EQ(whole.nodes.size(), 3u);
  EXPECT_EQ(name_of(whole.nodes[0]), "two");
  EXPECT_EQ(whole.nodes[1].id, 4u);
  EXPECT_EQ(name_of(whole.nodes[2]), "node 5");
}

TEST(Complete, OrdersByTimeAndEndsWhatIsOpen) {
  picture::Run run = test_run();
  std::swap(run.messages[0], run.messages[4]);
  const picture::Run whole = complete(run);
  for (size_t i = 1; i < whole.messages.size(); ++i)
    EXPECT_LE(whole.messages[i - 1].sent_ns, whole.messages[i].sent_ns);
  EXPECT_EQ(whole.messages.back().fate, Message::Fate::under_way);
  EXPECT_EQ(whole.messages.back().ended_ns, whole.span.end_ns);
  EXPECT_EQ(whole.verdict.operations, (std::vector<size_t>{0, 1}));
}

TEST(Complete, StretchesTheSpanOverAllOperations) {
  picture::Run run = test_run();
  run.span = {500 * test_ms, 600 * test_ms};
  const picture::Run whole = complete(run);
  EXPECT_EQ(whole.span.start_ns, 100 * test_ms);
  EXPECT_EQ(whole.span.end_ns, 901 * test_ms);
}

TEST(Complete, BearsAnyTimesAndIndices) {
  picture::Run run;
  run.operations.push_back(test_operation(1, {"get", "x", {}}, "", 0, 0, 0));
  run.operations.push_back(test_operation(1, {"get", "x", {}}, "", 0, 0, 0));
  run.operations[0].operation.called_ns = INT64_MIN;
  run.operations[1].operation.returned_ns = INT64_MAX;
  run.verdict.operations = {1, 0, 0, 77};
  const picture::Run whole = complete(run);
  EXPECT_EQ(whole.verdict.operations, (std::vector<size_t>{0, 1}));
  const Span focus = focus_of(whole);
  EXPECT_LT(focus.start_ns, focus.end_ns);
  EXPECT_LT(whole.span.start_ns, whole.span.end_ns);
}

TEST(Complete, CountsTimesFarFromZeroFromTheStart) {
  constexpr int64_t since_1970_ns = 1'700'000'000'000'000'000;
  picture::Run run;
  run.operations.push_back(test_operation(1, {"get", "x", {}}, "0", 5, 7, 0));
  run.operations[0].operation.called_ns += since_1970_ns;
  run.operations[0].operation.returned_ns += since_1970_ns;
  run.span = {since_1970_ns, since_1970_ns};
  const picture::Run whole = complete(run);
  EXPECT_EQ(whole.origin_ns, since_1970_ns);
  EXPECT_EQ(whole.span, (Span{0, 7 * test_ms}));
  EXPECT_EQ(whole.operations[0].operation.called_ns, 5 * test_ms);
  EXPECT_EQ(complete(whole).origin_ns, since_1970_ns);
  EXPECT_EQ(complete(test_run()).origin_ns, 0);
}

TEST(Focus, IsAroundTheViolatedOperations) {
  const Span focus = focus_of(complete(test_run()));
  // From the call at 100 ms to the return at 560 ms, and three tenths of that on both sides.
  EXPECT_EQ(focus.start_ns, 0);
  EXPECT_EQ(focus.end_ns, (560 + 138) * test_ms);
}

TEST(Focus, OfManyIsAroundTheLast) {
  picture::Run run = test_run();
  for (int64_t i = 0; i < 10; ++i) {
    run.verdict.operations.push_back(run.operations.size());
    run.operations.push_back(test_operation(3, {"incr", "n", {}}, "1", 200 + i, 201 + i, 1));
  }
  const picture::Run whole = complete(run);
  EXPECT_EQ(decisive_operations(whole).size(), decisive_operations_max);
  EXPECT_EQ(decisive_operations(whole).back(), 1u);
  EXPECT_EQ(focus_of(whole).start_ns, (207 - 105) * test_ms - 900'000);
}

TEST(Focus, DoesNotFollowAnUnknownOutcomeToTheEnd) {
  picture::Run run = test_run();
  run.verdict.operations = {2};
  const Span focus = focus_of(complete(run));
  EXPECT_GT(focus.start_ns, 500 * test_ms);
  EXPECT_LT(focus.end_ns, 700 * test_ms);
}

TEST(Focus, OfABrokenPromiseInsideIsTheEnd) {
  picture::Run run = test_run();
  run.verdict.operations.clear();
  const Span focus = focus_of(complete(run));
  EXPECT_EQ(focus.start_ns, 800 * test_ms);
  EXPECT_EQ(focus.end_ns, 1'000 * test_ms);
  run.verdict.kind = Verdict::Kind::holds;
  EXPECT_EQ(focus_of(complete(run)), (Span{0, 1'000 * test_ms}));
}

TEST(Narrowed, KeepsTheWindowAndTheViolatedOperationsAndCountsTheRest) {
  const picture::Run part = narrowed(complete(test_run()), {450 * test_ms, 580 * test_ms});
  ASSERT_EQ(part.operations.size(), 2u);
  EXPECT_EQ(part.verdict.operations, (std::vector<size_t>{0, 1}));
  EXPECT_EQ(call_text(part.operations[1].operation), "get x");
  EXPECT_EQ(omitted(part, "client operations"), 2u);
  ASSERT_EQ(part.messages.size(), 1u);
  EXPECT_EQ(part.messages[0].number, 4u);
  EXPECT_EQ(omitted(part, "messages"), 5u);
  EXPECT_EQ(omitted(part, "disk operations"), 2u);
  EXPECT_EQ(omitted(part, "events and log lines of nodes"), 3u);
  // The write that is violated was called before the window.
  EXPECT_EQ(part.span, (Span{100 * test_ms, 580 * test_ms}));
  // What spans it stays: who led, and that node 3 could not be reached.
  EXPECT_EQ(part.standings.size(), 4u);
  EXPECT_EQ(part.blocked.size(), 4u);
}

TEST(Narrowed, AddsUpWhatIsLeftOutInSteps) {
  const picture::Run once = narrowed(complete(test_run()), {90 * test_ms, 600 * test_ms});
  const picture::Run twice = narrowed(once, {450 * test_ms, 580 * test_ms});
  EXPECT_EQ(omitted(twice, "messages"), 5u);
}

TEST(Thinned, LeavesOutTheRoutineOutsideOfWhatIsSpared) {
  picture::Run run = test_run();
  for (Message& message : run.messages) message.routine = true;
  const picture::Run thin = thinned(complete(run), {0, 100 * test_ms});
  // Those that were lost, cut, copied or are under way tell something.
  ASSERT_EQ(thin.messages.size(), 4u);
  EXPECT_EQ(omitted(thin, "routine messages that arrived"), 2u);
  ASSERT_EQ(thin.disk.size(), 1u);
  EXPECT_EQ(thin.disk[0].fate, DiskWork::Fate::lost);
  EXPECT_EQ(omitted(thin, "plain log lines"), 1u);
  EXPECT_EQ(thinned(complete(run), run.span).messages.size(), 6u);
}

TEST(Texts, OfOperations) {
  proof::Operation operation = test_run().operations[0].operation;
  EXPECT_EQ(call_text(operation), "set x 1");
  EXPECT_EQ(result_text(operation), "OK");
  operation.calls.push_back({"set", "y", {""}});
  EXPECT_EQ(call_text(operation), "set x 1; set y \"\"");
  operation.result = {};
  EXPECT_EQ(result_text(operation), "nothing");
  operation.outcome = proof::Outcome::unknown;
  EXPECT_EQ(result_text(operation), "not known");
}

TEST(Texts, OfTimes) {
  EXPECT_EQ(time_text(1'234'567'890, 1'000'000), "1.234 s");
  EXPECT_EQ(time_text(1'234'567'890, 1), "1.234567890 s");
  EXPECT_EQ(time_text(-1'500'000'000, 100'000'000), "-1.5 s");
  EXPECT_EQ(time_text(7'000'000'000, 1'000'000'000), "7 s");
}

TEST(RunOf, AHistoryHasClientLanesOnly) {
  proof::History history;
  for (const ClientOperation& one : test_run().operations) history.push_back(one.operation);
  const picture::Run run = run_of(history);
  EXPECT_TRUE(run.nodes.empty());
  EXPECT_EQ(run.operations.size(), 4u);
  EXPECT_EQ(run.span, (Span{100 * test_ms, 901 * test_ms}));
  EXPECT_TRUE(complete(run_of({})).operations.empty());
}

}  // namespace
}  // namespace coterie::picture
