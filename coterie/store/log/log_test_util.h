// What the tests of the log share: a replica reduced to its log, on a simulated disk.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/base/entry.h"
#include "coterie/base/reached_count.h"
#include "coterie/store/log/log.h"
#include "coterie/store/log/recovery.h"
#include "coterie/store/log/snapshot.h"
#include "coterie/store/log/snapshot_format.h"
#include "coterie/world/sim/disk.h"

namespace coterie::store::testing {

inline ReplicaId replica_of(uint64_t n) {
  ReplicaId id;
  id.high = n;
  id.low = n * 7 + 1;
  return id;
}

inline Papers papers_of(uint64_t n) {
  Papers papers;
  papers.cluster.high = 77;
  papers.node = NodeId(1);
  papers.replica = replica_of(n);
  papers.founding = "founding record";
  return papers;
}

inline Entry entry_of(uint64_t index, uint64_t term, std::string_view body) {
  return make_entry({.group = GroupId(1),
                     .kind = EntryKind::commands,
                     .feature_level = 1,
                     .term = Term(term),
                     .index = Index(index),
                     .stamp_ms = static_cast<int64_t>(index),
                     .bytes = {}},
                    body);
}

inline Now at_ms(int64_t ms) { return {{ms * 1'000'000}, {ms}}; }

// What a snapshot's body is made of; it may be told to have no use for it.
struct BodyTaker : SnapshotTaker {
  void begin(const SnapshotFile& about) override {
    begun.push_back(about.index.value);
    body.clear();
    finished = false;
  }
  Result<void> take(std::string_view piece) override {
    largest_piece = std::max(largest_piece, piece.size());
    body += piece;
    if (refuses && refuses->second && refuses->first == begun.back()) return verdict();
    return {};
  }
  Result<void> finish() override {
    if (refuses && refuses->first == begun.back()) return verdict();
    finished = true;
    return {};
  }
  Result<void> verdict() const { return fail(fault, "no use for it"); }

  std::vector<uint64_t> begun;
  std::string body;
  size_t largest_piece = 0;
  bool finished = false;
  std::optional<std::pair<uint64_t, bool>> refuses;  // which one, and at its first piece already
  Fault fault = Fault::corrupt;
};

inline Result<std::string> load_body(sim::SimDisk& disk, const SnapshotFile& file) {
  const std::string name = snapshot_name(file.index);
  const std::string bytes = disk.content(name);
  BodyTaker taker;
  COTERIE_TRY(found,
              load_snapshot(
                  bytes.size(),
                  [&](uint64_t offset, uint64_t size_bytes) -> Result<Payload> {
                    return Payload::copy_of(std::string_view(bytes).substr(offset, size_bytes));
                  },
                  file.index, &taker));
  EXPECT_TRUE(taker.finished && found.body_bytes == file.body_bytes);
  return taker.body;
}

// One life of a log over a disk: what it said is kept.
class Life {
 public:
  explicit Life(sim::SimDisk& disk, LogOptions options = {}, SnapshotTaker* taker = nullptr)
      : disk_(disk) {
    log_ = std::make_unique<Log>(
        disk, options, [this](uint64_t number) { durable.push_back(number); },
        [this](Error error) { failure = std::move(error); });
    recovery = log_->open(taker);
    if (recovery && recovery->papers) next_ = first_next();
  }

  Log& log() { return *log_; }
  Index next() const { return next_; }

  // A new directory for this replica.
  void found(const Papers& papers) {
    std::optional<Result<void>> result;
    log_->write_papers(papers, [&](Result<void> r) { result = std::move(r); });
    disk_.run_completions();
    ASSERT_TRUE(result.has_value());
    ASSERT_TRUE(result->has_value()) << result->error().message;
    next_ = Index(1);
  }

  uint64_t write(const std::optional<HardState>& hard_state, const std::vector<Entry>& entries) {
    log_->write(++number_, hard_state, entries);
    if (!entries.empty()) next_ = entries.back().index.next();
    return number_;
  }
  // The next entry of this term; a write of its own.
  uint64_t append(uint64_t term, std::string_view body) {
    return write(std::nullopt, {entry_of(next_.value, term, body)});
  }
  void flush() { log_->flush(at_ms(++now_ms_)); }
  // Until all that was written is durable, or nothing moves any more.
  void settle() {
    for (int i = 0; i < 4; ++i) {
      flush();
      disk_.run_completions();
    }
  }
  void pass(int64_t ms) { now_ms_ += ms; }
  bool close() {
    bool closed = false;
    log_->close([&] { closed = true; });
    disk_.run_completions();
    return closed;
  }

  Result<Recovery> recovery;
  std::vector<uint64_t> durable;
  std::optional<Error> failure;

 private:
  Index first_next() const {
    if (!recovery->entries.empty()) return recovery->entries.back().index.next();
    return recovery->snapshot ? recovery->snapshot->index.next() : Index(1);
  }

  sim::SimDisk& disk_;
  std::unique_ptr<Log> log_;
  Index next_ = Index(1);
  uint64_t number_ = 0;
  int64_t now_ms_ = 0;
};

inline std::vector<std::string> bodies(const std::vector<Entry>& entries) {
  std::vector<std::string> result;
  for (const Entry& entry : entries) result.push_back(entry.body().text());
  return result;
}

}  // namespace coterie::store::testing
