// A full disk: what was refused is kept in memory in order and tried again; term and vote are never
// held up; all heals when there is room.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/base/random.h"
#include "coterie/store/log/log_test_util.h"
#include "coterie/store/log/segment_format.h"

namespace coterie::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr LogOptions small{.segment_bytes = 8192};

// Appends entries of a kibibyte, a turn each, until writes wait.
void fill(Life& life, size_t turns) {
  for (size_t i = 0; i < turns; ++i) {
    life.append(0, std::string(1000, 'x'));
    life.settle();
  }
}

TEST(LogFull, SaysSoBeforeWritesWait) {
  sim::SimDisk disk(1);
  Life life(disk, small);
  life.found(papers_of(1));
  fill(life, 1);
  EXPECT_FALSE(life.log().full());
  disk.set_capacity(disk.used_bytes());
  size_t written = life.durable.size();
  // The segment in use and the prepared one still take entries.
  while (!life.log().full()) {
    fill(life, 1);
    ASSERT_EQ(life.durable.size(), ++written);
  }
  EXPECT_GE(written, 4u);
  EXPECT_FALSE(life.failure);
  // A leader's first entry still has room.
  life.append(0, "small");
  life.settle();
  EXPECT_EQ(life.durable.size(), written + 1);
}

TEST(LogFull, KeepsWhatWasRefusedAndHeals) {
  sim::SimDisk disk(1);
  {
    Life life(disk, small);
    life.found(papers_of(1));
    fill(life, 1);
    disk.set_capacity(disk.used_bytes());
    fill(life, 20);
    EXPECT_TRUE(life.log().full());
    EXPECT_FALSE(life.failure);
    EXPECT_LT(life.durable.size(), 15u);
    const size_t before = life.durable.size();
    disk.set_capacity(1 << 20);
    for (int i = 0; i < 10; ++i) {
      life.pass(200);
      life.settle();
    }
    EXPECT_FALSE(life.log().full());
    EXPECT_GT(life.durable.size(), before);
    EXPECT_EQ(life.durable.back(), 21u);
    EXPECT_TRUE(std::is_sorted(life.durable.begin(), life.durable.end()));
  }
  disk.crash({.survival = sim::Survival::none});
  Life life(disk, small);
  EXPECT_EQ(life.recovery->entries.size(), 21u);
}

TEST(LogFull, IsNotAskedAllTheTime) {
  sim::SimDisk disk(1);
  Life life(disk, small);
  life.found(papers_of(1));
  fill(life, 1);
  disk.set_capacity(disk.used_bytes());
  fill(life, 20);
  ASSERT_TRUE(life.log().full());
  const auto before = disk.counters();
  for (int i = 0; i < 100; ++i) {  // a millisecond each
    life.flush();
    disk.run_completions();
  }
  EXPECT_LE(disk.counters().submitted - before.submitted, 2u);
}

TEST(LogFull, NeverHoldsUpTermAndVote) {
  sim::SimDisk disk(1);
  {
    Life life(disk, small);
    life.found(papers_of(1));
    fill(life, 1);
    disk.set_capacity(disk.used_bytes());
    while (!life.log().full()) fill(life, 1);
    const uint64_t number = life.write(HardState{Term(9), replica_of(4), false}, {});
    life.settle();
    EXPECT_EQ(life.durable.back(), number);
  }
  disk.crash({.survival = sim::Survival::none});
  Life life(disk, small);
  EXPECT_EQ(life.recovery->hard_state, (HardState{Term(9), replica_of(4), false}));
}

TEST(LogFull, CompactionHeals) {
  sim::SimDisk disk(1);
  Life life(disk, small);
  life.found(papers_of(1));
  fill(life, 30);
  disk.set_capacity(disk.used_bytes());
  fill(life, 20);
  ASSERT_TRUE(life.log().full());
  const uint64_t last = life.durable.back();
  life.log().compact(Index(20));  // a snapshot went to another disk, say
  disk.run_completions();
  for (int i = 0; i < 5; ++i) {
    life.pass(200);
    life.settle();
  }
  EXPECT_GT(life.durable.back(), last);
}

