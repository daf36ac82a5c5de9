// Recovery faces bytes: whatever they are, it ends, and what it gives has the shape that the rest
// relies on. And the cases that crashes at random come to only rarely.
#include "coterie/store/log/recovery.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/base/random.h"
#include "coterie/store/log/log_test_util.h"
#include "coterie/store/log/papers_format.h"
#include "coterie/store/log/recover_files.h"
#include "coterie/store/log/segment_format.h"
#include "coterie/store/log/snapshot.h"
#include "coterie/store/log/snapshot_format.h"

namespace coterie::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void expect_shape(const Result<RecoveredDirectory>& recovered) {
  if (!recovered) {
    EXPECT_EQ(recovered.error().fault, Fault::invalid);
    EXPECT_FALSE(recovered.error().message.empty());
    return;
  }
  const Recovery& found = recovered->recovery;
  if (!found.papers && !found.former) {
    EXPECT_TRUE(found.entries.empty());
    EXPECT_FALSE(found.snapshot);
    return;
  }
  for (size_t i = 1; i < found.entries.size(); ++i) {
    EXPECT_EQ(found.entries[i].index, found.entries[i - 1].index.next());
  }
  if (!found.entries.empty()) {
    const Index snapshot = found.snapshot ? found.snapshot->index : Index(0);
    EXPECT_LE(found.entries.front().index, snapshot.next());
    EXPECT_GE(found.entries.back().index, snapshot);
  }
}

constexpr uint64_t file_bytes = 16384;

// Builds segment files by hand.
class Builder {
 public:
  Builder() {
    files_["identity"] = encode_papers(papers_of(3)).text();
    state.counter = 1;
    state.hard_state.term = Term(9);
  }

  std::string& segment(uint32_t sequence) {
    std::string& file = files_[segment_name(sequence)];
    if (file.empty()) {
      file = encode_segment_header({sequence, {}, replica_of(3), file_bytes}).text();
      file.resize(file_bytes, '\0');
    }
    return file;
  }
  // A batch of entries from this index on; `before`: the opening that goes first.
  uint64_t batch(uint32_t sequence, uint64_t at, std::optional<LogEnd> before, uint64_t from,
                 uint64_t count, uint64_t term = 1) {
    BatchBuilder out(sequence, replica_of(3), at);
    if (before) out.add(RecordKind::opening, encode_opening(*before));
    for (uint64_t i = from; i < from + count; ++i) {
      out.add(RecordKind::entry, entry_of(i, term, std::to_string(i)).bytes);
    }
    const uint64_t end = out.end();
    for (const Payload& part : out.take()) {
      segment(sequence).replace(at, part.size(), part.view());
      at += part.size();
    }
    return end;
  }
  Recovery recover() {
    const std::string slot = encode_state_slot(state, replica_of(3)).text();
    std::string file = slot;
    file.resize(state_slot_distance, '\0');
    files_["state"] = file + slot;
    auto recovered = store::recover(files_);
    EXPECT_TRUE(recovered) << recovered.error().message;
    expect_shape(recovered);
    last = std::move(recovered->log);
    return std::move(recovered->recovery);
  }
  Files& files() { return files_; }

  StateRecord state;
  StitchedLog last;

 private:
  Files files_;
};

TEST(Recovery, TornFirstWriteOfASegmentIsCut) {
  Builder builder;
  builder.state.newest_segment = 2;
  const uint64_t end = builder.batch(1, 4096, LogEnd{}, 1, 3);
  builder.batch(2, 4096, LogEnd{1, end}, 4, 2);
  builder.segment(2)[4100] ^= 1;
  Recovery found = builder.recover();
  // Of the torn write nothing is kept: who knows what it followed.
  EXPECT_THAT(bodies(found.entries), ElementsAre("1", "2", "3"));
  EXPECT_FALSE(found.hard_state.damaged);
  EXPECT_THAT(found.notes, ElementsAre(HasSubstr("unfinished first write")));
  EXPECT_EQ(builder.last.end, (LogEnd{1, end}));
  EXPECT_FALSE(builder.last.continue_in_place);

  // Twice in a row: the start between has cut the tail of the first, and said so.
  builder.segment(1)[end - 512 + 200] ^= 1;
  builder.batch(1, end, std::nullopt, 4, 1);
  builder.segment(1)[end + 30] ^= 1;
  builder.segment(1)[end - 512 + 200] ^= 1;
  builder.state.end = {1, end};
  EXPECT_FALSE(builder.recover().hard_state.damaged);
  // Otherwise the first segment was whole when the second was written to: that is damage.
  builder.state.end = {1, 4096};
  EXPECT_TRUE(builder.recover().hard_state.damaged);
}

TEST(Recovery, GoodFrontOfATornBatchIsKept) {
  Builder builder;
  builder.state.newest_segment = 1;
  builder.batch(1, 4096, LogEnd{}, 1, 5);
  const size_t fourth = builder.segment(1).find(entry_of(4, 1, "4").bytes.text());
  builder.segment(1)[fourth + 3] ^= 1;
  const Recovery found = builder.recover();
  EXPECT_THAT(bodies(found.entries), ElementsAre("1", "2", "3"));
  EXPECT_FALSE(found.hard_state.damaged);
}

