// Property: whatever is written, truncated, compacted, reset and snapshotted, and wherever the
// power goes, the next life finds a log that was written once, with all in it that was reported
// durable; and no crash alone is ever taken for damage.
#include <algorithm>

#include <gtest/gtest.h>

#include "coterie/base/random.h"
#include "coterie/store/log/log_test_util.h"
#include "coterie/store/log/snapshot.h"

namespace coterie::store::testing {
namespace {

// What the log holds, in the plainest terms.
struct Content {
  uint64_t first = 1;  // index of the first entry, or of the next one
  std::vector<Entry> entries;

  uint64_t next() const { return first + entries.size(); }
  void apply(const Entry& entry) {
    entries.resize(entry.index.value - first);
    entries.push_back(entry);
  }
  // The entries behind a snapshot, if the log connects to it.
  std::vector<Entry> behind(const std::optional<SnapshotFile>& snapshot) const {
    const uint64_t from = snapshot ? snapshot->index.value + 1 : 1;
    if (first > from || next() < from) return {};
    if (from > first && entries[from - 1 - first].term != snapshot->term) return {};
    return {entries.begin() + static_cast<ptrdiff_t>(from - first), entries.end()};
  }
};

// One record of the log, as it was submitted.
struct Submitted {
  uint64_t number = 0;
  std::optional<Entry> entry;
  uint64_t reset_next = 0;
};

// A replica that does at random what replicas do, and remembers what it was promised.
class Replica {
 public:
  // Of the steps, `failures` are accompanied by a failure of the disk, which ends the life.
  Replica(uint64_t seed, const LogOptions& options, double failures = 0)
      : options_(options), failures_(failures), random_(seed), disk_(seed) {}

  void run(int lives, int steps_max) {
    for (int life = 0; life < lives && !::testing::Test::HasFatalFailure(); ++life) {
      SCOPED_TRACE(::testing::Message() << "life " << life);
      live(static_cast<int>(random_.below(static_cast<uint64_t>(steps_max))));
    }
  }

  uint64_t recovered_entries = 0;
  uint64_t unsynced_survivors = 0;
  uint64_t unclean = 0;
  uint64_t failed = 0;

 private:
  void live(int steps) {
    life_ = std::make_unique<Life>(disk_, options_);
    ASSERT_TRUE(life_->recovery) << life_->recovery.error().message;
    check();
    if (::testing::Test::HasFatalFailure()) return;
    if (!life_->recovery->papers) {
      bool founded = false;
      life_->log().write_papers(papers_of(++replica_), [&](Result<void> result) {
        EXPECT_TRUE(result);
        founded = true;
      });
      for (uint64_t n = random_.below(40); n > 0 && !founded; --n) disk_.complete_any(random_);
      if (!founded) return stop();
      founded_ = true;
    }
    // What was found counts when it is settled, not before.
    const bool hasty = random_.chance(0.1);
    if (random_.chance(failures_ * 5)) fail_soon();
    for (uint64_t n = hasty ? random_.below(6) : UINT64_MAX; n > 0; --n) {
      if (life_->log().settled() || life_->failure) break;
      ASSERT_TRUE(disk_.complete_any(random_));
    }
    if (!life_->log().settled()) return stop();
    begin_anew(*life_->recovery);
    for (int step = 0; step < steps; ++step) {
      if (random_.chance(failures_)) fail_soon();
      act();
      if (failures_ > 0 && life_->failure) return stop();
      ASSERT_FALSE(life_->failure) << life_->failure->message;
    }
    if (failures_ == 0 && random_.chance(0.1) && !writer_) {
      bool closed = false;
      life_->log().close([&] { closed = true; });
      while (!closed && disk_.complete_any(random_)) {
      }
      ASSERT_TRUE(closed);
      // Who does not go on from what was found leaves it as it is: unclean.
      closed_ = life_->recovery->clean || !submitted_.empty() || submitted_hard_.size() > 1;
    }
    stop();
  }

