// The bytes in docs/formats are those of this program: each example there is decoded, and is what
// this program writes for the same meaning.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/base/codec.h"
#include "coterie/base/crc32c.h"
#include "coterie/base/entry.h"
#include "coterie/store/log/log_test_util.h"
#include "coterie/store/log/papers_format.h"
#include "coterie/store/log/segment_format.h"
#include "coterie/store/log/snapshot.h"
#include "coterie/store/log/snapshot_format.h"
#include "coterie/store/log/state_format.h"

namespace coterie::store::testing {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    text += i == 0 ? "    " : i % 16 == 0 ? "\n    " : " ";
    text += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return text;
}

// The indented bytes behind the line that begins with **title** in docs/formats/<page>.md.
std::string example(const std::string& page, const std::string& title) {
  std::ifstream file(std::string(COTERIE_SOURCE_DIR) + "/docs/formats/" + page + ".md");
  EXPECT_TRUE(file.good()) << page;
  std::string line;
  while (std::getline(file, line) && !line.starts_with("**" + title + "**")) {
  }
  std::string bytes;
  bool begun = false;
  while (std::getline(file, line)) {
    if (!line.starts_with("    ")) {
      if (begun) break;
      continue;
    }
    begun = true;
    std::istringstream words(line);
    std::string word;
    while (words >> word) bytes.push_back(static_cast<char>(std::stoul(word, nullptr, 16)));
  }
  return bytes;
}

// The example is what this program writes.
void expect_written(const std::string& page, const std::string& title, std::string_view written) {
  EXPECT_EQ(hex(example(page, title)), hex(written)) << page << ".md, " << title;
}

std::string joined(const std::vector<Payload>& parts) {
  std::string bytes;
  for (const Payload& part : parts) bytes += part.view();
  return bytes;
}

std::string without_zeros(std::string bytes) {
  bytes.resize(bytes.find_last_not_of('\0') + 1);
  return bytes;
}

ReplicaId replica() { return {{0, 10}}; }
ClusterId cluster() { return {{0, 12}}; }

Entry the_entry() {
  return make_entry({.group = GroupId(1),
                     .kind = EntryKind::commands,
                     .feature_level = 1,
                     .term = Term(3),
                     .index = Index(9),
                     .stamp_ms = 77,
                     .bytes = {}},
                    "hello");
}

TEST(Format, Entry) {
  expect_written("entry", "entry", the_entry().bytes.view());
  const auto entry = Entry::from_bytes(Payload::copy_of(example("entry", "entry")));
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->group, GroupId(1));
  EXPECT_EQ(entry->kind, EntryKind::commands);
  EXPECT_EQ(entry->feature_level, 1);
  EXPECT_EQ(entry->term, Term(3));
  EXPECT_EQ(entry->index, Index(9));
  EXPECT_EQ(entry->stamp_ms, 77);
  EXPECT_EQ(entry->body().view(), "hello");
}

TEST(Format, Identity) {
  const Papers papers{cluster(), NodeId(1), replica(), "f"};
  expect_written("log", "identity", encode_papers(papers).view());
  const auto scan = scan_papers(example("log", "identity"));
  ASSERT_TRUE(scan);
  ASSERT_TRUE(scan->papers);
  EXPECT_FALSE(scan->one_bad);
  EXPECT_EQ(scan->papers->cluster, cluster());
  EXPECT_EQ(scan->papers->node, NodeId(1));
  EXPECT_EQ(scan->papers->replica, replica());
  EXPECT_EQ(scan->papers->founding, "f");
}

TEST(Format, StateSlot) {
  StateRecord state;
  state.counter = 5;
  state.hard_state = {Term(3), replica(), true};
  state.newest_segment = 3;
  state.open_segment = 2;
  state.end = {2, 8192};
  state.first_segment = 1;
  expect_written("log", "state slot", encode_state_slot(state, replica()).view().substr(0, 96));
  const auto scan = scan_state(example("log", "state slot"), replica());
  ASSERT_TRUE(scan);
  ASSERT_TRUE(scan->state);
  EXPECT_EQ(*scan->state, state);
  // It is the state of no other replica.
  EXPECT_FALSE(scan_state(example("log", "state slot"), replica_of(1))->state);
}

TEST(Format, StateFlagsAndCut) {
  for (int flags = 0; flags < 8; ++flags) {
    StateRecord state;
    state.counter = 1;
    state.hard_state.damaged = (flags & 1) != 0;
    state.unsynced = (flags & 2) != 0;
    state.stopped = (flags & 4) != 0;
    state.cut = {4, 5120};
    state.cut_segment = 6;
    const Payload slot = encode_state_slot(state, replica());
    EXPECT_EQ(slot.size(), state_slot_bytes);
    EXPECT_EQ(scan_state(slot.view(), replica())->state, state);
  }
}

