// Snapshots: written in pieces of any size, read back at any place, and never believed when a byte
// is wrong.
#include "coterie/store/log/snapshot.h"

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/base/codec.h"
#include "coterie/base/crc32c.h"
#include "coterie/base/random.h"
#include "coterie/store/log/log_test_util.h"
#include "coterie/store/log/snapshot_format.h"

namespace coterie::store::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

SnapshotFile about(uint64_t index) { return {Index(index), Term(3), "membership", 0}; }

std::string body_of(size_t size_bytes, uint64_t seed = 1) {
  Random random(seed);
  std::string body(size_bytes, '\0');
  for (char& byte : body) byte = static_cast<char>(random.below(256));
  return body;
}

Result<SnapshotFile> write(sim::SimDisk& disk, const SnapshotFile& file, const std::string& body,
                           size_t piece_bytes) {
  SnapshotWriter writer(disk, file);
  for (size_t at = 0; at < body.size(); at += piece_bytes) {
    writer.append(Payload::copy_of(std::string_view(body).substr(at, piece_bytes)));
    if (!writer.ready()) disk.run_completions();
  }
  EXPECT_EQ(writer.body_bytes(), writer.failed() ? writer.body_bytes() : body.size());
  std::optional<Result<SnapshotFile>> result;
  writer.finish([&](Result<SnapshotFile> done) { result = std::move(done); });
  EXPECT_FALSE(result);
  disk.run_completions();
  EXPECT_TRUE(result);
  return result ? *std::move(result) : Result<SnapshotFile>(fail(Fault::io, "no answer"));
}

Result<Payload> read(sim::SimDisk& disk, const SnapshotFile& file, uint64_t offset, uint32_t size) {
  std::optional<Result<Payload>> result;
  read_snapshot(disk, file, offset, size, [&](Result<Payload> data) { result = std::move(data); });
  disk.run_completions();
  EXPECT_TRUE(result);
  return *std::move(result);
}