  void fail_soon() {
    disk_.fail_next(random_.chance(0.7) ? sim::DiskOperation::sync : sim::DiskOperation::write);
  }

  void stop() {
    failed += life_->failure ? 1 : 0;
    if (life_->log().settled()) note_durable();
    if (closed_) durable_ = submitted_.size();
    writer_.reset();
    life_.reset();
    disk_.crash(random_,
                {.kind = random_.chance(failures_ > 0 ? 0.7 : 0.3) ? sim::CrashKind::process
                                                                   : sim::CrashKind::power});
  }

  void act() {
    switch (random_.below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return append();
      case 4:
        return replace_suffix();
      case 5:
        return vote();
      case 6:
      case 7:
        disk_.complete_any(random_);
        return;
      case 8:
        disk_.run_completions();
        return;
      case 9:
        return random_.chance(0.2) ? snapshot_of_own() : life_->flush();
      case 10:
        return random_.chance(0.1) ? snapshot_from_leader() : life_->flush();
      default:
        life_->flush();
    }
  }

  std::string body() {
    const uint64_t size = random_.chance(0.02) ? 9000 + random_.below(9000) : random_.below(700);
    std::string text(size, static_cast<char>('a' + random_.below(26)));
    return std::to_string(random_.next()) + text;
  }

  std::optional<HardState> hard_state_once() {
    if (hard_ == submitted_hard_.back().second) return std::nullopt;
    submitted_hard_.emplace_back(0, hard_);
    return hard_;
  }

  void submit(uint64_t from, uint64_t count) {
    std::vector<Entry> entries;
    for (uint64_t i = 0; i < count; ++i) {
      entries.push_back(entry_of(from + i, hard_.term.value, body()));
      content_.apply(entries.back());
    }
    const auto hard_state = hard_state_once();
    const uint64_t number = life_->write(hard_state, entries);
    if (hard_state) submitted_hard_.back().first = number;
    for (Entry& entry : entries) submitted_.push_back({number, std::move(entry), 0});
  }

  void append() { submit(content_.next(), 1 + random_.below(3)); }

  void replace_suffix() {
    if (content_.entries.empty()) return;
    hard_.term = hard_.term.next();
    hard_.vote = {};
    const uint64_t floor = std::max(content_.first, covered_ + 1);
    if (content_.next() <= floor) return;
    submit(floor + random_.below(content_.next() - floor), 1 + random_.below(2));
  }

  void vote() {
    hard_.term = hard_.term.next();
    hard_.vote = replica_of(random_.below(5));
    submit(content_.next(), 0);
  }

  // A snapshot of applied entries, then the log before it is dropped, or a part of that.
  void snapshot_of_own() {
    note_durable();
    if (writer_ || durable_content_.next() <= covered_ + 1) return;
    // What is applied is committed and is never replaced.
    const uint64_t last = std::min(durable_content_.next(), content_.next()) - 1;
    uint64_t index = std::max(durable_content_.first, covered_ + 1);
    if (index > last || index < content_.first) return;
    index += random_.below(last - index + 1);
    const Entry& at = content_.entries[index - content_.first];
    if (!(durable_content_.entries[index - durable_content_.first] == at)) return;
    covered_ = index;
    write_snapshot({Index(index), at.term, "membership", 0}, [this](const SnapshotFile& file) {
      life_->log().compact(file.index + (1 - std::min<uint64_t>(1, random_.below(2))));
    });
  }

  void snapshot_from_leader() {
    if (writer_) return;
    covered_ = content_.next() + random_.below(20);
    hard_.term = hard_.term + random_.below(2);
    write_snapshot({Index(covered_), hard_.term, "from the leader", 0},
                   [this](const SnapshotFile& file) {
                     life_->log().reset(file.index.next());
                     if (random_.chance(0.5)) life_->log().compact(file.index.next());
                     content_ = {file.index.value + 1, {}};
                     submitted_.push_back({0, std::nullopt, content_.first});
                   });
    // The machine waits for it before it goes on.
    while (writer_) {
      life_->flush();
      if (!disk_.complete_any(random_)) break;
      if (random_.chance(0.02)) break;
    }
  }

