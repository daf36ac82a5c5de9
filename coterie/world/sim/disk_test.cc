// SimDisk: the contract of world::Disk, and what a crash may and may not do.
#include "coterie/world/sim/disk.h"

#include <optional>

#include <gtest/gtest.h>

namespace coterie::sim {
namespace {

using world::Sync;

struct Outcome {
  std::optional<Result<void>> result;
  world::Disk::Done take() {
    return [this](Result<void> r) {
      EXPECT_FALSE(result.has_value());
      result = std::move(r);
    };
  }
  bool good() const { return result.has_value() && result->has_value(); }
  Fault fault() const { return result->error().fault; }
};

void create(SimDisk& disk, std::string_view name, uint64_t size_bytes) {
  Outcome made;
  disk.create(name, size_bytes, made.take());
  disk.run_completions();
  ASSERT_TRUE(made.good());
}

void write(SimDisk& disk, std::string_view name, uint64_t offset, std::string_view bytes,
           Sync sync) {
  Outcome written;
  disk.write(name, offset, {Payload::copy_of(bytes)}, sync, written.take());
  disk.run_completions();
  ASSERT_TRUE(written.good());
}

TEST(SimDisk, CompletesNothingWithinTheSubmission) {
  SimDisk disk(1);
  Outcome made;
  disk.create("a", 10, made.take());
  EXPECT_FALSE(made.result.has_value());
  EXPECT_FALSE(disk.exists("a"));
  EXPECT_TRUE(disk.complete_one());
  EXPECT_TRUE(made.good());
  EXPECT_EQ(disk.content("a"), std::string(10, '\0'));
  EXPECT_FALSE(disk.complete_one());
}

TEST(SimDisk, CreateRefusesWhatExists) {
  SimDisk disk(1);
  create(disk, "a", 10);
  Outcome again;
  disk.create("a", 20, again.take());
  disk.run_completions();
  EXPECT_EQ(again.fault(), Fault::refused);
  EXPECT_EQ(disk.used_bytes(), 10u);
}

TEST(SimDisk, WritesGrowAndReadsStayWithin) {
  SimDisk disk(1);
  create(disk, "a", 2);
  Outcome written;
  disk.write("a", 5, {Payload::copy_of("xy"), Payload(), Payload::copy_of("z")}, Sync::no,
             written.take());
  std::optional<Result<Payload>> inside;
  std::optional<Result<Payload>> beyond;
  disk.read("a", 4, 4, [&](Result<Payload> r) { inside = std::move(r); });
  disk.read("a", 4, 5, [&](Result<Payload> r) { beyond = std::move(r); });
  disk.run_completions();
  EXPECT_EQ((*inside)->view(), std::string_view("\0xyz", 4));
  EXPECT_EQ(beyond->error().fault, Fault::invalid);
  EXPECT_EQ(disk.used_bytes(), 8u);
}

TEST(SimDisk, MissingFilesAreNotFound) {
  SimDisk disk(1);
  Outcome written, synced, renamed, removed;
  std::optional<Result<Payload>> read;
  disk.write("a", 0, {Payload::copy_of("x")}, Sync::no, written.take());
  disk.sync("a", synced.take());
  disk.rename("a", "b", renamed.take());
  disk.remove("a", removed.take());
  disk.read("a", 0, 0, [&](Result<Payload> r) { read = std::move(r); });
  disk.run_completions();
  for (const Outcome* o : {&written, &synced, &renamed, &removed})
    EXPECT_EQ(o->fault(), Fault::not_found);
  EXPECT_EQ(read->error().fault, Fault::not_found);
  EXPECT_EQ(disk.load("a").error().fault, Fault::not_found);
}

TEST(SimDisk, RenameReplacesAndListIsOrdered) {
  SimDisk disk(1);
  for (const char* name : {"c", "a", "b"}) create(disk, name, 4);
  write(disk, "c", 0, "cccc", Sync::yes);
  Outcome renamed;
  disk.rename("c", "a", renamed.take());
  disk.run_completions();
  EXPECT_TRUE(renamed.good());
  const auto files = disk.list();
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].name, "a");
  EXPECT_EQ((*files)[1].name, "b");
  EXPECT_EQ(disk.load("a")->view(), "cccc");
  EXPECT_EQ(disk.used_bytes(), 8u);
}

