// The log on a healthy disk: what is written is there, in order, after any kind of stop; and no
// more is asked of the disk than is needed.
#include "coterie/store/log/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/store/log/log_test_util.h"
#include "coterie/store/log/segment_format.h"
#include "coterie/store/log/snapshot.h"

namespace coterie::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr LogOptions small{.segment_bytes = 8192};

HardState hard(uint64_t term, uint64_t vote, bool damaged = false) {
  return {Term(term), vote == 0 ? ReplicaId{} : replica_of(vote), damaged};
}

void snapshot_at(sim::SimDisk& disk, uint64_t index, uint64_t term) {
  SnapshotWriter writer(disk, {Index(index), Term(term), "membership", 0});
  writer.append(Payload::copy_of("the state at " + std::to_string(index)));
  bool done = false;
  writer.finish([&](const Result<SnapshotFile>& file) { done = file.has_value(); });
  disk.run_completions();
  ASSERT_TRUE(done);
}

size_t segments_on(const sim::SimDisk& disk) {
  size_t count = 0;
  for (uint32_t sequence = 1; sequence < 100; ++sequence) {
    count += disk.exists(segment_name(sequence)) ? 1 : 0;
  }
  return count;
}

TEST(Log, EmptyDirectoryHasNoPapers) {
  sim::SimDisk disk(1);
  Life life(disk);
  ASSERT_TRUE(life.recovery);
  EXPECT_FALSE(life.recovery->papers);
  EXPECT_TRUE(life.recovery->clean);
  EXPECT_THAT(life.recovery->notes, IsEmpty());
  EXPECT_TRUE(life.log().settled());
  EXPECT_EQ(disk.pending(), 0u);
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

TEST(Log, OneWriteForAllOfATurn) {
  sim::SimDisk disk(1);
  Life life(disk);
  life.found(papers_of(1));
  life.append(1, "the first one opens the segment");
  life.settle();
  const auto before = disk.counters();
  for (int i = 0; i < 50; ++i) life.append(1, "entry");
  life.flush();
  EXPECT_EQ(disk.counters().submitted - before.submitted, 1u);
  // The next batch forms while this one is under way.
  for (int i = 0; i < 20; ++i) life.append(1, "entry");
  life.flush();
  EXPECT_EQ(disk.counters().submitted - before.submitted, 1u);
  disk.run_completions();
  EXPECT_THAT(life.durable, ElementsAre(1, 51));
  life.flush();
  disk.run_completions();
  EXPECT_EQ(disk.counters().submitted - before.submitted, 2u);
  EXPECT_EQ(disk.counters().syncs - before.syncs, 2u);
  EXPECT_THAT(life.durable, ElementsAre(1, 51, 71));
}

TEST(Log, HardStateComesFirstAndTwice) {
  sim::SimDisk disk(1);
  Life life(disk);
  life.found(papers_of(1));
  life.settle();
  life.write(hard(5, 1), {entry_of(1, 5, "entry")});
  life.flush();
  const std::string segment = disk.content(segment_name(1));
  EXPECT_TRUE(disk.complete_one());  // one slot
  EXPECT_TRUE(disk.complete_one());  // the other
  EXPECT_EQ(disk.content(segment_name(1)), segment);
  EXPECT_THAT(life.durable, IsEmpty());
  disk.run_completions();
  EXPECT_NE(disk.content(segment_name(1)), segment);
  EXPECT_THAT(life.durable, ElementsAre(1));
  // The same state again costs nothing.
  const auto before = disk.counters();
  life.write(hard(5, 1), {entry_of(2, 5, "entry")});
  life.flush();
  disk.run_completions();
  EXPECT_EQ(disk.counters().syncs - before.syncs, 1u);
}

TEST(Log, NothingToWriteIsReportedTooFromACompletion) {
  sim::SimDisk disk(1);
  Life life(disk);
  life.found(papers_of(1));
  life.write(std::nullopt, {});
  life.flush();
  EXPECT_THAT(life.durable, IsEmpty());
  disk.run_completions();
  EXPECT_THAT(life.durable, ElementsAre(1));
}

TEST(Log, SuffixIsReplacedByWhatComesLater) {
  sim::SimDisk disk(1);
  {
    Life life(disk);
    life.found(papers_of(1));
    life.write(hard(1, 0), {entry_of(1, 1, "a"), entry_of(2, 1, "b"), entry_of(3, 1, "c")});
    life.settle();
    life.write(hard(2, 0), {entry_of(2, 2, "B")});
    life.write(std::nullopt, {entry_of(3, 2, "C"), entry_of(4, 2, "D")});
    life.write(std::nullopt, {entry_of(4, 2, "d")});
    life.settle();
  }
  disk.crash();
  Life life(disk);
  EXPECT_THAT(bodies(life.recovery->entries), ElementsAre("a", "B", "C", "d"));
}

TEST(Log, GoesOnInTheSameSegmentAndAcrossSegments) {
  sim::SimDisk disk(1);
  std::vector<std::string> expected;
  for (int start = 0; start < 6; ++start) {
    Life life(disk, small);
    if (start == 0) life.found(papers_of(1));
    if (start > 0) {
      EXPECT_EQ(bodies(life.recovery->entries), expected);
    }
    for (int i = 0; i < 5; ++i) {
      expected.push_back(std::to_string(start * 10 + i) + std::string(700, 'x'));
      life.append(0, expected.back());
      life.settle();
    }
    EXPECT_EQ(life.durable.size(), 5u);
    if (start % 2 == 0) {
      EXPECT_TRUE(life.close());
    }
    disk.crash({.survival = sim::Survival::none});
  }
  EXPECT_GE(segments_on(disk), 7u);
  EXPECT_LE(segments_on(disk), 12u);
}

TEST(Log, PreparesTheNextSegmentBeforeItIsNeeded) {
  sim::SimDisk disk(1);
  Life life(disk, small);
  life.found(papers_of(1));
  life.append(0, "x");
  life.flush();
  // The first write does not wait for the next segment, which is being made meanwhile.
  EXPECT_TRUE(disk.complete_one());
  EXPECT_TRUE(disk.complete_one());
  EXPECT_THAT(life.durable, ElementsAre(1));
  disk.run_completions();
  EXPECT_TRUE(disk.exists(segment_name(2)));
  EXPECT_EQ(life.log().bytes_on_disk(), 2u * 8192);
}

TEST(Log, WritesWaitWhenTheNextSegmentIsNotReady) {
  sim::SimDisk disk(1);
  {
    Life life(disk, small);
    life.found(papers_of(1));
    // One turn brings more than both segments hold.
    for (int i = 0; i < 40; ++i) life.append(0, std::to_string(i) + std::string(1000, 'x'));
    life.flush();
    disk.run_completions();
    EXPECT_THAT(life.durable, ElementsAre(40));
  }
  disk.crash({.survival = sim::Survival::none});
  Life life(disk, small);
  ASSERT_EQ(life.recovery->entries.size(), 40u);
  EXPECT_THAT(life.recovery->entries[39].body().text(), HasSubstr("39"));
}

TEST(Log, LargeEntryGetsASegmentOfItsOwnSize) {
  sim::SimDisk disk(1);
  const std::string large(100'000, 'L');
  {
    Life life(disk, small);
    life.found(papers_of(1));
    life.append(0, "before");
    life.settle();
    life.append(0, large);
    life.append(0, "after");
    life.settle();
    EXPECT_THAT(life.durable, ElementsAre(1, 3));
    EXPECT_GT(life.log().bytes_on_disk(), 100'000u);
  }
  disk.crash({.survival = sim::Survival::none});
  Life life(disk, small);
  EXPECT_THAT(bodies(life.recovery->entries), ElementsAre("before", large, "after"));
}

TEST(Log, LargestEntryThereCanBe) {
  sim::SimDisk disk(1);
  {
    Life life(disk);
    life.found(papers_of(1));
    life.append(0, std::string(entry_bytes_max - entry_header_bytes, 'M'));
    life.settle();
    EXPECT_THAT(life.durable, ElementsAre(1));
  }
  disk.crash({.survival = sim::Survival::none});
  Life life(disk);
  ASSERT_EQ(life.recovery->entries.size(), 1u);
  EXPECT_EQ(life.recovery->entries[0].bytes.size(), entry_bytes_max);
}

TEST(Log, CompactRemovesWholeSegmentsBelow) {
  sim::SimDisk disk(1);
  {
    Life life(disk, small);
    life.found(papers_of(1));
    for (int i = 0; i < 30; ++i) {
      life.append(0, std::string(900, 'x'));
      life.settle();
    }
    const size_t before = segments_on(disk);
    EXPECT_GE(before, 7u);
    snapshot_at(disk, 20, 0);
    life.log().compact(Index(15));
    disk.run_completions();
    EXPECT_LT(segments_on(disk), before);
    snapshot_at(disk, 30, 0);
    life.log().compact(Index(31));  // never the one in use, nor the one prepared
    disk.run_completions();
    EXPECT_EQ(segments_on(disk), 2u);
    EXPECT_EQ(life.log().bytes_on_disk(), 2u * 8192);
  }
  disk.crash({.survival = sim::Survival::none});
  Life life(disk, small);
  ASSERT_TRUE(life.recovery->snapshot);
  EXPECT_EQ(life.recovery->snapshot->index, Index(30));
  EXPECT_FALSE(life.recovery->hard_state.damaged);
  ASSERT_FALSE(life.recovery->entries.empty());
  EXPECT_EQ(life.recovery->entries.back().index, Index(30));
  EXPECT_GT(life.recovery->entries.front().index, Index(20));
}

// Whoever waits for a write may close the log as soon as it is durable: it ends behind that write.
TEST(Log, ClosedFromWithinOnDurableItEndsBehindTheWrite) {
  sim::SimDisk disk(1);
  {
    Life life(disk, small);
    life.found(papers_of(1));
    life.append(0, "first");
    life.settle();
  }
  disk.crash();
  {
    int closed = 0;
    std::unique_ptr<Log> log;
    log = std::make_unique<Log>(
        disk, small, [&](uint64_t) { log->close([&] { ++closed; }); },
        [](const Error& error) { FAIL() << error.message; });
    ASSERT_TRUE(log->open());
    log->write(1, std::nullopt, {entry_of(2, 0, "second")});
    for (int i = 0; i < 4; ++i) {
      log->flush(at_ms(i));
      disk.run_completions();
    }
    EXPECT_EQ(closed, 1);
  }
  disk.crash({.survival = sim::Survival::none});
  Life life(disk, small);
  EXPECT_THAT(bodies(life.recovery->entries), ElementsAre("first", "second"));
  EXPECT_THAT(life.recovery->notes, IsEmpty());
}

// A replica may know what it needs no more before what it found is settled.
TEST(Log, CompactBeforeItIsSettledIsDoneThen) {
  sim::SimDisk disk(1);
  {
    Life life(disk, small);
    life.found(papers_of(1));
    for (int i = 0; i < 30; ++i) {
      life.append(0, std::string(900, 'x'));
      life.settle();
    }
    snapshot_at(disk, 30, 0);
  }
  disk.crash({.survival = sim::Survival::none});
  const size_t before = segments_on(disk);
  {
    Life life(disk, small);
    ASSERT_FALSE(life.log().settled());
    life.log().compact(Index(31));
    EXPECT_EQ(segments_on(disk), before);
    life.settle();
    EXPECT_EQ(segments_on(disk), 2u);
    EXPECT_FALSE(life.failure);
  }
  disk.crash({.survival = sim::Survival::none});
  Life life(disk, small);
  EXPECT_FALSE(life.recovery->hard_state.damaged);
  EXPECT_EQ(life.next(), Index(31));
}

// What was compacted away comes back when the power goes amid the removal: it is not missed, and
// not believed.
TEST(Log, CompactedSegmentsThatComeBackAreIgnored) {
  sim::SimDisk disk(1);
  std::string first;
  {
    Life life(disk, small);
    life.found(papers_of(1));
    for (int i = 0; i < 30; ++i) {
      life.append(0, std::to_string(i + 1) + std::string(900, 'x'));
      life.settle();
    }
    first = disk.content(segment_name(1));
    snapshot_at(disk, 25, 0);
    life.log().compact(Index(26));
    life.settle();
    ASSERT_FALSE(disk.exists(segment_name(1)));
  }
  disk.create(segment_name(1), first.size(), [](Result<void>) {});
  disk.write(segment_name(1), 0, {Payload::copy_of(first)}, world::Sync::yes, [](Result<void>) {});
  disk.run_completions();
  disk.crash();
  Life life(disk, small);
  EXPECT_FALSE(life.recovery->hard_state.damaged);
  EXPECT_GT(life.recovery->entries.front().index, Index(10));
  EXPECT_EQ(life.recovery->entries.back().index, Index(30));
  life.settle();
  EXPECT_FALSE(disk.exists(segment_name(1)));
}

TEST(Log, CompactKeepsWhatIsNeeded) {
  sim::SimDisk disk(1);
  {
    Life life(disk, small);
    life.found(papers_of(1));
    for (int i = 0; i < 30; ++i) {
      life.append(0, std::to_string(i + 1));
      if (i % 3 == 2) life.settle();
    }
    snapshot_at(disk, 20, 0);
    life.log().compact(Index(15));
    life.settle();
  }
  disk.crash({.survival = sim::Survival::none});
  Life life(disk, small);
  ASSERT_FALSE(life.recovery->entries.empty());
  EXPECT_LE(life.recovery->entries.front().index, Index(15));
  EXPECT_EQ(life.recovery->entries.back().index, Index(30));
  for (const Entry& entry : life.recovery->entries) {
    EXPECT_EQ(entry.body().text(), std::to_string(entry.index.value));
  }
}

TEST(Log, ResetBeginsAnewBehindASnapshot) {
  sim::SimDisk disk(1);
  {
    Life life(disk);
    life.found(papers_of(1));
    life.append(0, "old");
    life.settle();
    snapshot_at(disk, 100, 0);
    life.log().reset(Index(101));
    life.write(hard(1, 0), {entry_of(101, 1, "new")});
    life.settle();
  }
  disk.crash({.survival = sim::Survival::none});
  Life life(disk);
  EXPECT_EQ(life.recovery->snapshot->index, Index(100));
  EXPECT_THAT(bodies(life.recovery->entries), ElementsAre("new"));
  EXPECT_EQ(life.recovery->entries[0].index, Index(101));
  EXPECT_THAT(life.recovery->notes, IsEmpty());
}

// A crash between a snapshot from elsewhere and the reset that belongs to it.
TEST(Log, SnapshotNewerThanTheLogDropsWhatDoesNotConnect) {
  for (const uint64_t snapshot_index : {uint64_t{2}, uint64_t{3}, uint64_t{50}}) {
    for (const uint64_t snapshot_term : {uint64_t{1}, uint64_t{2}}) {
      SCOPED_TRACE(::testing::Message() << snapshot_index << " term " << snapshot_term);
      sim::SimDisk disk(1);
      {
        Life life(disk);
        life.found(papers_of(1));
        life.write(hard(2, 0), {entry_of(1, 1, "a"), entry_of(2, 1, "b"), entry_of(3, 1, "c")});
        life.settle();
        snapshot_at(disk, snapshot_index, snapshot_term);
      }
      disk.crash({.survival = sim::Survival::none});
      {
        Life life(disk);
        EXPECT_FALSE(life.recovery->hard_state.damaged);
        if (snapshot_index < 50 && snapshot_term == 1) {
          EXPECT_THAT(bodies(life.recovery->entries), ElementsAre("a", "b", "c"));
          continue;
        }
        EXPECT_THAT(life.recovery->entries, IsEmpty());
        // What is written next is behind the snapshot, and stays.
        life.write(std::nullopt, {entry_of(snapshot_index + 1, 2, "next")});
        life.settle();
      }
      disk.crash({.survival = sim::Survival::none});
      Life life(disk);
      EXPECT_THAT(bodies(life.recovery->entries), ElementsAre("next"));
      EXPECT_FALSE(life.recovery->hard_state.damaged);
    }
  }
}

TEST(Log, CleanEndIsExact) {
  sim::SimDisk disk(1);
  {
    Life life(disk);
    life.found(papers_of(1));
    life.append(0, "a");
    life.append(0, "b");
    EXPECT_TRUE(life.close());  // writes what was gathered
    EXPECT_THAT(life.durable, ElementsAre(2));
  }
  disk.crash({.survival = sim::Survival::none});
  {
    Life life(disk);
    EXPECT_THAT(bodies(life.recovery->entries), ElementsAre("a", "b"));
  }
  disk.crash({.survival = sim::Survival::none});
  // The last batch of a closed log: rot, and no doubt about it.
  const std::string bytes = disk.content(segment_name(1));
  disk.flip_bit(segment_name(1), bytes.rfind('b'), 0);
  Life life(disk);
  EXPECT_THAT(bodies(life.recovery->entries), ElementsAre("a"));
  EXPECT_TRUE(life.recovery->hard_state.damaged);
}

TEST(Log, SettlesBeforeAnythingDependsOnWhatWasFound) {
  sim::SimDisk disk(1);
  {
    Life life(disk);
    life.found(papers_of(1));
    life.append(0, "a");
    life.flush();
  }
  // kill -9 between write and sync: the kernel has it, the disk has not.
  disk.crash({.kind = sim::CrashKind::process, .survival = sim::Survival::all});
  {
    Life life(disk);
    ASSERT_THAT(bodies(life.recovery->entries), ElementsAre("a"));
    EXPECT_FALSE(life.log().settled());
    life.append(0, "b");
    life.flush();
    while (!life.log().settled()) ASSERT_TRUE(disk.complete_one());
    EXPECT_THAT(life.durable, IsEmpty());
  }
  disk.crash({.survival = sim::Survival::none});
  Life life(disk);
  EXPECT_THAT(bodies(life.recovery->entries), ElementsAre("a"));
}

TEST(Log, SyncTimesAreMeasured) {
  sim::SimDisk disk(1);
  Life life(disk);
  life.found(papers_of(1));
  life.append(0, "a");
  life.flush();
  EXPECT_EQ(life.log().recent_sync(), Duration{});
  life.pass(300);
  life.flush();  // under way for 301 ms
  EXPECT_GE(life.log().recent_sync().ms(), 300);
  disk.run_completions();
  life.flush();
  const int64_t longest = life.log().recent_sync().ms();
  EXPECT_GE(longest, 300);
  for (int i = 0; i < 3; ++i) {
    life.append(0, "a");
    life.flush();
    disk.run_completions();
    life.flush();
  }
  EXPECT_EQ(life.log().recent_sync().ms(), longest);
  life.pass(20'000);
  life.flush();
  EXPECT_LT(life.log().recent_sync().ms(), 10);
}

TEST(Log, AFailedSyncStopsTheNode) {
  for (const auto operation :
       {sim::DiskOperation::sync, sim::DiskOperation::write, sim::DiskOperation::create}) {
    sim::SimDisk disk(1);
    Life life(disk, small);
    life.found(papers_of(1));
    life.settle();
    disk.fail_next(operation, Fault::io);
    for (int i = 0; i < 20; ++i) life.append(0, std::string(900, 'x'));
    life.settle();
    ASSERT_TRUE(life.failure) << sim::disk_operation_name(operation);
    EXPECT_EQ(life.failure->fault, Fault::io);
    const size_t reported = life.durable.size();
    life.append(0, "more");
    life.settle();
    EXPECT_EQ(life.durable.size(), reported);
  }
}

}  // namespace
}  // namespace coterie::store::testing