TEST(Recovery, BadWithGoodBehindIsDamage) {
  Builder builder;
  builder.state.newest_segment = 1;
  const uint64_t second = builder.batch(1, 4096, LogEnd{}, 1, 2);
  builder.batch(1, second, std::nullopt, 3, 2);
  builder.segment(1)[second - 300] ^= 1;  // in the padding: no record notices
  EXPECT_FALSE(builder.recover().hard_state.damaged);
  builder.segment(1)[4096 + 100] ^= 1;
  const Recovery found = builder.recover();
  EXPECT_TRUE(found.hard_state.damaged);
  EXPECT_THAT(found.entries, IsEmpty());
  EXPECT_EQ(builder.last.end, (LogEnd{1, 4136}));
}

TEST(Recovery, DamageBelowTheSnapshotIsPassedOver) {
  Builder builder;
  builder.state.newest_segment = 1;
  const uint64_t second = builder.batch(1, 4096, LogEnd{}, 1, 2);
  const uint64_t third = builder.batch(1, second, std::nullopt, 3, 2);
  builder.batch(1, third, std::nullopt, 5, 2);
  builder.segment(1)[second + 100] ^= 1;  // entries 3 and 4
  EXPECT_TRUE(builder.recover().hard_state.damaged);
  const auto with_snapshot = [&](uint64_t index, uint64_t term) {
    sim::SimDisk disk(1);
    SnapshotWriter writer(disk, {Index(index), Term(term), "", 0});
    writer.finish([](const Result<SnapshotFile>&) {});
    disk.run_completions();
    builder.files()[snapshot_name(Index(index))] = disk.content(snapshot_name(Index(index)));
    Recovery found = builder.recover();
    builder.files().erase(snapshot_name(Index(index)));
    return found;
  };
  EXPECT_TRUE(with_snapshot(3, 1).hard_state.damaged);
  // Entry 5 follows the snapshot at 4, but whether it followed the same entry 4 is not known.
  EXPECT_TRUE(with_snapshot(4, 1).hard_state.damaged);
  const Recovery found = with_snapshot(5, 1);
  EXPECT_FALSE(found.hard_state.damaged);
  EXPECT_THAT(bodies(found.entries), ElementsAre("5", "6"));
  // Another entry 5 than the snapshot's: a log from before it.
  const Recovery other = with_snapshot(5, 2);
  EXPECT_FALSE(other.hard_state.damaged);
  EXPECT_THAT(other.entries, IsEmpty());
}

// A value may hold the bytes of the very log it is in.
TEST(Recovery, RecordsInsideValuesAreNoRecords) {
  Builder builder;
  builder.state.newest_segment = 1;
  const uint64_t second = builder.batch(1, 4096, LogEnd{}, 1, 2);
  const std::string records = builder.segment(1).substr(4096, 1024);
  BatchBuilder out(1, replica_of(3), second);
  out.add(RecordKind::entry, entry_of(3, 1, records).bytes);
  uint64_t at = second;
  for (const Payload& part : out.take()) {
    builder.segment(1).replace(at, part.size(), part.view());
    at += part.size();
  }
  EXPECT_EQ(builder.recover().entries.size(), 3u);
  builder.segment(1)[second + 8] ^= 1;
  const Recovery found = builder.recover();
  EXPECT_EQ(found.entries.size(), 2u);
  EXPECT_FALSE(found.hard_state.damaged) << ::testing::PrintToString(found.notes);
}

// Were segments recycled by renaming, what they held before would be dead.
TEST(Recovery, RecordsOfARecycledSegmentAreDead) {
  Builder builder;
  builder.state.newest_segment = 2;
  const uint64_t end = builder.batch(1, 4096, LogEnd{}, 1, 40);
  builder.batch(2, 4096, LogEnd{1, end}, 41, 2);
  const std::string old = builder.segment(1).substr(4608);
  builder.segment(2).replace(4608, old.size(), old);
  const Recovery found = builder.recover();
  EXPECT_EQ(found.entries.size(), 42u);
  EXPECT_FALSE(found.hard_state.damaged);
}

TEST(Recovery, StateOfAnOlderTermThanTheLogIsNoState) {
  Builder builder;
  builder.state.newest_segment = 1;
  builder.batch(1, 4096, LogEnd{}, 1, 2, 10);
  const Recovery found = builder.recover();
  EXPECT_FALSE(found.papers);
  EXPECT_TRUE(found.former);
  EXPECT_EQ(found.entries.size(), 2u);
  EXPECT_EQ(found.hard_state.term, Term(10));
}