  void write_snapshot(const SnapshotFile& about, std::function<void(const SnapshotFile&)> then) {
    writer_ = std::make_unique<SnapshotWriter>(disk_, about);
    for (uint64_t n = random_.below(4); n > 0; --n) {
      writer_->append(Payload::copy_of(std::string(random_.below(90'000), 's')));
    }
    writer_->finish([this, then = std::move(then)](Result<SnapshotFile> file) {
      finished_ = std::move(writer_);
      if (failures_ > 0 && !file) return;
      ASSERT_TRUE(file);
      remove_old_snapshots(disk_, snapshot_, file->index);
      snapshot_ = *file;
      then(*file);
    });
  }

  // Brings what is known to be durable up to date.
  void note_durable() {
    // Under the weaker modes nothing is promised but term and vote.
    const uint64_t number = life_->log().durable_number();
    const bool synced = options_.fsync == FsyncMode::always;
    // A reset before the last durable write is durable with it.
    size_t count = durable_;
    for (size_t i = durable_; synced && i < submitted_.size(); ++i) {
      if (submitted_[i].number != 0 && submitted_[i].number <= number) count = i + 1;
    }
    for (; durable_ < count; ++durable_) apply(durable_content_, submitted_[durable_]);
    for (size_t i = durable_hard_; i < submitted_hard_.size(); ++i) {
      if (submitted_hard_[i].first <= number) durable_hard_ = i;
    }
  }

  static void apply(Content& content, const Submitted& one) {
    if (one.entry) {
      content.apply(*one.entry);
    } else {
      content = {one.reset_next, {}};
    }
  }

  // The recovery is one of the contents that the log has had since it was last known durable.
  void check() {
    const Recovery& found = *life_->recovery;
    if (!found.papers) {
      begin_anew(found);
      ASSERT_FALSE(founded_) << ::testing::PrintToString(found.notes);
      return;
    }
    founded_ = true;
    ASSERT_EQ(found.papers->replica, replica_of(replica_));
    ASSERT_FALSE(found.hard_state.damaged) << ::testing::PrintToString(found.notes);
    ASSERT_TRUE(found.clean || options_.fsync != FsyncMode::always);
    ASSERT_TRUE(found.clean || !closed_);
    unclean += found.clean ? 0 : 1;
    closed_ = false;
    check_snapshot_index(found);
    check_hard_state(found);
    std::vector<Entry> entries;
    for (const Entry& entry : found.entries) {
      if (!found.snapshot || entry.index > found.snapshot->index) entries.push_back(entry);
    }
    recovered_entries += entries.size();
    Content content = start_;
    bool matched = false;
    uint64_t extra = 0;
    for (size_t i = 0; i <= submitted_.size() && !matched; ++i) {
      if (i > 0) apply(content, submitted_[i - 1]);
      if (i < durable_) continue;
      matched = content.behind(found.snapshot) == entries;
      extra = i - durable_;
    }
    ASSERT_TRUE(matched) << entries.size() << " entries found, " << durable_ << " of "
                         << submitted_.size() << " records were durable; "
                         << ::testing::PrintToString(found.notes);
    unsynced_survivors += extra > 0 ? 1 : 0;
  }

  void check_snapshot_index(const Recovery& found) {
    if (snapshot_) {
      ASSERT_TRUE(found.snapshot);
      ASSERT_GE(found.snapshot->index, snapshot_->index);
    }
    if (found.snapshot) {
      const auto body = load_body(disk_, *found.snapshot);
      ASSERT_TRUE(body);
      ASSERT_EQ(body->size(), found.snapshot->body_bytes);
    }
  }

  void check_hard_state(const Recovery& found) {
    bool matched = false;
    for (size_t i = durable_hard_; i < submitted_hard_.size(); ++i) {
      matched = matched || submitted_hard_[i].second == found.hard_state;
    }
    // A snapshot of a term that was not durable yet raises it.
    if (found.snapshot && found.hard_state == HardState{found.snapshot->term, {}, false}) {
      matched = matched || found.snapshot->term >= submitted_hard_[durable_hard_].second.term;
    }
    ASSERT_TRUE(matched) << "term " << found.hard_state.term.value;
  }

  void begin_anew(const Recovery& found) {
    snapshot_ = found.snapshot;
    covered_ = snapshot_ ? snapshot_->index.value : 0;
    start_ = {covered_ + 1, {}};
    if (!found.entries.empty()) {
      start_.first = found.entries.front().index.value;
      start_.entries = found.entries;
    }
    content_ = durable_content_ = start_;
    submitted_.clear();
    durable_ = 0;
    hard_ = found.hard_state;
    submitted_hard_ = {{0, hard_}};
    durable_hard_ = 0;
  }

  LogOptions options_;
  double failures_;
  Random random_;
  sim::SimDisk disk_;
  std::unique_ptr<Life> life_;
  std::unique_ptr<SnapshotWriter> writer_;
  std::unique_ptr<SnapshotWriter> finished_;
  uint64_t replica_ = 0;
  bool founded_ = false;
  bool closed_ = false;
  HardState hard_;
  std::vector<std::pair<uint64_t, HardState>> submitted_hard_ = {{0, {}}};
  size_t durable_hard_ = 0;
  Content start_;            // what this life began with
  Content content_;          // with all that was submitted
  Content durable_content_;  // with what is known to be durable
  std::vector<Submitted> submitted_;
  size_t durable_ = 0;    // of `submitted_`
  uint64_t covered_ = 0;  // by snapshots, finished or not: never replaced
  std::optional<SnapshotFile> snapshot_;
};

TEST(LogCrash, NothingDurableIsLostAndNothingElseAppears) {
  uint64_t recovered = 0;
  uint64_t survivors = 0;
  for (uint64_t seed = 1; seed <= 400 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    Replica replica(seed, {.segment_bytes = seed % 3 == 0 ? 64u << 10 : 8192});
    replica.run(12, 60);
    recovered += replica.recovered_entries;
    survivors += replica.unsynced_survivors;
  }
  EXPECT_GT(recovered, 10'000u);
  EXPECT_GT(survivors, 100u);
}

// A life that a failed sync has ended leaves what is read back and is not on the disk.
TEST(LogCrash, NorBehindFailedSyncs) {
  uint64_t recovered = 0;
  uint64_t failed = 0;
  for (uint64_t seed = 1; seed <= 400 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    Replica replica(seed, {.segment_bytes = seed % 3 == 0 ? 64u << 10 : 8192}, 0.03);
    replica.run(12, 60);
    recovered += replica.recovered_entries;
    failed += replica.failed;
  }
  EXPECT_GT(recovered, 10'000u);
  EXPECT_GT(failed, 1'000u);
}

// Under the weaker modes an unclean stop is confessed, and what is found is still one of the
// contents that the log has had.
TEST(LogCrash, WeakerModesConfess) {
  for (const FsyncMode mode : {FsyncMode::interval, FsyncMode::never}) {
    uint64_t unclean = 0;
    for (uint64_t seed = 1; seed <= 150 && !HasFatalFailure(); ++seed) {
      SCOPED_TRACE(::testing::Message() << "seed " << seed << " mode " << static_cast<int>(mode));
      Replica replica(seed,
                      {.fsync = mode, .segment_bytes = 8192, .sync_interval = milliseconds(5)});
      replica.run(8, 60);
      unclean += replica.unclean;
    }
    EXPECT_GT(unclean, 100u);
  }
}

}  // namespace
}  // namespace coterie::store::testing
