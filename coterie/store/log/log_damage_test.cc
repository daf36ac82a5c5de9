// Damage at rest: every byte of every file flipped, every length it may be cut to, every sector
// lost, every file gone. Recovery never serves what was not written, and says so when something
// that was acknowledged is missing, but for the last batch of a log that was not closed, which
// cannot be told from an unfinished write.
#include <functional>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/base/random.h"
#include "coterie/store/log/log_test_util.h"
#include "coterie/store/log/recover_files.h"
#include "coterie/store/log/snapshot.h"
#include "coterie/store/log/snapshot_format.h"

namespace coterie::store::testing {
namespace {

Files files_of(sim::SimDisk& disk) {
  Files files;
  disk.crash();  // so that it may be listed
  const auto list = disk.list();
  for (const world::FileInfo& file : *list) files[file.name] = disk.content(file.name);
  return files;
}

void write_snapshot(sim::SimDisk& disk, const SnapshotFile& about, const std::string& body) {
  SnapshotWriter writer(disk, about);
  writer.append(Payload::copy_of(body));
  bool done = false;
  writer.finish([&](const Result<SnapshotFile>& file) { done = file.has_value(); });
  disk.run_completions();
  ASSERT_TRUE(done);
}

// A directory as a replica leaves it, and what must be in it.
struct Directory {
  Files files;
  std::vector<Entry> entries;
  std::vector<Entry> replaced;    // what they have replaced
  std::set<uint64_t> last_batch;  // indexes of the entries of the last write
  HardState hard_state;
  bool closed = false;
};

constexpr LogOptions small{.segment_bytes = 8192};

// Thirty entries in batches over several segments, with a suffix replaced on the way.
Directory make_directory(bool closed, bool with_snapshot) {
  sim::SimDisk disk(7);
  Directory made;
  made.closed = closed;
  {
    Life life(disk, small);
    life.found(papers_of(3));
    made.hard_state = {Term(2), replica_of(3), false};
    life.write(made.hard_state, {});
    life.settle();
    const auto put = [&](uint64_t from, uint64_t count, uint64_t term, size_t bytes) {
      made.replaced.insert(made.replaced.end(),
                           made.entries.begin() + static_cast<ptrdiff_t>(from - 1),
                           made.entries.end());
      made.entries.resize(from - 1);
      made.last_batch.clear();
      std::vector<Entry> batch;
      for (uint64_t i = from; i < from + count; ++i) {
        batch.push_back(entry_of(i, term, std::to_string(i) + std::string(bytes, 'x')));
        made.last_batch.insert(i);
      }
      made.entries.insert(made.entries.end(), batch.begin(), batch.end());
      life.write(std::nullopt, batch);
      life.settle();
    };
    put(1, 4, 1, 300);
    put(5, 1, 1, 1500);
    put(6, 5, 1, 400);
    put(8, 6, 2, 500);  // replaces 8 to 10
    put(14, 3, 2, 900);
    put(17, 10, 2, 100);
    put(27, 2, 2, 700);
    put(29, 2, 2, 50);
    if (with_snapshot) {
      write_snapshot(disk, {Index(12), Term(2), "membership", 0}, std::string(3'000, 's'));
    }
    if (closed) {
      EXPECT_TRUE(life.close());
    }
  }
  made.files = files_of(disk);
  return made;
}

enum class Loss { none, last_batch, more };

// Nothing but what was written is found; how much of it is missing?
Loss judge(const Directory& made, const Recovery& found) {
  const uint64_t first = found.entries.empty() ? 1 : found.entries.front().index.value;
  std::set<uint64_t> missing;
  for (const Entry& entry : made.entries) {
    const uint64_t at = entry.index.value - first;
    const bool covered = found.snapshot && entry.index <= found.snapshot->index;
    if (entry.index.value >= first && at < found.entries.size()) {
      // A damaged log may end before a replacement: it is what it was then.
      const bool is_old = found.hard_state.damaged &&
                          std::count(made.replaced.begin(), made.replaced.end(), found.entries[at]);
      EXPECT_TRUE(found.entries[at] == entry || is_old) << "entry " << entry.index.value;
    } else if (!covered) {
      missing.insert(entry.index.value);
    }
  }
  EXPECT_LE(found.entries.size(), made.entries.size());
  if (missing.empty()) return Loss::none;
  return std::includes(made.last_batch.begin(), made.last_batch.end(), missing.begin(),
                       missing.end())
             ? Loss::last_batch
             : Loss::more;
}

// True when there are papers.
bool expect_honest(const Directory& made, const Files& files) {
  const auto recovered = recover(files);
  EXPECT_TRUE(recovered);
  if (!recovered) return false;
  const Recovery& found = recovered->recovery;
  if (!found.papers) {
    EXPECT_THAT(found.notes, ::testing::Not(::testing::IsEmpty()));
    if (found.former) {
      judge(made, found);
    } else {
      EXPECT_TRUE(found.entries.empty());
    }
    return false;
  }
  EXPECT_EQ(found.papers->replica, replica_of(3));
  EXPECT_EQ(found.hard_state.term, made.hard_state.term);
  EXPECT_EQ(found.hard_state.vote, made.hard_state.vote);
  EXPECT_TRUE(found.clean);
  const Loss loss = judge(made, found);
  if (loss == Loss::more || (loss == Loss::last_batch && made.closed)) {
    EXPECT_TRUE(found.hard_state.damaged) << ::testing::PrintToString(found.notes);
  }
  if (found.hard_state.damaged) {
    EXPECT_THAT(found.notes, ::testing::Not(::testing::IsEmpty()));
  }
  return true;
}

class LogDamage : public ::testing::TestWithParam<std::tuple<bool, bool>> {
 protected:
  // Every byte of every file of a killed replica; of the others some of the segments must do.
  size_t step(const std::string& name) const {
    if (!segment_sequence(name)) return 1;
    return std::get<1>(GetParam()) ? 13 : std::get<0>(GetParam()) ? 3 : 1;
  }

  const Directory made_ = make_directory(std::get<0>(GetParam()), std::get<1>(GetParam()));
};

INSTANTIATE_TEST_SUITE_P(Directories, LogDamage,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool()),
                         [](const auto& instance) {
                           return std::string(std::get<0>(instance.param) ? "Closed" : "Killed") +
                                  (std::get<1>(instance.param) ? "WithSnapshot" : "");
                         });

TEST_P(LogDamage, NoneIsNoDamage) {
  const auto recovered = recover(made_.files);
  ASSERT_TRUE(recovered);
  EXPECT_EQ(judge(made_, recovered->recovery), Loss::none);
  EXPECT_EQ(recovered->recovery.hard_state, made_.hard_state);
  EXPECT_THAT(recovered->recovery.notes, ::testing::IsEmpty());
  EXPECT_EQ(recovered->recovery.snapshot.has_value(), std::get<1>(GetParam()));
  EXPECT_GE(made_.files.size(), 5u);
}

TEST_P(LogDamage, EveryByteFlipped) {
  unsigned bit = 0;
  for (const auto& [name, bytes] : made_.files) {
    Files files = made_.files;
    for (size_t at = 0; at < bytes.size() && !HasFailure(); at += step(name)) {
      SCOPED_TRACE(::testing::Message() << name << " byte " << at);
      bit = (bit + 3) % 8;
      files[name][at] = static_cast<char>(bytes[at] ^ (1 << bit));
      // One flipped byte never costs the identity or the vote.
      EXPECT_TRUE(expect_honest(made_, files));
      files[name][at] = bytes[at];
    }
  }
}

TEST_P(LogDamage, EveryLength) {
  for (const auto& [name, bytes] : made_.files) {
    Files files = made_.files;
    for (size_t length = 0; length < bytes.size() && !HasFailure(); length += step(name)) {
      SCOPED_TRACE(::testing::Message() << name << " cut to " << length);
      files[name].resize(length);
      expect_honest(made_, files);
      files[name] = bytes;
    }
  }
}

TEST_P(LogDamage, EverySectorLost) {
  for (const auto& [name, bytes] : made_.files) {
    for (size_t at = 0; at < bytes.size() && !HasFailure(); at += 512) {
      for (const char filler : {'\0', '\xa5'}) {
        SCOPED_TRACE(::testing::Message() << name << " sector at " << at);
        Files files = made_.files;
        const size_t count = std::min<size_t>(512, bytes.size() - at);
        files[name].replace(at, count, std::string(count, filler));
        expect_honest(made_, files);
      }
    }
  }
}

TEST_P(LogDamage, EveryFileGone) {
  for (const auto& [name, bytes] : made_.files) {
    SCOPED_TRACE(name);
    Files files = made_.files;
    files.erase(name);
    expect_honest(made_, files);
  }
}

TEST_P(LogDamage, EveryFileUnderAnothersName) {
  for (const auto& [name, bytes] : made_.files) {
    for (const auto& [other, other_bytes] : made_.files) {
      if (other == name) continue;
      SCOPED_TRACE(::testing::Message() << other << " as " << name);
      Files files = made_.files;
      files[name] = other_bytes;
      expect_honest(made_, files);
    }
  }
}

// A write that goes to another place and reports success: what stood there is gone, and what was
// written is not where it should be. Even the last one is found out, which could pass for
// unfinished if it had just been lost.
TEST(LogMisdirected, WritesAreFound) {
  size_t damaged = 0, last = 0;
  const uint64_t seen = reached("a write to the log went astray");
  for (uint64_t seed = 1; seed <= 200 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    Random random(seed);
    sim::SimDisk disk(seed);
    Directory made;
    made.hard_state.term = Term(1);
    const uint64_t writes = 4 + random.below(20);
    const uint64_t misdirected = random.below(writes);
    {
      Life life(disk, {.segment_bytes = 16384});
      life.found(papers_of(3));
      life.write(made.hard_state, {});
      life.settle();
      for (uint64_t i = 0; i < writes; ++i) {
        if (i == misdirected) disk.misdirect_next_write(".log");
        made.entries.push_back(entry_of(i + 1, 1, std::string(random.below(1200), 'x')));
        made.last_batch = {i + 1};
        life.write(std::nullopt, {made.entries.back()});
        life.settle();
      }
    }
    made.files = files_of(disk);
    expect_honest(made, made.files);
    const bool found = recover(made.files)->recovery.hard_state.damaged;
    damaged += found ? 1 : 0;
    if (misdirected + 1 == writes && recover(made.files)->recovery.entries.size() < writes) {
      EXPECT_TRUE(found);
      ++last;
    }
  }
  EXPECT_GT(damaged, 150u);
  EXPECT_GT(last, 5u);
  EXPECT_GT(reached("a write to the log went astray"), seen);
}

// What the log does with damage: it says so in the state before it writes anything, and goes on
// behind the last good entry; the next start finds the same, and what was written since.
TEST_P(LogDamage, IsKeptInTheStateUntilRepaired) {
  sim::SimDisk disk(9);
  for (const auto& [name, bytes] : made_.files) {
    disk.create(name, bytes.size(), [](Result<void>) {});
    disk.write(name, 0, {Payload::copy_of(bytes)}, world::Sync::yes, [](Result<void>) {});
  }
  disk.run_completions();
  // In the middle of entry 17 to 26, behind the snapshot.
  const std::string needle = "20" + std::string(100, 'x');
  std::string victim;
  for (const auto& [name, bytes] : made_.files) {
    const size_t at = bytes.find(needle);
    if (at != std::string::npos && segment_sequence(name)) {
      victim = name;
      disk.flip_bit(name, at + 5, 1);
    }
  }
  ASSERT_FALSE(victim.empty());
  HardState repaired = made_.hard_state;
  {
    Life life(disk, small);
    ASSERT_TRUE(life.recovery->papers);
    EXPECT_TRUE(life.recovery->hard_state.damaged);
    ASSERT_EQ(life.recovery->entries.back().index, Index(19));
    life.settle();
    EXPECT_TRUE(life.log().settled());
  }
  disk.crash({.survival = sim::Survival::none});
  {
    Life life(disk, small);
    EXPECT_TRUE(life.recovery->hard_state.damaged);
    ASSERT_EQ(life.recovery->entries.back().index, Index(19));
    life.settle();
    // A leader brings back what was lost.
    for (uint64_t index = 20; index <= 31; ++index) {
      life.write(std::nullopt, {entry_of(index, 3, "again")});
      if (index == 20) life.write(HardState{Term(3), {}, true}, {});
    }
    life.settle();
    repaired = {Term(3), {}, false};
    life.write(repaired, {});
    life.settle();
    EXPECT_FALSE(life.failure);
  }
  disk.crash({.survival = sim::Survival::none});
  Life life(disk, small);
  EXPECT_EQ(life.recovery->hard_state, repaired);
  EXPECT_EQ(life.recovery->entries.back().index, Index(31));
  EXPECT_THAT(life.recovery->notes, ::testing::IsEmpty());
  EXPECT_EQ(life.recovery->entries[life.recovery->entries.size() - 12].body().view(), "again");
}

}  // namespace
}  // namespace coterie::store::testing
