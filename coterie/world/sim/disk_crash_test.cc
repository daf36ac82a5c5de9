// What a crash may do to a file, as properties over random runs. A model keeps, for every byte, the
// values that it may have: that of the last time it was durable, and those written since. Synced
// bytes have one.
#include <set>

#include <gtest/gtest.h>

#include "coterie/world/sim/disk.h"

namespace coterie::sim {
namespace {

using world::Sync;

uint32_t bit_of(char letter) { return letter >= 'a' && letter <= 'z' ? 1u << (letter - 'a') : 0; }

struct ModelByte {
  char current = 0;
  char durable = 0;
  uint32_t since = 0;  // letters written and not durable, as bits
};

struct Model {
  std::vector<ModelByte> bytes;
  size_t durable_size = 0;

  void write(size_t offset, std::string_view text, bool durable) {
    if (bytes.size() < offset + text.size()) bytes.resize(offset + text.size());
    for (size_t i = 0; i < text.size(); ++i) {
      bytes[offset + i].current = text[i];
      bytes[offset + i].since |= bit_of(text[i]);
    }
    if (!durable) return;
    // It reaches the disk by whole sectors.
    const size_t first = offset / sector_bytes * sector_bytes;
    const size_t last = (offset + text.size() + sector_bytes - 1) / sector_bytes * sector_bytes;
    for (size_t i = first; i < std::min(last, bytes.size()); ++i) {
      bytes[i].durable = bytes[i].current;
      bytes[i].since = 0;
    }
    durable_size = std::max(durable_size, offset + text.size());
  }
};

struct Run {
  uint64_t seed = 0;
  CrashOptions crash;
  bool pending = false;  // crash with submissions that have not completed
};

struct Seen {
  bool lost = false;
  bool kept = false;
  bool mixed_in_sector = false;
  bool neither = false;
  bool shorter = false;
};

// Random writes and syncs on one file, then a crash; the file is checked against the model, byte by
// byte.
void crash_once(const Run& run, Seen& seen) {
  Random random(run.seed);
  SimDisk disk(run.seed);
  disk.create("f", 8192, [](Result<void> done) { ASSERT_TRUE(done.has_value()); });
  disk.run_completions();
  Model model;
  model.bytes.resize(8192);
  model.durable_size = 8192;
  std::vector<std::string> last_unsynced;
  for (int step = 0; step < 30; ++step) {
    const bool completes = !run.pending || step < 20;
    if (random.chance(0.15) && completes) {
      disk.sync("f", [](Result<void> done) { ASSERT_TRUE(done.has_value()); });
      disk.run_completions();
      const std::string now = disk.content("f");
      for (size_t i = 0; i < model.bytes.size(); ++i) {
        model.bytes[i].durable = now[i];
        model.bytes[i].since = 0;
      }
      model.durable_size = model.bytes.size();
      continue;
    }
    const size_t offset = random.below(12'000);
    const std::string text(random.below(3000) + 1, static_cast<char>('a' + step % 26));
    const bool durable = random.chance(0.2);
    disk.write("f", offset, {Payload::copy_of(text)}, durable ? Sync::yes : Sync::no,
               [&](Result<void>) { ASSERT_TRUE(completes); });
    if (completes) disk.run_completions();
    model.write(offset, text, durable && completes);
  }
  disk.crash(random, run.crash);
  ASSERT_TRUE(disk.exists("f"));
  const std::string after = disk.content("f");
  ASSERT_EQ(after, disk.load("f")->view());
  ASSERT_EQ(disk.used_bytes(), after.size());
  ASSERT_GE(after.size(), model.durable_size);
  ASSERT_LE(after.size(), model.bytes.size());
  seen.shorter |= after.size() < model.bytes.size();
  const bool garbage_allowed = run.crash.garbage_probability > 0;
  size_t old_sector = SIZE_MAX, new_sector = SIZE_MAX;
  for (size_t i = 0; i < after.size(); ++i) {
    const ModelByte& byte = model.bytes[i];
    const bool old = after[i] == byte.durable || (i >= model.durable_size && after[i] == 0);
    const bool written = (byte.since & bit_of(after[i])) != 0;
    if (byte.since == 0) {
      ASSERT_TRUE(old) << "a durable byte was lost at " << i << ", seed " << run.seed;
      continue;
    }
    ASSERT_TRUE(old || written || garbage_allowed) << "a byte from nowhere at " << i;
    seen.lost |= old && !written;
    seen.kept |= written && !old;
    seen.neither |= !old && !written;
    if (old && !written) old_sector = i / sector_bytes;
    if (written && !old) new_sector = i / sector_bytes;
    seen.mixed_in_sector |= old_sector == new_sector && old_sector != SIZE_MAX;
  }
  // The disk works on.
  disk.write("f", 0, {Payload::copy_of("after")}, Sync::yes,
             [](Result<void> done) { EXPECT_TRUE(done.has_value()); });
  disk.run_completions();
  EXPECT_EQ(disk.content("f").substr(0, 5), "after");
}

TEST(DiskCrash, SyncedBytesSurviveAndOthersAreSomethingThatWasWritten) {
  Seen seen;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    crash_once({seed, {.garbage_probability = 0}, seed % 2 == 0}, seen);
    if (testing::Test::HasFatalFailure()) return;
  }
  EXPECT_TRUE(seen.lost && seen.kept && seen.shorter && seen.mixed_in_sector);
  EXPECT_FALSE(seen.neither);
}

TEST(DiskCrash, GarbageStaysWhereSomethingWasBeingWritten) {
  Seen seen;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    crash_once({seed, {.garbage_probability = 0.5}, seed % 2 == 0}, seen);
    if (testing::Test::HasFatalFailure()) return;
  }
  EXPECT_TRUE(seen.neither);
}

TEST(DiskCrash, EachSurvivalIsWhatItSays) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Seen all, none;
    crash_once({seed, {.survival = Survival::all}, false}, all);
    crash_once({seed, {.survival = Survival::none}, false}, none);
    if (testing::Test::HasFatalFailure()) return;
    EXPECT_FALSE(all.lost || all.shorter || all.neither);
    EXPECT_FALSE(none.kept || none.neither);
  }
}

