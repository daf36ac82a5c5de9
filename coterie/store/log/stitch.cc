// See stitch.h.
#include "coterie/store/log/stitch.h"

#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"

namespace coterie::store {

namespace {

// The log as it is known from some place in the stream of records on.
struct Run {
  bool known = false;
  bool after_hole = false;  // what stood before its first entry is not known
  Index first;              // of the first entry, or of the next one if there is none
  std::vector<Entry> entries;

  Index next() const { return first + entries.size(); }
};

struct Link {
  const SegmentScan* scan = nullptr;
  std::optional<uint64_t>
      limit;                 // records from here on are void, and those up to here must be good
  bool hole_before = false;  // what came before is not all there
  bool compacted = false;    // because it is not needed any more, it seems
};

class Stitcher {
 public:
  Stitcher(std::vector<SegmentScan> scans, const StateRecord& state,
           const std::optional<SnapshotFile>& snapshot)
      : scans_(std::move(scans)), state_(state), snapshot_(snapshot) {}

  StitchedLog run() {
    cut();
    lay_out();
    read_forward();
    judge_end();
    choose();
    connect();
    sort_segments();
    return std::move(log_);
  }

 private:
  const SegmentScan* find(uint32_t sequence) const;
  const SegmentScan* below(uint32_t sequence) const;
  void cut();
  void lay_out();
  void read_forward();
  void read_record(const Record& record, uint32_t sequence);
  void list_live();
  void judge_end();
  bool newest_is_lost(const SegmentScan& newest) const;
  void judge_unopened(uint32_t sequence, uint32_t newest, bool newest_torn);
  void choose();
  void connect();
  void sort_segments();
  void hole(const std::string& note);
  bool connects(const Run& run) const;
  Index snapshot_next() const { return snapshot_ ? snapshot_->index.next() : Index(1); }
  void note(std::string text) { log_.notes.push_back(std::move(text)); }

