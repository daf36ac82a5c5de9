// The log on a healthy disk: what is written is there, in order, after any kind of stop.
#include "coterie/store/log/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/store/log/log_test_util.h"

namespace coterie::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr LogOptions small{.segment_bytes = 8192};

HardState hard(uint64_t term, uint64_t vote, bool damaged = false) {
  return {Term(term), vote == 0 ? ReplicaId{} : replica_of(vote), damaged};
}

TEST(Log, EmptyDirectoryHasNoPapers) {
  sim::SimDisk disk(1);
  Life life(disk);
  ASSERT_TRUE(life.recovery);
  EXPECT_FALSE(life.recovery->papers);
  EXPECT_TRUE(life.recovery->clean);
  EXPECT_THAT(life.recovery->notes, IsEmpty());
  EXPECT_TRUE(life.log().settled());
}

TEST(Log, KeepsPapersEntriesAndHardState) {
  sim::SimDisk disk(1);
  {
    Life life(disk);
    life.found(papers_of(1));
    life.write(hard(3, 2), {entry_of(1, 3, "one"), entry_of(2, 3, "two")});
    life.append(3, "three");
    life.flush();
    EXPECT_THAT(life.durable, IsEmpty());
    disk.run_completions();
    EXPECT_THAT(life.durable, ElementsAre(2));
    EXPECT_EQ(life.log().durable_number(), 2u);
  }
  disk.crash({.survival = sim::Survival::none});
  Life life(disk);
  ASSERT_TRUE(life.recovery);
  ASSERT_TRUE(life.recovery->papers);
  EXPECT_EQ(life.recovery->papers->replica, replica_of(1));
  EXPECT_EQ(life.recovery->papers->cluster, papers_of(1).cluster);
  EXPECT_EQ(life.recovery->papers->founding, "founding record");
  EXPECT_EQ(life.recovery->hard_state, hard(3, 2));
  EXPECT_THAT(bodies(life.recovery->entries), ElementsAre("one", "two", "three"));
  EXPECT_TRUE(life.recovery->clean);
  EXPECT_THAT(life.recovery->notes, IsEmpty());
}

}  // namespace
}  // namespace coterie::store::testing