TEST(Format, SegmentHeader) {
  const Payload page = encode_segment_header({2, cluster(), replica(), 8192});
  ASSERT_EQ(page.size(), segment_header_bytes);
  expect_written("log", "segment header", page.view().substr(0, 64));
  std::string whole = example("log", "segment header");
  whole.resize(segment_header_bytes, '\0');
  const auto header = decode_segment_header(whole);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->sequence, 2u);
  EXPECT_EQ(header->cluster, cluster());
  EXPECT_EQ(header->replica, replica());
  EXPECT_EQ(header->size_bytes, 8192u);
}

TEST(Format, Batches) {
  BatchBuilder first(2, replica(), 4096);
  first.add(RecordKind::opening, encode_opening({1, 8192}));
  first.add(RecordKind::entry, the_entry().bytes);
  EXPECT_EQ(first.end(), 4608u);
  expect_written("log", "batch", without_zeros(joined(first.take())));
  BatchBuilder second(2, replica(), 4608);
  second.add(RecordKind::reset, encode_reset(Index(101)));
  expect_written("log", "reset", without_zeros(joined(second.take())));

  // The examples make a segment.
  std::string file = example("log", "segment header");
  file.resize(4096, '\0');
  file += example("log", "batch");
  file.resize(4608, '\0');
  file += example("log", "reset");
  file.resize(8192, '\0');
  const auto scan = scan_segment(Payload::copy_of(file), 2, replica());
  ASSERT_TRUE(scan);
  EXPECT_TRUE(scan->header_good && scan->whole && scan->begun());
  EXPECT_EQ(scan->tail, SegmentTail::zeros);
  EXPECT_EQ(scan->end, 5120u);
  ASSERT_EQ(scan->records.size(), 3u);
  EXPECT_EQ(scan->records[0].opening, (LogEnd{1, 8192}));
  EXPECT_EQ(scan->records[1].entry, the_entry());
  EXPECT_EQ(scan->records[2].reset_next, Index(101));
  // Under another name, or as another replica's, nothing of it counts.
  const auto renamed = scan_segment(Payload::copy_of(file), 3, replica());
  ASSERT_TRUE(renamed);
  EXPECT_TRUE(renamed->records.empty());
  EXPECT_FALSE(renamed->header_good);
  EXPECT_FALSE(scan_segment(Payload::copy_of(file), 2, replica_of(1)));
}

TEST(Format, Snapshot) {
  sim::SimDisk disk(1);
  SnapshotWriter writer(disk, {Index(7), Term(3), "m", 0});
  writer.append(Payload::copy_of("hello"));
  writer.finish([](const Result<SnapshotFile>& done) { EXPECT_TRUE(done); });
  disk.run_completions();
  expect_written("snapshot", "snapshot", disk.content(snapshot_name(Index(7))));
  const auto about = check_snapshot(example("snapshot", "snapshot"));
  ASSERT_TRUE(about);
  EXPECT_EQ(about->index, Index(7));
  EXPECT_EQ(about->term, Term(3));
  EXPECT_EQ(about->header, "m");
  EXPECT_EQ(about->body_bytes, 5u);
}

TEST(Format, Names) {
  EXPECT_EQ(segment_name(12), "0000000012.log");
  EXPECT_EQ(segment_sequence("0000000012.log"), 12u);
  EXPECT_EQ(segment_sequence("4294967295.log"), 4294967295u);
  for (const auto* name : {"4294967296.log", "0000000000.log", "000000012.log", "0000000012.lo",
                           "00000000x2.log", "-000000012.log", "", ".log"}) {
    EXPECT_FALSE(segment_sequence(name)) << name;
  }
  EXPECT_EQ(snapshot_name(Index(7)), "00000000000000000007.snap");
  EXPECT_EQ(snapshot_index("18446744073709551615.snap"), Index(UINT64_MAX));
  EXPECT_FALSE(snapshot_index("00000000000000000007.snap.tmp"));
  EXPECT_TRUE(is_unfinished_snapshot("00000000000000000007.snap.tmp"));
  EXPECT_FALSE(is_log_file("stranger"));
  for (const auto* name : {"identity", "identity.tmp", "state", "0000000001.log"}) {
    EXPECT_TRUE(is_log_file(name)) << name;
  }
}

TEST(Format, OtherVersionsAreRefusedWithAHint) {
  const auto with_version = [](std::string bytes, auto fix) {
    bytes[8] = 2;
    fix(bytes);
    return bytes;
  };
  const std::string header =
      with_version(encode_segment_header({2, cluster(), replica(), 8192}).text(), [](auto& bytes) {
        store_le(bytes.data() + 12, crc32c(std::string_view(bytes).substr(16, 48),
                                           crc32c(std::string_view(bytes).substr(0, 12))));
      });
  const auto decoded = decode_segment_header(header);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().fault, Fault::invalid);
  EXPECT_THAT(decoded.error().message, ::testing::HasSubstr("use the program that wrote it"));
}

}  // namespace
}  // namespace coterie::store::testing