// Appended records, as a log writes them: of the unsynced tail a prefix survives, or a mixture with
// holes.
TEST(DiskCrash, TheTailOfALogIsAPrefixOrHasHoles) {
  bool whole = false, nothing = false, prefix = false, holes = false;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    Random random(seed);
    SimDisk disk(seed);
    disk.create("log", 0, [](Result<void>) {});
    for (int i = 0; i < 20; ++i) {
      disk.write("log", static_cast<uint64_t>(i) * 700,
                 {Payload::copy_of(std::string(700, static_cast<char>('A' + i)))},
                 i == 4 ? Sync::yes : Sync::no, [](Result<void>) {});
      disk.run_completions();
      if (i == 4) {
        disk.sync("log", [](Result<void>) {});
        disk.run_completions();
      }
    }
    disk.crash(random, {});
    const std::string after = disk.content("log");
    std::string survived;
    for (size_t i = 0; i < 20; ++i) {
      const std::string record = after.substr(std::min(after.size(), i * 700), 700);
      survived += record == std::string(700, static_cast<char>('A' + i)) ? 'y' : 'n';
    }
    ASSERT_EQ(survived.substr(0, 5), "yyyyy");
    const std::string tail = survived.substr(5);
    const size_t first_lost = tail.find('n');
    whole |= first_lost == std::string::npos;
    nothing |= tail.find('y') == std::string::npos;
    prefix |= first_lost != std::string::npos && first_lost > 0 &&
              tail.find('y', first_lost) == std::string::npos;
    holes |= first_lost != std::string::npos && tail.find('y', first_lost) != std::string::npos;
  }
  EXPECT_TRUE(whole);
  EXPECT_TRUE(nothing);
  EXPECT_TRUE(prefix);
  EXPECT_TRUE(holes);
}

TEST(DiskCrash, AWriteWithSyncMakesOnlyItselfDurable) {
  SimDisk disk(1);
  disk.create("f", 8192, [](Result<void>) {});
  disk.write("f", 0, {Payload::copy_of("first")}, Sync::no, [](Result<void>) {});
  disk.write("f", 4096, {Payload::copy_of("second")}, Sync::yes, [](Result<void>) {});
  disk.run_completions();
  disk.crash({.survival = Survival::none});
  EXPECT_EQ(disk.content("f").substr(0, 5), std::string(5, '\0'));
  EXPECT_EQ(disk.content("f").substr(4096, 6), "second");
}