TEST(SimDisk, OneFileStaysInOrderOthersNeedNot) {
  bool overtaken = false;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SimDisk disk(seed);
    Random random(seed);
    std::string order;
    disk.create("a", 1, [&](Result<void>) { order += "1"; });
    disk.create("b", 1, [&](Result<void>) { order += "2"; });
    disk.write("a", 0, {Payload::copy_of("x")}, Sync::no, [&](Result<void>) { order += "3"; });
    disk.rename("a", "b", [&](Result<void>) { order += "4"; });
    disk.write("b", 0, {Payload::copy_of("y")}, Sync::no, [&](Result<void> r) {
      EXPECT_TRUE(r.has_value());
      order += "5";
    });
    while (disk.complete_any(random)) {
    }
    ASSERT_EQ(order.size(), 5u);
    EXPECT_LT(order.find('1'), order.find('3'));
    EXPECT_EQ(order.substr(3), "45");
    EXPECT_EQ(disk.content("b"), "y");
    overtaken |= order.substr(0, 3) != "123";
  }
  EXPECT_TRUE(overtaken);
}

TEST(SimDisk, FullDiskChangesNothingAndHeals) {
  SimDisk disk(1, {.capacity_bytes = 100});
  create(disk, "a", 60);
  Outcome second, grown, inside, later;
  disk.create("b", 41, second.take());
  disk.write("a", 50, {Payload::copy_of(std::string(51, 'x'))}, Sync::yes, grown.take());
  disk.write("a", 50, {Payload::copy_of(std::string(50, 'x'))}, Sync::yes, inside.take());
  disk.run_completions();
  EXPECT_EQ(second.fault(), Fault::no_space);
  EXPECT_EQ(grown.fault(), Fault::no_space);
  EXPECT_TRUE(inside.good());
  EXPECT_FALSE(disk.exists("b"));
  disk.set_capacity(200);
  disk.create("b", 41, later.take());
  disk.run_completions();
  EXPECT_TRUE(later.good());
}

TEST(SimDisk, PlannedFailuresHappenOnce) {
  SimDisk disk(1);
  create(disk, "a", 10);
  disk.fail_next(DiskOperation::sync);
  Outcome first, second;
  disk.write("a", 0, {Payload::copy_of("x")}, Sync::yes, first.take());
  disk.sync("a", second.take());
  disk.run_completions();
  EXPECT_EQ(first.fault(), Fault::io);
  EXPECT_TRUE(second.good());
  disk.fail_next(DiskOperation::write, Fault::no_space);
  Outcome third;
  disk.write("a", 0, {Payload::copy_of("y")}, Sync::no, third.take());
  disk.run_completions();
  EXPECT_EQ(third.fault(), Fault::no_space);
  EXPECT_EQ(disk.content("a")[0], 'x');
}

// What the kernel has marked clean after a failed sync is not written by the next one (Rebello et
// al. 2020).
TEST(SimDisk, AfterAFailedSyncTheNextOneDoesNotHelp) {
  SimDisk disk(1);
  create(disk, "a", 1024);
  write(disk, "a", 0, "lost", Sync::no);
  disk.fail_next(DiskOperation::sync);
  Outcome failed, synced;
  disk.sync("a", failed.take());
  disk.run_completions();
  write(disk, "a", 600, "kept", Sync::no);
  disk.sync("a", synced.take());
  disk.run_completions();
  EXPECT_FALSE(failed.good());
  EXPECT_TRUE(synced.good());
  EXPECT_EQ(disk.content("a").substr(0, 4), "lost");
  disk.crash({.survival = Survival::none});
  EXPECT_EQ(disk.content("a").substr(0, 4), std::string(4, '\0'));
  EXPECT_EQ(disk.content("a").substr(600, 4), "kept");
}

TEST(SimDisk, StalledDiskCompletesNothingUntilItResumes) {
  SimDisk disk(1);
  create(disk, "a", 10);
  disk.stall();
  Outcome written;
  disk.write("a", 0, {Payload::copy_of("x")}, Sync::yes, written.take());
  EXPECT_FALSE(disk.complete_one());
  disk.run_completions();
  EXPECT_FALSE(written.result.has_value());
  disk.resume();
  disk.run_completions();
  EXPECT_TRUE(written.good());
}