TEST(Recovery, UnknownRecordsAndEntriesAreRefusedNotCut) {
  Builder builder;
  builder.state.newest_segment = 1;
  builder.batch(1, 4096, LogEnd{}, 1, 1);
  BatchBuilder out(1, replica_of(3), 4608);
  Entry future = entry_of(2, 1, "x");
  future.kind = static_cast<EntryKind>(200);
  out.add(RecordKind::entry, make_entry(future, "x").bytes);
  uint64_t at = 4608;
  for (const Payload& part : out.take()) {
    builder.segment(1).replace(at, part.size(), part.view());
    at += part.size();
  }
  const std::string slot = encode_state_slot(builder.state, replica_of(3)).text();
  builder.files()["state"] = slot;
  const auto refused = recover(builder.files());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::invalid);
}

void fill(sim::SimDisk& disk) {
  {
    Life life(disk, {.segment_bytes = 8192});
    life.found(papers_of(1));
    for (int i = 0; i < 20; ++i) life.append(0, std::string(900, 'x'));
    life.settle();
  }
  disk.crash();
}

TEST(Recovery, AVoteThatCannotBeReadIsNotTakenForLost) {
  for (const auto* name : {"identity", "state"}) {
    sim::SimDisk disk(1);
    fill(disk);
    disk.mark_unreadable(name, 0, 10);
    Life life(disk, {.segment_bytes = 8192});
    ASSERT_FALSE(life.recovery);
    EXPECT_EQ(life.recovery.error().fault, Fault::io);
  }
}

TEST(Recovery, ASegmentThatCannotBeReadIsDamage) {
  sim::SimDisk disk(1);
  fill(disk);
  disk.mark_unreadable(segment_name(3), 5000, 10);
  Life life(disk, {.segment_bytes = 8192});
  ASSERT_TRUE(life.recovery);
  EXPECT_TRUE(life.recovery->hard_state.damaged);
  EXPECT_FALSE(life.recovery->entries.empty());
  EXPECT_LT(life.recovery->entries.size(), 20u);
}

// An empty directory may found a cluster; one whose owner is not known any more may not.
TEST(Recovery, DataWithoutAnOwnerAreNoEmptyDirectory) {
  sim::SimDisk disk(1);
  fill(disk);
  disk.remove("identity", [](Result<void>) {});
  disk.run_completions();
  {
    Life life(disk, {.segment_bytes = 8192});
    ASSERT_TRUE(life.recovery);
    EXPECT_FALSE(life.recovery->papers);
    EXPECT_FALSE(life.recovery->former);
    EXPECT_TRUE(life.recovery->orphaned);
  }
  // What a first start leaves that was not finished holds nothing.
  sim::SimDisk unfinished(2);
  {
    Life life(unfinished, {.segment_bytes = 8192});
    life.found(papers_of(1));
    life.settle();
  }
  unfinished.remove("identity", [](Result<void>) {});
  unfinished.run_completions();
  Life life(unfinished, {.segment_bytes = 8192});
  ASSERT_TRUE(life.recovery);
  EXPECT_FALSE(life.recovery->papers);
  EXPECT_FALSE(life.recovery->orphaned);
}

// A cheap fuzzer: real files, bent in many ways at once.
TEST(Recovery, AnyBytesWillDo) {
  Files good;
  {
    sim::SimDisk disk(4);
    {
      Life life(disk, {.segment_bytes = 8192});
      life.found(papers_of(3));
      for (int i = 0; i < 25; ++i) {
        life.append(0, std::string(static_cast<size_t>(i) * 40, 'x'));
        life.settle();
      }
      SnapshotWriter writer(disk, {Index(9), Term(0), "header", 0});
      writer.append(Payload::copy_of("a body"));
      writer.finish([](const Result<SnapshotFile>&) {});
      disk.run_completions();
    }
    disk.crash();
    const auto list = disk.list();
    for (const world::FileInfo& file : *list) good[file.name] = disk.content(file.name);
  }
  Random random(11);
  for (int round = 0; round < 3000 && !HasFailure(); ++round) {
    Files files = good;
    for (uint64_t faults = 1 + random.below(6); faults > 0; --faults) {
      auto victim = files.begin();
      std::advance(victim, static_cast<ptrdiff_t>(random.below(files.size())));
      auto other = files.begin();
      std::advance(other, static_cast<ptrdiff_t>(random.below(files.size())));
      std::string& bytes = victim->second;
      const uint64_t at = bytes.empty() ? 0 : random.below(bytes.size());
      const uint64_t count = std::min<uint64_t>(random.below(600), bytes.size() - at);
      switch (random.below(6)) {
        case 0:
          if (!bytes.empty()) bytes[at] = static_cast<char>(random.below(256));
          break;
        case 1:
          bytes.resize(at);
          break;
        case 2:
          for (uint64_t i = at; i < at + count; ++i)
            bytes[i] = static_cast<char>(random.below(256));
          break;
        case 3:
          bytes.replace(at, count, std::string(count, '\0'));
          break;
        case 4:
          bytes = other->second;
          break;
        default:
          bytes.insert(at, other->second.substr(0, random.below(5000)));
      }
    }
    expect_shape(recover(files));
  }
}

}  // namespace
}  // namespace coterie::store::testing