TEST(DiskCrash, DoneCreationsAndRenamesSurvive) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    SimDisk disk(seed);
    disk.create("a", 10, [](Result<void>) {});
    disk.create("b", 20, [](Result<void>) {});
    disk.rename("a", "b", [](Result<void>) {});
    disk.run_completions();
    disk.crash(random, {});
    ASSERT_EQ(disk.list()->size(), 1u);
    EXPECT_EQ(disk.list()->front().name, "b");
    EXPECT_EQ(disk.list()->front().size_bytes, 10u);
  }
}

TEST(DiskCrash, UnfinishedNameChangesMayOrMayNotHaveHappened) {
  std::set<std::string> created, renamed, removed;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    SimDisk disk(seed);
    const auto state = [&] {
      std::string text;
      const auto files = disk.list();
      for (const auto& file : *files) text += file.name + std::to_string(file.size_bytes) + " ";
      return text;
    };
    disk.create("a", 8192, [](Result<void>) { FAIL(); });
    disk.crash(random, {});
    created.insert(state());
    disk.wipe();
    disk.create("a", 1, [](Result<void>) {});
    disk.create("b", 2, [](Result<void>) {});
    disk.run_completions();
    disk.rename("a", "b", [](Result<void>) { FAIL(); });
    disk.crash(random, {});
    renamed.insert(state());
    disk.wipe();
    disk.create("a", 1, [](Result<void>) {});
    disk.run_completions();
    disk.remove("a", [](Result<void>) {});
    disk.run_completions();
    EXPECT_FALSE(disk.exists("a"));
    disk.crash(random, {});
    removed.insert(state());
  }
  EXPECT_EQ(created, (std::set<std::string>{"", "a0 ", "a4096 ", "a8192 "}));
  EXPECT_EQ(renamed, (std::set<std::string>{"a1 b2 ", "b1 "}));
  EXPECT_EQ(removed, (std::set<std::string>{"", "a1 "}));
}

TEST(DiskCrash, ALaterCreationMakesARemovalLast) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    SimDisk disk(seed);
    disk.create("a", 1, [](Result<void>) {});
    disk.remove("a", [](Result<void>) {});
    disk.create("b", 1, [](Result<void>) {});
    disk.run_completions();
    disk.crash(random, {});
    EXPECT_FALSE(disk.exists("a"));
    EXPECT_TRUE(disk.exists("b"));
  }
}

TEST(DiskCrash, NothingHappensBehindSomethingThatDidNot) {
  // The write can only have happened if the creation did, the second name only if the rename did.
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    SimDisk disk(seed);
    disk.create("a", 0, [](Result<void>) {});
    disk.write("a", 0, {Payload::copy_of("x")}, Sync::yes, [](Result<void>) {});
    disk.rename("a", "b", [](Result<void>) {});
    disk.create("a", 5, [](Result<void>) {});
    disk.crash(random, {});
    const bool a = disk.exists("a");
    const bool b = disk.exists("b");
    if (a) {
      EXPECT_LE(disk.content("a").size(), b ? 5u : 1u);
    }
    EXPECT_LE(disk.list()->size(), 2u);
  }
}

// More dirty pages than the kernel keeps: it writes the oldest back by itself.
TEST(DiskCrash, TheKernelWritesBackWhatPilesUp) {
  SimDisk disk(1);
  disk.create("f", 0, [](Result<void>) {});
  const std::string chunk(1 << 20, 'x');
  for (uint64_t i = 0; i < 40; ++i) {
    disk.write("f", i << 20, {Payload::copy_of(chunk)}, Sync::no, [](Result<void>) {});
    disk.run_completions();
  }
  disk.crash({.survival = Survival::none});
  const uint64_t size_bytes = disk.list()->front().size_bytes;
  EXPECT_GT(size_bytes, 1u << 20);
  EXPECT_LT(size_bytes, 40u << 20);
  EXPECT_EQ(disk.content("f"), std::string(size_bytes, 'x'));
}

}  // namespace
}  // namespace coterie::sim