TEST(LogFull, LargeEntryWaitsForItsSegment) {
  sim::SimDisk disk(1);
  Life life(disk, small);
  life.found(papers_of(1));
  fill(life, 1);
  disk.set_capacity(disk.used_bytes() + 20'000);
  life.append(0, std::string(100'000, 'L'));
  life.append(0, "behind it");
  life.settle();
  EXPECT_TRUE(life.log().full());
  EXPECT_THAT(life.durable, ElementsAre(1));
  disk.set_capacity(1 << 20);
  life.pass(300);
  life.settle();
  life.pass(300);
  life.settle();
  EXPECT_FALSE(life.log().full());
  EXPECT_EQ(life.durable.back(), 3u);
}

// A disk that says no to a write in a file of full size, as one that copies on write may.
TEST(LogFull, RefusedWritesAreTriedAgainInOrder) {
  sim::SimDisk disk(1);
  {
    Life life(disk, small);
    life.found(papers_of(1));
    fill(life, 1);
    disk.fail_next(sim::DiskOperation::write, Fault::no_space, 5);
    life.write(HardState{Term(2), replica_of(1), false}, {entry_of(2, 2, "two")});
    life.settle();
    EXPECT_TRUE(life.log().full());
    EXPECT_THAT(life.durable, ElementsAre(1));
    for (int i = 0; i < 20; ++i) {
      life.append(2, "more");
      life.pass(200);
      life.settle();
    }
    EXPECT_FALSE(life.log().full());
    EXPECT_FALSE(life.failure);
    EXPECT_EQ(life.durable.back(), 22u);
    disk.fail_next(sim::DiskOperation::write, Fault::no_space, 2);
    life.append(2, "refused in the log");
    life.settle();
    EXPECT_TRUE(life.log().full());
    EXPECT_EQ(life.durable.back(), 22u);
    for (int i = 0; i < 4; ++i) {
      life.pass(200);
      life.settle();
    }
    EXPECT_FALSE(life.log().full());
    EXPECT_EQ(life.durable.back(), 23u);
  }
  disk.crash({.survival = sim::Survival::none});
  Life life(disk, small);
  EXPECT_EQ(life.recovery->entries.size(), 23u);
  EXPECT_EQ(life.recovery->hard_state.term, Term(2));
}

TEST(LogFull, FoundingOnAFullDiskSaysSo) {
  for (uint64_t capacity = 0; capacity < 18'000; capacity += 900) {
    sim::SimDisk disk(1);
    disk.set_capacity(capacity);
    {
      Life life(disk, small);
      std::optional<Result<void>> result;
      life.log().write_papers(papers_of(1), [&](Result<void> done) { result = std::move(done); });
      disk.run_completions();
      ASSERT_TRUE(result);
      if (*result) {
        EXPECT_GE(capacity, 2u * 8192);
        continue;
      }
      EXPECT_EQ(result->error().fault, Fault::no_space);
    }
    // With room the same directory is founded.
    disk.set_capacity(1 << 20);
    disk.crash();
    Life life(disk, small);
    ASSERT_FALSE(life.recovery->papers);
    life.found(papers_of(2));
  }
}

// The disk fills up and empties at random while the power goes at random.
TEST(LogFull, CrashesOnAFullDiskLoseNothing) {
  for (uint64_t seed = 1; seed <= 200 && !HasFailure(); ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    Random random(seed);
    sim::SimDisk disk(seed);
    uint64_t durable = 0;
    {
      Life life(disk, small);
      life.found(papers_of(1));
    }
    for (int start = 0; start < 6; ++start) {
      Life life(disk, small);
      ASSERT_TRUE(life.recovery->papers);
      ASSERT_FALSE(life.recovery->hard_state.damaged)
          << ::testing::PrintToString(life.recovery->notes);
      ASSERT_GE(life.recovery->entries.size(), durable);
      const uint64_t found = life.recovery->entries.size();
      durable = std::max(durable, life.log().settled() ? found : durable);
      for (uint64_t step = random.below(60); step > 0; --step) {
        if (random.chance(0.1)) disk.set_capacity(disk.used_bytes() + random.below(30'000));
        if (random.chance(0.5)) life.append(0, std::string(random.below(1500), 'x'));
        if (random.chance(0.1)) life.pass(300);
        life.flush();
        for (uint64_t n = random.below(4); n > 0; --n) disk.complete_any(random);
        ASSERT_FALSE(life.failure);
        if (life.log().durable_number() > 0) {
          durable = std::max(durable, found + life.log().durable_number());
        }
      }
      disk.crash(random);
    }
  }
}

}  // namespace
}  // namespace coterie::store::testing
