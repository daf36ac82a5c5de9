// What a survivor says of its directory, and what it goes on with.
#include "coterie/node/recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/base/codec.h"
#include "coterie/node/node_test_util.h"
#include "coterie/node/snapshots.h"
#include "coterie/node/wire.h"

namespace coterie::node::testing {
namespace {

Entry stamp_entry(uint64_t index, uint64_t term) {
  Entry header;
  header.kind = EntryKind::stamp;
  header.term = Term(term);
  header.index = Index(index);
  header.stamp_ms = static_cast<int64_t>(1'000 + index);
  return make_entry(header, "");
}

class Surviving : public ::testing::Test {
 protected:
  // Seven entries, a snapshot at 5; nodes 1 to 3 are members.
  void SetUp() override {
    store::Log log(
        disk, {}, [](uint64_t) {}, [](const Error& error) { ADD_FAILURE() << error.message; });
    ASSERT_TRUE(log.open());
    log.write_papers({founding.cluster, NodeId(1), own, to_wire(founding).text()},
                     [](const Result<void>& done) { ASSERT_TRUE(done); });
    disk.run_completions();
    std::vector<Entry> entries;
    for (uint64_t index = 1; index <= 7; ++index) entries.push_back(stamp_entry(index, 2));
    log.write(1, HardState{Term(2), own, false}, entries);
    log.flush(world.now());
    disk.run_completions();
    make_snapshot();
    disk.crash();
  }

  void make_snapshot() {
    state::State state;
    state::ApplyEffects effects;
    for (uint64_t index = 1; index <= 5; ++index) state.apply(stamp_entry(index, 2), effects);
    bool made = false;
    Snapshots snapshots(
        disk, {}, 1 << 20,
        {.made = [&](const raft::SnapshotPoint&, const Result<void>&) { made = true; },
         .received = {},
         .data = {},
         .note = {}});
    snapshots.make(state, founding.membership);
    while (!made) {
      snapshots.work(1 << 20);
      ASSERT_TRUE(disk.complete_one());
    }
  }
  void lose_term_and_vote() {
    disk.flip_bit("state", 20, 1);
    disk.flip_bit("state", 4096 + 20, 1);
  }
  Result<SurvivorReport> look() {
    survivor.emplace(world);
    return survivor->look();
  }
  void go_on_alone() {
    std::optional<Result<void>> done;
    survivor->go_on_alone([&](Result<void> result) { done = std::move(result); });
    for (int i = 0; i < 50 && !done; ++i) {
      world.pass(milliseconds(5));
      survivor->end_turn();
      // Its process has ended when it has read its directory again: the disk is as after a start.
      disk.run_completions();
    }
    ASSERT_TRUE(done && *done);
    survivor.reset();
    disk.crash({.survival = sim::Survival::none});
  }

  sim::SimDisk disk{1};
  StillWorld world{disk};
  ReplicaId own{{0, 1}};
  FoundingRecord founding{{{1, 1}},
                          {{{NodeId(1), ReplicaId{{0, 1}}, true},
                            {NodeId(2), ReplicaId{{0, 2}}, true},
                            {NodeId(3), ReplicaId{{0, 3}}, true}}}};
  std::optional<Survivor> survivor;
};

TEST_F(Surviving, SaysWhatItHolds) {
  const auto report = look();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->members, "1 2 3");
  EXPECT_EQ(report->snapshot, Index(5));
  EXPECT_EQ(report->last, Index(7));
  EXPECT_EQ(report->last_term, Term(2));
  EXPECT_FALSE(report->lost_term || report->damaged);
}

// The data are there, and are shown before anything is accepted: somebody has to choose by them.
TEST_F(Surviving, WithoutTermAndVoteItSaysWhatItHoldsToo) {
  lose_term_and_vote();
  const uint64_t before = disk.counters().submitted;
  const auto report = look();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->lost_term);
  EXPECT_EQ(report->members, "1 2 3");
  EXPECT_EQ(report->snapshot, Index(5));
  EXPECT_EQ(report->last, Index(7));
  EXPECT_EQ(report->last_term, Term(2));
  EXPECT_EQ(report->term, Term(2));
  EXPECT_EQ(disk.counters().submitted, before) << "nothing is changed by looking";
}

TEST_F(Surviving, GoesOnAloneWithAllThatItSaid) {
  for (const bool lost : {false, true}) {
    SCOPED_TRACE(lost);
    if (lost) lose_term_and_vote();
    const auto before = look();
    ASSERT_TRUE(before);
    EXPECT_EQ(before->lost_term, lost);
    go_on_alone();
    const auto after = look();
    ASSERT_TRUE(after);
    EXPECT_EQ(after->last, before->last.next());
    EXPECT_EQ(after->last_term, before->last_term.next());
    EXPECT_EQ(after->members, "1");
    EXPECT_NE(after->cluster, before->cluster);
    EXPECT_FALSE(after->lost_term || after->damaged);
    survivor.reset();
  }
}

TEST_F(Surviving, ADirectoryWithoutAnIdentitySaysWhatToDo) {
  disk.remove("identity", [](const Result<void>&) {});
  disk.run_completions();
  disk.crash({.survival = sim::Survival::all});
  const auto report = look();
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, ::testing::HasSubstr("put a copy of it back"));
}

}  // namespace
}  // namespace coterie::node::testing
