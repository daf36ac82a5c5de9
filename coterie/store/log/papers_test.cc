// Whose directory it is: papers are written, written again when the cluster is founded, and another
// replica's take everything with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/store/log/log_test_util.h"
#include "coterie/store/log/papers_format.h"
#include "coterie/store/log/segment_format.h"

namespace coterie::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr LogOptions small{.segment_bytes = 8192};

Result<void> write_papers(sim::SimDisk& disk, Life& life, const Papers& papers) {
  std::optional<Result<void>> result;
  life.log().write_papers(papers, [&](Result<void> done) { result = std::move(done); });
  disk.run_completions();
  return result ? *std::move(result) : Result<void>(fail(Fault::timed_out, "no answer"));
}

TEST(Papers, AreWrittenAgainWhenTheClusterIsFounded) {
  sim::SimDisk disk(1);
  Papers papers = papers_of(1);
  papers.cluster = {};
  papers.founding.clear();
  {
    Life life(disk, small);
    life.found(papers);
  }
  disk.crash();
  {
    Life life(disk, small);
    ASSERT_TRUE(life.recovery->papers);
    EXPECT_FALSE(life.recovery->papers->cluster);
    // At once, before what was found is settled.
    EXPECT_TRUE(write_papers(disk, life, papers_of(1)));
    life.append(0, "a");
    life.settle();
    EXPECT_THAT(life.durable, ElementsAre(1));
  }
  disk.crash({.survival = sim::Survival::none});
  Life life(disk, small);
  EXPECT_EQ(life.recovery->papers->cluster, papers_of(1).cluster);
  EXPECT_EQ(life.recovery->papers->founding, "founding record");
  EXPECT_THAT(bodies(life.recovery->entries), ElementsAre("a"));
}

TEST(Papers, OfAnotherReplicaClearTheDirectory) {
  for (const bool at_once : {true, false}) {
    sim::SimDisk disk(1);
    {
      Life life(disk, small);
      life.found(papers_of(1));
      life.write(HardState{Term(7), replica_of(1), false}, {});
      for (int i = 0; i < 20; ++i) life.append(7, std::string(900, 'x'));
      life.settle();
    }
    disk.create("stranger", 5, [](Result<void>) {});
    disk.run_completions();
    disk.crash();
    {
      Life life(disk, small);
      ASSERT_EQ(life.recovery->entries.size(), 20u);
      if (!at_once) life.settle();
      EXPECT_TRUE(write_papers(disk, life, papers_of(2)));
      life.log().write(100, HardState{Term(1), {}, false}, {entry_of(1, 1, "new")});
      life.settle();
      EXPECT_THAT(life.durable, ElementsAre(100));
    }
    disk.crash();
    Life life(disk, small);
    EXPECT_EQ(life.recovery->papers->replica, replica_of(2));
    EXPECT_EQ(life.recovery->hard_state.term, Term(1));
    EXPECT_THAT(bodies(life.recovery->entries), ElementsAre("new"));
    EXPECT_THAT(life.recovery->notes, IsEmpty());
    EXPECT_TRUE(disk.exists("stranger"));
    EXPECT_LT(disk.used_bytes(), 40'000u);
  }
}

// Wherever the power goes meanwhile, the directory is the old one's, nobody's or the new one's.
TEST(Papers, AChangeOfReplicaIsAllOrNothing) {
  size_t old_ones = 0;
  size_t nobodys = 0;
  size_t new_ones = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    Random random(seed);
    sim::SimDisk disk(seed);
    {
      Life life(disk, small);
      life.found(papers_of(1));
      for (int i = 0; i < 20; ++i) life.append(0, std::string(900, 'x'));
      life.settle();
    }
    disk.crash(random);
    bool done = false;
    {
      Life life(disk, small);
      life.log().write_papers(papers_of(2),
                              [&](Result<void> result) { done = result.has_value(); });
      for (uint64_t n = random.below(30); n > 0; --n) disk.complete_any(random);
    }
    disk.crash(random);
    Life life(disk, small);
    ASSERT_TRUE(life.recovery);
    const Recovery& found = *life.recovery;
    if (found.papers && found.papers->replica == replica_of(2)) {
      EXPECT_THAT(found.entries, IsEmpty());
      ++new_ones;
    } else {
      EXPECT_FALSE(done);
      if (found.papers) {
        EXPECT_TRUE(found.hard_state.damaged || found.entries.size() == 20);
        ++old_ones;
      } else {
        ++nobodys;
      }
    }
  }
  EXPECT_GT(old_ones, 0u);
  EXPECT_GT(nobodys, 0u);
  EXPECT_GT(new_ones, 0u);
}

TEST(Papers, OfTheReplicaThatLostItsVoteKeepTheData) {
  sim::SimDisk disk(1);
  {
    Life life(disk, small);
    life.found(papers_of(1));
    life.write(HardState{Term(7), replica_of(1), false}, {});
    for (int i = 0; i < 20; ++i) life.append(6, std::string(900, 'x'));
    life.settle();
  }
  disk.flip_bit("state", 20, 1);
  disk.flip_bit("state", 4096 + 20, 1);
  disk.crash();
  {
    Life life(disk, small);
    EXPECT_FALSE(life.recovery->papers);
    ASSERT_TRUE(life.recovery->former);
    EXPECT_EQ(life.recovery->former->replica, replica_of(1));
    EXPECT_EQ(life.recovery->entries.size(), 20u);
    EXPECT_EQ(life.recovery->hard_state.term, Term(6));
    life.settle();  // touches nothing
    EXPECT_EQ(disk.counters().submitted, disk.counters().completed);
    Papers papers = *life.recovery->former;
    papers.cluster.high = 99;
    EXPECT_TRUE(write_papers(disk, life, papers));
  }
  disk.crash();
  Life life(disk, small);
  ASSERT_TRUE(life.recovery->papers);
  EXPECT_EQ(life.recovery->papers->cluster.high, 99u);
  EXPECT_EQ(life.recovery->entries.size(), 20u);
  EXPECT_EQ(life.recovery->hard_state.term, Term(6));
  EXPECT_FALSE(life.recovery->hard_state.vote);
  EXPECT_FALSE(life.recovery->hard_state.damaged);
  life.append(7, "goes on");
  life.settle();
  EXPECT_EQ(life.durable.size(), 1u);
}

TEST(Papers, FilesOfAnotherReplicaAreRefused) {
  sim::SimDisk disk(1);
  sim::SimDisk other(2);
  Life one(disk, small);
  one.found(papers_of(1));
  Life two(other, small);
  two.found(papers_of(2));
  const std::string foreign = other.content(segment_name(1));
  disk.write(segment_name(1), 0, {Payload::copy_of(foreign)}, world::Sync::yes,
             [](Result<void>) {});
  disk.run_completions();
  disk.crash();
  Life life(disk, small);
  ASSERT_FALSE(life.recovery);
  EXPECT_EQ(life.recovery.error().fault, Fault::invalid);
  EXPECT_THAT(life.recovery.error().message, ::testing::HasSubstr("another replica"));
}

TEST(Papers, TooLargeAFoundingRecordIsRefused) {
  sim::SimDisk disk(1);
  Life life(disk, small);
  Papers papers = papers_of(1);
  papers.founding = std::string(founding_bytes_max + 1, 'f');
  const auto refused = write_papers(disk, life, papers);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::invalid);
  papers.founding.pop_back();
  EXPECT_TRUE(write_papers(disk, life, papers));
}

}  // namespace
}  // namespace coterie::store::testing
