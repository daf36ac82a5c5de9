// Reads share rounds, wait for the apply, are asked again, and run out of time.
#include "coterie/node/reads.h"

#include <gtest/gtest.h>

namespace coterie::node {
namespace {

Now at(int64_t ms) { return {Instant{0} + milliseconds(ms), WallTime{ms}}; }

void ask(Reads& reads, Ticket ticket, int64_t ms = 0, bool stale = false) {
  const std::string_view key = "x";
  reads.submit(ticket, *state::find_command("get"), 0, {&key, 1}, stale, at(ms));
}

TEST(Reads, OneRoundServesAllOfATurn) {
  Reads reads(seconds(10));
  ask(reads, 1);
  ask(reads, 2);
  const auto round = reads.begin_round(at(0));
  ASSERT_TRUE(round);
  EXPECT_FALSE(reads.begin_round(at(0)));
  state::State state;
  reads.serve(state);
  EXPECT_TRUE(reads.take_answers().empty());
  reads.granted(*round, Index(0), at(1));
  reads.serve(state);
  EXPECT_EQ(reads.take_answers().size(), 2u);
  EXPECT_EQ(reads.pending_bytes(), 0u);
}

TEST(Reads, ServedOnlyWhenAppliedThatFar) {
  Reads reads(seconds(10));
  ask(reads, 1);
  const auto round = reads.begin_round(at(0));
  reads.granted(*round, Index(1), at(0));
  state::State state;
  reads.serve(state);
  EXPECT_TRUE(reads.take_answers().empty());
  state::ApplyEffects effects;
  state.apply(make_entry({.group = GroupId(1),
                          .kind = EntryKind::leader_start,
                          .feature_level = 1,
                          .term = Term(1),
                          .index = Index(1),
                          .stamp_ms = 0,
                          .bytes = {}},
                         ""),
              effects);
  reads.serve(state);
  EXPECT_EQ(reads.take_answers().size(), 1u);
}

TEST(Reads, ARefusedRoundIsAskedAgainAfterAWhile) {
  Reads reads(seconds(10));
  ask(reads, 1);
  const auto first = reads.begin_round(at(0));
  reads.refused(*first, at(0));
  EXPECT_FALSE(reads.begin_round(at(1)));
  const auto second = reads.begin_round(at(20));
  ASSERT_TRUE(second);
  EXPECT_GT(*second, *first);
  reads.granted(*first, Index(0), at(21));  // too late for that one
  state::State state;
  reads.serve(state);
  EXPECT_TRUE(reads.take_answers().empty());
  reads.granted(*second, Index(0), at(22));
  reads.serve(state);
  EXPECT_EQ(reads.take_answers().size(), 1u);
}

TEST(Reads, ARoundWithoutAnAnswerIsAskedAgain) {
  Reads reads(seconds(10));
  ask(reads, 1);
  ASSERT_TRUE(reads.begin_round(at(0)));
  reads.tick(at(499));
  EXPECT_FALSE(reads.begin_round(at(499)));
  reads.tick(at(500));
  EXPECT_TRUE(reads.begin_round(at(500)));
}

TEST(Reads, TimeRunsOut) {
  Reads reads(seconds(1));
  ask(reads, 1);
  reads.begin_round(at(0));
  reads.tick(at(1'000));
  const auto answers = reads.take_answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].second.view(), "-CLUSTERDOWN not executed: no majority\r\n");
  EXPECT_EQ(reads.pending_bytes(), 0u);
}

TEST(Reads, StaleOnesAskNobody) {
  Reads reads(seconds(1));
  ask(reads, 1, 0, true);
  EXPECT_FALSE(reads.begin_round(at(0)));
  reads.serve(state::State());
  EXPECT_EQ(reads.take_answers().size(), 1u);
}

TEST(Reads, CancelledOnesAreForgotten) {
  Reads reads(seconds(1));
  ask(reads, 1);
  ask(reads, 2);
  const auto round = reads.begin_round(at(0));
  reads.cancel(1);
  reads.granted(*round, Index(0), at(0));
  reads.serve(state::State());
  const auto answers = reads.take_answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].first, 2u);
}

TEST(Reads, AProbeTellsWhetherReadsAreServed) {
  Reads reads(seconds(1));
  const auto probe = reads.begin_probe(at(5));
  ASSERT_TRUE(probe);
  EXPECT_FALSE(reads.begin_probe(at(6)));
  reads.granted(*probe, Index(9), at(7));
  EXPECT_EQ(reads.last_granted(), at(7).monotonic);
}

}  // namespace
}  // namespace coterie::node