TEST(Snapshot, ReadsBackWhatWasWritten) {
  for (const size_t size : {0u, 1u, 65535u, 65536u, 65537u, 131072u, 300'000u}) {
    for (const size_t piece : {size_t{1000}, size_t{65536}, size_t{200'000}}) {
      SCOPED_TRACE(::testing::Message() << size << " bytes in pieces of " << piece);
      sim::SimDisk disk(1);
      const std::string body = body_of(size);
      const auto file = write(disk, about(7), body, piece);
      ASSERT_TRUE(file);
      EXPECT_EQ(file->body_bytes, size);
      disk.crash({.survival = sim::Survival::none});
      const auto loaded = load_body(disk, *file);
      ASSERT_TRUE(loaded);
      EXPECT_EQ(*loaded, body);
      const auto checked = check_snapshot(disk.content(snapshot_name(Index(7))));
      ASSERT_TRUE(checked);
      EXPECT_EQ(checked->index, Index(7));
      EXPECT_EQ(checked->term, Term(3));
      EXPECT_EQ(checked->header, "membership");
      EXPECT_EQ(checked->body_bytes, size);
    }
  }
}

TEST(Snapshot, ReadsAnyPiece) {
  sim::SimDisk disk(1);
  const std::string body = body_of(300'000);
  const auto file = write(disk, about(7), body, 50'000);
  ASSERT_TRUE(file);
  Random random(5);
  for (int i = 0; i < 300; ++i) {
    const uint64_t offset = random.below(310'000);
    const auto size = static_cast<uint32_t>(random.below(random.chance(0.5) ? 200 : 200'000));
    const auto piece = read(disk, *file, offset, size);
    ASSERT_TRUE(piece);
    const size_t from = std::min<size_t>(offset, body.size());
    ASSERT_EQ(piece->view(), std::string_view(body).substr(from, size)) << offset << " " << size;
  }
}

TEST(Snapshot, CountsOnlyWhenItIsWhole) {
  sim::SimDisk disk(1);
  for (int step = 0; step < 40; ++step) {
    disk.wipe();
    {
      SnapshotWriter writer(disk, about(7));
      writer.append(Payload::copy_of(body_of(100'000)));
      writer.finish([](const Result<SnapshotFile>&) {});
      for (int i = 0; i < step; ++i) disk.complete_one();
    }
    Random random(static_cast<uint64_t>(step));
    disk.crash(random);
    if (disk.exists(snapshot_name(Index(7)))) {
      EXPECT_TRUE(check_snapshot(disk.content(snapshot_name(Index(7)))));
    }
  }
  EXPECT_TRUE(disk.exists(snapshot_name(Index(7))));
}

TEST(Snapshot, NoByteMayBeWrong) {
  sim::SimDisk disk(1);
  const auto file = write(disk, about(7), body_of(1000), 1000);
  ASSERT_TRUE(file);
  std::string bytes = disk.content(snapshot_name(Index(7)));
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int bit : {1, 16, 128}) {
      bytes[at] = static_cast<char>(bytes[at] ^ bit);
      EXPECT_FALSE(check_snapshot(bytes)) << at;
      bytes[at] = static_cast<char>(bytes[at] ^ bit);
    }
  }
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(check_snapshot(std::string_view(bytes).substr(0, length)));
  }
  EXPECT_FALSE(check_snapshot(bytes + "x"));
  EXPECT_TRUE(check_snapshot(bytes));
}

TEST(Snapshot, DamageIsFoundWhenItIsRead) {
  sim::SimDisk disk(1);
  const auto file = write(disk, about(7), body_of(200'000), 50'000);
  ASSERT_TRUE(file);
  disk.flip_bit(snapshot_name(Index(7)), snapshot_block_offset(*file, 1) + 500, 3);
  EXPECT_TRUE(read(disk, *file, 0, 65'536));
  const auto damaged = read(disk, *file, 60'000, 10'000);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().fault, Fault::corrupt);
  EXPECT_TRUE(read(disk, *file, 131'072, 1000));
  EXPECT_FALSE(load_body(disk, *file));
}

// A block of another file, or from another place, is as good as a wrong one.
TEST(Snapshot, BlocksAreBoundToTheirPlace) {
  sim::SimDisk disk(1);
  const auto one = write(disk, about(7), body_of(200'000), 50'000);
  SnapshotFile other = about(8);
  const auto two = write(disk, other, body_of(200'000, 2), 50'000);
  ASSERT_TRUE(one && two);
  const std::string first = disk.content(snapshot_name(Index(7)));
  const std::string second = disk.content(snapshot_name(Index(8)));
  constexpr size_t block = snapshot_block_bytes + snapshot_block_header_bytes;
  std::string mixed = first;
  mixed.replace(snapshot_block_offset(*one, 1), block,
                second.substr(snapshot_block_offset(*two, 1), block));
  EXPECT_FALSE(check_snapshot(mixed));
  mixed = first;
  mixed.replace(snapshot_block_offset(*one, 1), block,
                first.substr(snapshot_block_offset(*one, 0), block));
  EXPECT_FALSE(check_snapshot(mixed));
}

TEST(Snapshot, GivesTheDiskAWindowAtATime) {
  sim::SimDisk disk(1);
  SnapshotWriter writer(disk, about(7));
  const Payload piece = Payload::copy_of(body_of(256 << 10));
  size_t pieces = 0;
  for (; writer.ready(); ++pieces) writer.append(piece);
  EXPECT_EQ(pieces, snapshot_window_bytes / piece.size());
  EXPECT_FALSE(writer.ready());
  disk.run_completions();
  EXPECT_TRUE(writer.ready());
  uint64_t in_flight_max = 0;
  disk.on_submission([&](const sim::Submission& submission) {
    in_flight_max = std::max(in_flight_max, submission.size_bytes);
  });
  for (int i = 0; i < 20; ++i) writer.append(piece);
  disk.run_completions();
  EXPECT_LE(in_flight_max, snapshot_window_bytes);
  EXPECT_GT(in_flight_max, snapshot_window_bytes / 2);
}

TEST(Snapshot, FullDiskFailsItAndFreesItsPlace) {
  sim::SimDisk disk(1);
  disk.set_capacity(150'000);
  SnapshotWriter writer(disk, about(7));
  writer.append(Payload::copy_of(body_of(100'000)));
  disk.run_completions();
  EXPECT_FALSE(writer.failed());
  writer.append(Payload::copy_of(body_of(100'000)));
  disk.run_completions();
  EXPECT_TRUE(writer.failed());
  EXPECT_TRUE(writer.ready());
  std::optional<Result<SnapshotFile>> result;
  writer.finish([&](Result<SnapshotFile> done) { result = std::move(done); });
  EXPECT_FALSE(result);
  disk.run_completions();
  ASSERT_TRUE(result && !*result);
  EXPECT_EQ(result->error().fault, Fault::no_space);
  EXPECT_EQ(disk.used_bytes(), 0u);
}

TEST(Snapshot, TooLargeABodyIsRefused) {
  sim::SimDisk disk(1);
  for (const size_t beyond : {0u, 1u}) {
    SnapshotWriter writer(disk, about(7), 100'000);
    writer.append(Payload::copy_of(body_of(60'000)));
    writer.append(Payload::copy_of(body_of(40'000)));
    EXPECT_FALSE(writer.failed());
    if (beyond > 0) writer.append(Payload::copy_of("x"));
    std::optional<Result<SnapshotFile>> result;
    writer.finish([&](Result<SnapshotFile> done) { result = std::move(done); });
    disk.run_completions();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->has_value(), beyond == 0);
    if (*result) continue;
    EXPECT_EQ(result->error().fault, Fault::refused);
    EXPECT_THAT(result->error().message, HasSubstr("100000 bytes: delete keys"));
  }
  EXPECT_FALSE(disk.exists(unfinished_snapshot_name(Index(7))));
}

// Bytes that need no file, of a body far larger than what is in memory at once.
TEST(Snapshot, IsReadAWindowAtATime) {
  const Payload block = Payload::copy_of(body_of(snapshot_block_bytes));
  constexpr uint64_t blocks = 2'000;
  SnapshotFile file = about(7);
  file.body_bytes = blocks * snapshot_block_bytes;
  const uint32_t header_crc = snapshot_header_crc(file);
  const std::string header = encode_snapshot_header(file).text();
  uint32_t blocks_crc = 0;
  const auto block_at = [&](uint64_t number) {
    char head[snapshot_block_header_bytes];
    store_le(head, snapshot_block_bytes);
    store_le(head + 4,
             crc32c(block.view(), crc32c({head, 4}, snapshot_block_seed(header_crc, number))));
    return std::string(head, sizeof head) + block.text();
  };
  for (uint64_t i = 0; i < blocks; ++i) blocks_crc = crc32c(block_at(i).substr(4, 4), blocks_crc);
  const std::string footer = encode_snapshot_footer(header_crc, file.body_bytes, blocks_crc).text();
  const uint64_t footer_at = header.size() + snapshot_blocks_bytes(file.body_bytes);
  uint64_t read_bytes = 0, largest = 0;
  const auto read = [&](uint64_t offset, uint64_t size_bytes) -> Result<Payload> {
    read_bytes += size_bytes;
    largest = std::max(largest, size_bytes);
    if (offset >= footer_at) return Payload::copy_of(footer.substr(offset - footer_at, size_bytes));
    if (offset < header.size()) return Payload::copy_of(header.substr(offset, size_bytes));
    uint64_t number = (offset - header.size()) / (snapshot_block_bytes + 8);
    std::string bytes;
    while (bytes.size() < size_bytes) bytes += block_at(number++);
    return Payload::copy_of(bytes);
  };
  struct Counter : SnapshotTaker {
    void begin(const SnapshotFile&) override {}
    Result<void> take(std::string_view piece) override {
      return bytes += piece.size(), Result<void>();
    }
    Result<void> finish() override { return {}; }
    uint64_t bytes = 0;
  } counter;
  const auto loaded = load_snapshot(footer_at + footer.size(), read, Index(7), &counter);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(counter.bytes, file.body_bytes);
  EXPECT_LE(largest, snapshot_window_bytes);
  EXPECT_LT(read_bytes, footer_at + 1000) << "it is read once";
}

TEST(Snapshot, GivenUpItNeverGetsItsName) {
  sim::SimDisk disk(1);
  SnapshotWriter writer(disk, about(7));
  writer.append(Payload::copy_of(body_of(100'000)));
  disk.run_completions();
  writer.give_up({Fault::corrupt, "it is bad"});
  writer.append(Payload::copy_of("more"));
  std::optional<Result<SnapshotFile>> result;
  writer.finish([&](Result<SnapshotFile> done) { result = std::move(done); });
  EXPECT_FALSE(result);
  disk.run_completions();
  ASSERT_TRUE(result && !*result);
  EXPECT_EQ(result->error().message, "it is bad");
  EXPECT_EQ(disk.used_bytes(), 0u);
}

TEST(Snapshot, ADroppedWriterLeavesNothingThatCounts) {
  sim::SimDisk disk(1);
  {
    Life life(disk);
    life.found(papers_of(1));
    life.settle();
  }
  {
    SnapshotWriter writer(disk, about(7));
    writer.append(Payload::copy_of(body_of(100'000)));
    disk.run_completions();
  }
  ASSERT_TRUE(disk.exists(unfinished_snapshot_name(Index(7))));
  // The next writer of that index begins anew.
  const auto file = write(disk, about(7), "the body", 100);
  ASSERT_TRUE(file);
  EXPECT_EQ(*load_body(disk, *file), "the body");
  {
    SnapshotWriter writer(disk, about(8));
    disk.run_completions();
  }
  ASSERT_TRUE(disk.exists(unfinished_snapshot_name(Index(8))));
  // So does the next start.
  disk.crash({.survival = sim::Survival::all});
  Life life(disk);
  EXPECT_TRUE(life.recovery->snapshot);
  life.settle();
  EXPECT_FALSE(disk.exists(unfinished_snapshot_name(Index(8))));
}

TEST(Snapshot, TheOneBeforeIsRemoved) {
  sim::SimDisk disk(1);
  std::optional<SnapshotFile> before;
  for (const uint64_t index : {7u, 9u, 9u}) {
    const auto file = write(disk, about(index), "body", 100);
    ASSERT_TRUE(file);
    remove_old_snapshots(disk, before, file->index);
    before = *file;
    disk.run_completions();
  }
  EXPECT_FALSE(disk.exists(snapshot_name(Index(7))));
  EXPECT_TRUE(disk.exists(snapshot_name(Index(9))));
}

// The newest whole one is used; an older one only if the log still goes on from it.
TEST(Snapshot, RecoveryFallsBackToAnOlderOne) {
  for (const bool connects : {true, false}) {
    sim::SimDisk disk(1);
    {
      Life life(disk, {.segment_bytes = 8192});
      life.found(papers_of(1));
      for (int i = 0; i < 30; ++i) {
        life.append(0, std::string(900, 'x'));
        life.settle();
      }
      ASSERT_TRUE(write(disk, {Index(10), Term(0), "older", 0}, "older", 100));
      ASSERT_TRUE(write(disk, {Index(20), Term(0), "newer", 0}, "newer", 100));
      life.log().compact(connects ? Index(11) : Index(21));
      life.settle();
    }
    disk.flip_bit(snapshot_name(Index(20)), 50, 1);
    disk.crash({.survival = sim::Survival::none});
    {
      Life life(disk, {.segment_bytes = 8192});
      ASSERT_TRUE(life.recovery->snapshot);
      EXPECT_EQ(life.recovery->snapshot->header, "older");
      EXPECT_EQ(life.recovery->hard_state.damaged, !connects);
      EXPECT_EQ(life.recovery->entries.size() > 0, connects);
      if (connects) {
        EXPECT_EQ(life.recovery->entries.back().index, Index(30));
      }
      EXPECT_FALSE(life.recovery->notes.empty());
      life.settle();
      EXPECT_FALSE(disk.exists(snapshot_name(Index(20))));
    }
    disk.crash({.survival = sim::Survival::none});
    Life life(disk, {.segment_bytes = 8192});
    EXPECT_EQ(life.recovery->hard_state.damaged, !connects);
    EXPECT_EQ(life.recovery->snapshot->header, "older");
  }
}

// Thirty entries, and snapshots at 10 and 20.
void make_two_snapshots(sim::SimDisk& disk, Index keep_from) {
  Life life(disk, {.segment_bytes = 8192});
  life.found(papers_of(1));
  for (int i = 0; i < 30; ++i) {
    life.append(0, std::string(900, 'x'));
    life.settle();
  }
  ASSERT_TRUE(write(disk, {Index(10), Term(0), "older", 0}, "older body", 100));
  ASSERT_TRUE(write(disk, {Index(20), Term(0), "newer", 0}, "newer body", 100));
  life.log().compact(keep_from);
  life.settle();
}

TEST(Snapshot, IsShownWhenTheLogIsOpened) {
  sim::SimDisk disk(1);
  make_two_snapshots(disk, Index(11));
  disk.crash();
  BodyTaker taker;
  Life life(disk, {.segment_bytes = 8192}, &taker);
  EXPECT_THAT(taker.begun, ElementsAre(20));
  EXPECT_TRUE(taker.finished);
  EXPECT_EQ(taker.body, "newer body");
  EXPECT_EQ(life.recovery->snapshot->header, "newer");
}

// Whole, but of no use to its taker: the one before is used if the log goes on from it, else it is
// damage. It is left where it is: another program may understand it.
TEST(Snapshot, OneOfNoUseIsPassedOver) {
  for (const bool at_once : {true, false}) {
    for (const bool connects : {true, false}) {
      SCOPED_TRACE(::testing::Message() << at_once << connects);
      sim::SimDisk disk(1);
      make_two_snapshots(disk, connects ? Index(11) : Index(21));
      const uint64_t before = reached("snapshot of no use passed over");
      for (int start = 0; start < 2; ++start) {
        disk.crash({.survival = sim::Survival::none});
        BodyTaker taker;
        taker.refuses = {20, at_once};
        Life life(disk, {.segment_bytes = 8192}, &taker);
        ASSERT_TRUE(life.recovery->snapshot);
        EXPECT_EQ(life.recovery->snapshot->header, "older");
        EXPECT_EQ(taker.body, "older body");
        EXPECT_EQ(life.recovery->hard_state.damaged, !connects);
        EXPECT_EQ(life.recovery->entries.empty(), !connects);
        EXPECT_THAT(life.recovery->notes, Contains(HasSubstr("no use for it")));
        EXPECT_EQ(::testing::Matches(Contains(HasSubstr("coterie recover")))(life.recovery->notes),
                  !connects);
        life.settle();
        EXPECT_TRUE(disk.exists(snapshot_name(Index(20))));
      }
      EXPECT_EQ(reached("snapshot of no use passed over"), before + 2);
    }
  }
}

TEST(Snapshot, OneOfAnotherFormatStopsTheStart) {
  sim::SimDisk disk(1);
  make_two_snapshots(disk, Index(11));
  disk.crash();
  BodyTaker taker;
  taker.refuses = {20, true};
  taker.fault = Fault::invalid;
  Life life(disk, {.segment_bytes = 8192}, &taker);
  ASSERT_FALSE(life.recovery);
  EXPECT_EQ(life.recovery.error().fault, Fault::invalid);
  EXPECT_THAT(life.recovery.error().message, HasSubstr(snapshot_name(Index(20))));
  EXPECT_THAT(life.recovery.error().message, HasSubstr("use the program that wrote it"));
}

// It came from a leader, and was durable; then it rotted, before the log said that it begins behind
// it.
TEST(Snapshot, OneBeyondTheLogIsMissedWhenItIsBad) {
  for (const bool rotten : {true, false}) {
    sim::SimDisk disk(1);
    {
      Life life(disk);
      life.found(papers_of(1));
      for (int i = 0; i < 5; ++i) life.append(0, "old");
      life.settle();
      ASSERT_TRUE(write(disk, about(100), "the body", 100));
    }
    if (rotten) disk.flip_bit(snapshot_name(Index(100)), 60, 1);
    const uint64_t before = reached("snapshot beyond the log cannot be used");
    for (int start = 0; start < 2; ++start) {
      disk.crash({.survival = sim::Survival::none});
      Life life(disk);
      EXPECT_EQ(life.recovery->snapshot.has_value(), !rotten);
      EXPECT_EQ(life.recovery->hard_state.damaged, rotten);
      EXPECT_EQ(life.recovery->entries.size(), rotten ? 5u : 0u);
      life.settle();
    }
    EXPECT_EQ(reached("snapshot beyond the log cannot be used") > before, rotten);
  }
}

}  // namespace
}  // namespace coterie::store::testing