  std::vector<SegmentScan> scans_;
  const StateRecord& state_;
  const std::optional<SnapshotFile>& snapshot_;
  std::vector<Link> chain_;  // oldest first
  Run run_;
  LogEnd position_;  // behind the last record that was read
  bool has_hole_ = false;
  Run kept_;         // the log as it was before the last hole behind which it could be known,
  LogEnd kept_end_;  // and where that hole begins
  StitchedLog log_;
};

const SegmentScan* Stitcher::find(uint32_t sequence) const {
  for (const SegmentScan& scan : scans_) {
    if (scan.sequence == sequence) return &scan;
  }
  return nullptr;
}

// The next older segment that holds records.
const SegmentScan* Stitcher::below(uint32_t sequence) const {
  const SegmentScan* found = nullptr;
  for (const SegmentScan& scan : scans_) {
    if (scan.sequence < sequence && !scan.records.empty()) found = &scan;
  }
  return found;
}

// Takes away what an earlier start has cut off, and what was not needed any more. A crash, before
// anything was durable behind the cut or amid the removal, must not bring it back.
void Stitcher::cut() {
  for (SegmentScan& scan : scans_) {
    const uint32_t sequence = scan.sequence;
    if (sequence < state_.cut.sequence || sequence > state_.cut_segment) continue;
    if (sequence < state_.first_segment) continue;
    if (sequence > state_.cut.sequence) {
      log_.dead.push_back(sequence);
    } else {
      std::erase_if(scan.records,
                    [&](const Record& record) { return record.end > state_.cut.offset; });
      scan.end = scan.records.empty() ? segment_header_bytes : scan.records.back().end;
      scan.tail = SegmentTail::zeros;
      scan.whole = false;
    }
  }
  for (const SegmentScan& scan : scans_) {
    if (scan.sequence < state_.first_segment) log_.dead.push_back(scan.sequence);
  }
  std::erase_if(scans_, [&](const SegmentScan& scan) {
    if (scan.sequence < state_.first_segment) return true;
    return scan.sequence > state_.cut.sequence && scan.sequence <= state_.cut_segment;
  });
}

void Stitcher::lay_out() {
  const SegmentScan* scan = below(UINT32_MAX);
  std::optional<uint64_t> limit;
  // A clean end says where the log ends, to the byte.
  if (scan != nullptr && state_.stopped && state_.end.sequence == scan->sequence) {
    limit = state_.end.offset;
  }
  while (scan != nullptr) {
    Link& link = chain_.emplace_back(Link{scan, limit, false});
    limit.reset();
    if (!scan->begun()) {
      link.hole_before = true;
      scan = below(scan->sequence);
      continue;
    }
    const LogEnd& before = scan->records.front().opening;
    if (before.sequence == 0) break;
    const SegmentScan* named = before.sequence < scan->sequence ? find(before.sequence) : nullptr;
    if (named != nullptr && !named->records.empty()) {
      limit = before.offset;
      scan = named;
    } else {
      link.hole_before = true;
      scan = below(std::min(before.sequence, scan->sequence));
      link.compacted = before.sequence < state_.first_segment;
    }
  }
  std::reverse(chain_.begin(), chain_.end());
}

// The run goes on from the snapshot, or from the very beginning. Behind a hole it must hold the
// entry at the snapshot's index too, to show that it is the same one: connect() compares.
bool Stitcher::connects(const Run& run) const {
  if (!run.known || run.first > snapshot_next()) return false;
  return !(run.after_hole && snapshot_ && run.first == snapshot_next());
}

void Stitcher::hole(const std::string& text) {
  if (!text.empty()) note(text);
  has_hole_ = true;
  if (connects(run_)) {
    kept_ = std::move(run_);
    kept_end_ = position_;
  }
  run_ = {};
  run_.after_hole = true;
}

void Stitcher::read_record(const Record& record, uint32_t sequence) {
  switch (record.kind) {
    case RecordKind::opening:
      break;
    case RecordKind::reset:
      run_ = {true, false, record.reset_next, {}};
      break;
    case RecordKind::entry: {
      const Index index = record.entry.index;
      if (run_.known && index > run_.next()) {
        hole(fmt::format("entries {} to {} are missing from {}", run_.next(), index.previous(),
                         segment_name(sequence)));
      }
      if (!run_.known || index < run_.first) {
        run_ = {true, run_.after_hole, index, {}};
      } else {
        run_.entries.resize(static_cast<size_t>(index - run_.first));
      }
      run_.entries.push_back(record.entry);
      break;
    }
  }
}

void Stitcher::read_forward() {
  // A log of which nothing has gone yet begins with entry 1.
  if (chain_.empty() || !chain_.front().hole_before || state_.end.sequence == 0) {
    run_ = {true, false, Index(1), {}};
  }
  for (const Link& link : chain_) {
    const SegmentScan& scan = *link.scan;
    if (link.hole_before && (run_.known || !link.compacted)) hole("");
    if (scan.begun()) position_ = {scan.sequence, segment_header_bytes};
    uint64_t expected = segment_header_bytes;
    for (const Record& record : scan.records) {
      if (link.limit && record.end > *link.limit) break;
      if (record.offset != expected) {
        hole(fmt::format("{} is damaged between bytes {} and {}", segment_name(scan.sequence),
                         expected, record.offset));
      }
      expected = record.end;
      position_ = {scan.sequence, expected};
      read_record(record, scan.sequence);
    }
    if (link.limit && expected != *link.limit) {
      hole(fmt::format("{} is damaged between bytes {} and {}", segment_name(scan.sequence),
                       expected, *link.limit));
    }
  }
}

// The newest segment that holds records is not the newest that did.
bool Stitcher::newest_is_lost(const SegmentScan& newest) const {
  return newest.sequence < state_.end.sequence ||
         (newest.sequence == state_.end.sequence && position_.offset < state_.end.offset);
}

void Stitcher::judge_end() {
  bool torn = false;
  if (!chain_.empty()) {
    const Link& link = chain_.back();
    const SegmentScan& newest = *link.scan;
    if (newest_is_lost(newest)) {
      hole(fmt::format("the log ends at byte {} of {}, but was durable up to byte {} of {}",
                       position_.offset, segment_name(newest.sequence), state_.end.offset,
                       segment_name(state_.end.sequence)));
    } else if (!link.limit && newest.tail == SegmentTail::lost) {
      hole(fmt::format("what follows byte {} of {} is lost", position_.offset,
                       segment_name(newest.sequence)));
    } else if (!link.limit && newest.tail == SegmentTail::bad) {
      torn = true;
    }
    log_.continue_in_place =
        newest.whole && newest.tail == SegmentTail::zeros && newest.end == position_.offset;
  } else if (state_.end.sequence != 0) {
    hole("no segment of the log can be read");
  }
  const uint32_t newest = chain_.empty() ? 0 : chain_.back().scan->sequence;
  judge_unopened(state_.open_segment, newest, torn);
  if (state_.newest_segment != state_.open_segment) {
    judge_unopened(state_.newest_segment, newest, torn);
  }
  if (torn && run_.known) {
    COTERIE_REACHED("torn tail of the log cut");
    note(fmt::format("an unfinished last write was cut from {} at byte {}", segment_name(newest),
                     position_.offset));
  }
}

// A segment behind the newest one that holds records, which may have been written to: prepared and
// not used yet, or begun by a write that was not finished, or lost.
void Stitcher::judge_unopened(uint32_t sequence, uint32_t newest, bool newest_torn) {
  if (sequence <= newest || sequence <= state_.cut_segment) return;
  const SegmentScan* scan = find(sequence);
  if (scan == nullptr) {
    hole(fmt::format("{} is missing", segment_name(sequence)));
  } else if (scan->tail == SegmentTail::lost) {
    hole(fmt::format("what {} held is lost", segment_name(sequence)));
  } else if (scan->tail == SegmentTail::bad) {
    // Its first write was not finished. It was submitted when all before it was durable, or cut.
    if (newest_torn && position_ != state_.end) {
      hole(fmt::format("{} is damaged from byte {} on", segment_name(newest), position_.offset));
    }
    COTERIE_REACHED("torn first write of a segment cut");
    note(fmt::format("an unfinished first write was cut from {}", segment_name(sequence)));
  }
}

void Stitcher::choose() {
  log_.end = position_;
  if (connects(run_)) {
    if (has_hole_) COTERIE_REACHED("log damage below the snapshot passed over");
    return;
  }
  if (!has_hole_) return;  // connect() will find that it does not connect
  // Un-synced writes reach the disk in any order: behind the last sync a hole is their loss, and
  // the replica says so by not being clean.
  log_.damaged = !(state_.unsynced && kept_end_ >= state_.end);
  if (log_.damaged) COTERIE_REACHED("damage inside the log found");
  log_.end = kept_end_;
  log_.continue_in_place = false;
  run_ = std::move(kept_);
}

void Stitcher::connect() {
  const Index snapshot_end = snapshot_next();
  log_.next = snapshot_end;
  if (!connects(run_)) {
    COTERIE_REACHED("log does not connect to the snapshot");
    note(run_.known ? fmt::format("the log begins at entry {}, but entries from {} on are needed",
                                  run_.first, snapshot_end)
                    : std::string("no entry of the log can be used"));
    log_.damaged = log_.reanchor = true;
    return;
  }
  if (run_.next() < snapshot_end) {
    COTERIE_REACHED("snapshot newer than the log");
    log_.reanchor = true;
    return;
  }
  if (snapshot_ && run_.first <= snapshot_->index) {
    const Entry& covered = run_.entries[static_cast<size_t>(snapshot_->index - run_.first)];
    if (covered.term != snapshot_->term) {
      COTERIE_REACHED("log contradicts the snapshot and is dropped");
      log_.reanchor = true;
      return;
    }
  }
  log_.next = run_.next();
  log_.entries = std::move(run_.entries);
}

// The segments of the chain up to where the log ends, and what they say up to there.
void Stitcher::list_live() {
  for (const Link& link : chain_) {
    const SegmentScan& scan = *link.scan;
    if (scan.sequence > log_.end.sequence) break;
    LiveSegment live{scan.sequence, scan.file_bytes, Index(UINT64_MAX)};
    const uint64_t limit =
        scan.sequence == log_.end.sequence ? log_.end.offset : link.limit.value_or(UINT64_MAX);
    for (const Record& record : scan.records) {
      if (record.end > limit) break;
      if (record.kind == RecordKind::reset) live.low = std::min(live.low, record.reset_next);
      if (record.kind == RecordKind::entry) live.low = std::min(live.low, record.entry.index);
      if (LogEnd{scan.sequence, record.end} == log_.end) log_.prefix_crc = record.prefix_crc;
    }
    log_.live.push_back(live);
  }
}

void Stitcher::sort_segments() {
  list_live();
  uint32_t written = 0;
  for (const SegmentScan& scan : scans_) {
    const bool blank = scan.records.empty() && scan.tail == SegmentTail::zeros;
    if (!blank) written = scan.sequence;
  }
  // What follows must be the newest segment there is.
  if (written > log_.end.sequence) log_.continue_in_place = false;
  for (const SegmentScan& scan : scans_) {
    const bool is_live =
        std::any_of(log_.live.begin(), log_.live.end(),
                    [&](const LiveSegment& live) { return live.sequence == scan.sequence; });
    if (is_live) continue;
    if (scan.sequence > std::max(written, state_.cut_segment) &&
        scan.sequence >= state_.newest_segment && scan.whole && !log_.spare) {
      log_.spare = LiveSegment{scan.sequence, scan.file_bytes, Index(UINT64_MAX)};
    } else {
      log_.dead.push_back(scan.sequence);
    }
  }
  log_.cut_segment =
      log_.spare
          ? log_.spare->sequence - 1
          : std::max({written, state_.newest_segment, state_.open_segment, state_.cut_segment});
}

}  // namespace

StitchedLog stitch_log(std::vector<SegmentScan> scans, const StateRecord& state,
                       const std::optional<SnapshotFile>& snapshot) {
  return Stitcher(std::move(scans), state, snapshot).run();
}

}  // namespace coterie::store
