// The inside of a Log. It writes in rounds: what was gathered until a flush() is one round. First
// the state file, if term, vote or a flag change; then the records, in one write for each segment
// they go to (nearly always one). The next round begins when this one is durable, so that a good
// batch on the disk proves that the one before it was complete.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coterie/store/log/log.h"
#include "coterie/store/log/recovery.h"
#include "coterie/store/log/segment_files.h"
#include "coterie/store/log/state_file.h"
#include "coterie/store/log/sync_gauge.h"

namespace coterie::store {

struct Log::Impl : std::enable_shared_from_this<Log::Impl> {
  enum class Phase {
    closed,    // not opened yet, or no papers
    settling,  // what was recovered is being made durable
    ready,
    ended,  // closed or failed
  };

  // A record to be written.
  struct Operation {
    uint64_t number = 0;
    Entry entry;       // unless
    Index reset_next;  // this is not zero

    uint64_t body_bytes() const;
  };

  Impl(world::Disk& disk_arg, const LogOptions& options_arg);

  // Opening: log_open.cc
  Result<Recovery> open(SnapshotTaker* taker);
  void adopt(RecoveredDirectory&& directory);
  void write_papers(const Papers& papers, std::function<void(Result<void>)> done);
  void rewrite_papers(const Papers& papers, std::function<void(Result<void>)> done);
  void found_anew(const Papers& papers, std::function<void(Result<void>)> done);
  void revive(const Papers& papers, std::function<void(Result<void>)> done);

  // What was found becomes durable: log_settle.cc
  void settle();
  bool end_may_be_lost() const;
  void wait_for_room();
  void end_unsettled();
  void settle_state();
  void settled();
  void became_idle();

  // Writing: log_write.cc
  void flush(Now now);
  void submit(Instant now);
  void try_again(Instant now);
  void begin_round();
  void continue_round();
  bool make_room(const Operation& first);
  void write_chunk();
  void chunk_written(uint64_t end, Index low, size_t count, Result<void> result);
  void report(uint64_t number);
  void end_round();

  // Syncing and ending: log_sync.cc
  void sync_segments(std::function<void()> done);
  void refresh(StateRecord& state);
  void compact(Index keep_from);
  void compact_now();
  void close(std::function<void()> done);
  void try_close();

  void fail_with(Error error);
  bool blocked() const {
    return log_no_space || settle_no_space || state.no_space() || segments.no_space();
  }
  bool full() const;
  // Wraps a method so that it does nothing once the Log is gone or has failed.
  template <class Method>
  auto guarded(Method method) {
    return [weak = weak_from_this(), method = std::move(method)](auto&&... arguments) {
      const auto self = weak.lock();
      if (self && self->phase != Phase::ended) method(*self, arguments...);
    };
  }

  world::Disk& disk;
  LogOptions options;
  std::function<void(uint64_t)> on_durable;
  std::function<void(Error)> on_failure;
  StateFile state;
  SegmentFiles segments;
  SyncGauge gauge;

  Phase phase = Phase::closed;
  bool opened = false;
  bool unsettled = false;  // what was found is not known to be durable, and may never be
  std::optional<Papers> papers;
  RecoveredDirectory found;         // what open() has found, without the entries
  std::function<void()> when_idle;  // papers that came while files were being made

  Index next;             // of the next entry
  bool accepted = false;  // something was asked of this log: it goes on from what was found
  std::deque<Operation> gathered;
  std::optional<HardState> gathered_hard_state;
  uint64_t gathered_number = 0;
  uint64_t durable_number = 0;

  bool in_round = false;
  uint64_t round_number = 0;
  std::deque<Operation> round;  // what of it is not written yet
  bool writing = false;         // a chunk of it is on its way
  bool waits_for_segment = false;
  bool log_no_space = false;
  bool settle_no_space = false;
  bool was_blocked = false;
  Instant retry_at;

  // Segments with writes that are not synced, and the lowest index among those.
  std::map<uint32_t, Index> unsynced;
  bool syncing = false;
  Index compact_to;
  struct {
    uint64_t submitted = 0;
    uint64_t written = 0;
    uint64_t durable = 0;
  } resets;  // how many
  Instant synced_at;
  LogEnd synced_end;
  std::function<void()> close_done;
  bool closing = false;
  bool ending = false;  // the state that says so is on its way
};

}  // namespace coterie::store