TEST(SimDisk, DueOutOfOrderTakesEffectInOrder) {
  SimDisk disk(1);
  std::vector<uint64_t> numbers;
  disk.on_submission([&](const Submission& submission) { numbers.push_back(submission.number); });
  std::string order;
  disk.create("a", 1, [&](Result<void>) { order += "1"; });
  disk.write("a", 0, {Payload::copy_of("x")}, Sync::no, [&](Result<void>) { order += "2"; });
  disk.create("b", 1, [&](Result<void>) { order += "3"; });
  std::vector<uint64_t> executed;
  disk.due(numbers[1], executed);
  EXPECT_TRUE(executed.empty());
  disk.due(numbers[2], executed);
  EXPECT_EQ(executed, (std::vector<uint64_t>{numbers[2]}));
  disk.due(numbers[0], executed);
  EXPECT_EQ(executed, (std::vector<uint64_t>{numbers[2], numbers[0], numbers[1]}));
  EXPECT_EQ(order, "");
  for (uint64_t number : executed) disk.deliver(number);
  EXPECT_EQ(order, "312");
  EXPECT_EQ(disk.pending(), 0u);
}

TEST(SimDisk, NothingCompletesAfterACrash) {
  SimDisk disk(1);
  create(disk, "a", 10);
  disk.write("a", 0, {Payload::copy_of("x")}, Sync::yes, [](Result<void>) { FAIL(); });
  disk.read("a", 0, 1, [](Result<Payload>) { FAIL(); });
  disk.crash();
  EXPECT_EQ(disk.pending(), 0u);
  disk.run_completions();
  EXPECT_TRUE(disk.exists("a"));
}

TEST(SimDisk, KilledProcessLeavesTheKernelsPages) {
  SimDisk disk(1);
  create(disk, "a", 10);
  write(disk, "a", 0, "abc", Sync::no);
  disk.crash({.kind = CrashKind::process});
  EXPECT_EQ(disk.load("a")->view().substr(0, 3), "abc");
  // They are no more durable than before: a later loss of power takes them.
  disk.crash({.survival = Survival::none});
  EXPECT_EQ(disk.load("a")->view().substr(0, 3), std::string_view("\0\0\0", 3));
}

TEST(SimDisk, DamageIsSeen) {
  SimDisk disk(1);
  create(disk, "a", 5000);
  write(disk, "a", 0, "abc", Sync::yes);
  disk.flip_bit("a", 1, 0);
  EXPECT_EQ(disk.content("a").substr(0, 3), "acc");
  disk.mark_unreadable("a", 600, 1);
  EXPECT_EQ(disk.load("a").error().fault, Fault::io);
  EXPECT_EQ(disk.load_piece("a", 1, 2)->view(), "cc");
  EXPECT_EQ(disk.load_piece("a", 600, 1).error().fault, Fault::io);
  EXPECT_EQ(disk.load_piece("a", 4999, 2).error().fault, Fault::invalid);
  EXPECT_EQ(disk.load_piece("a", 5000, 0)->size(), 0u);
  EXPECT_EQ(disk.load_piece("b", 0, 0).error().fault, Fault::not_found);
  std::optional<Result<Payload>> first, second;
  disk.read("a", 0, 512, [&](Result<Payload> r) { first = std::move(r); });
  disk.read("a", 512, 1, [&](Result<Payload> r) { second = std::move(r); });
  disk.run_completions();
  EXPECT_TRUE(first->has_value());
  EXPECT_EQ(second->error().fault, Fault::io);
  write(disk, "a", 512, std::string(512, 'x'), Sync::yes);
  EXPECT_TRUE(disk.load("a").has_value());
  disk.misdirect_next_write("a");
  const std::string before = disk.content("a");
  write(disk, "a", 512, std::string(512, 'y'), Sync::yes);
  EXPECT_NE(disk.content("a"), before);
}

TEST(SimDisk, WipeLeavesNothing) {
  SimDisk disk(1);
  create(disk, "a", 10);
  disk.sync("a", [](Result<void>) { FAIL(); });
  disk.wipe();
  EXPECT_TRUE(disk.list()->empty());
  EXPECT_EQ(disk.used_bytes(), 0u);
  EXPECT_FALSE(disk.complete_one());
}

}  // namespace
}  // namespace coterie::sim
