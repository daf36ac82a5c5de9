// See log_impl.h. Syncing what was written without, and the clean end.
#include <memory>
#include <utility>

#include "coterie/store/log/log_impl.h"

namespace coterie::store {

// Syncs all segments with writes that are not, then calls `done`.
void Log::Impl::sync_segments(std::function<void()> done) {
  syncing = true;
  struct Outstanding {
    size_t count = 0;
    LogEnd end;
    std::function<void()> done;
  };
  auto outstanding = std::make_shared<Outstanding>(Outstanding{1, segments.end(), std::move(done)});
  const auto completed = [outstanding](Impl& log, const Result<void>& result) {
    if (!result) return log.fail_with(result.error());
    if (--outstanding->count > 0) return;
    log.syncing = false;
    log.synced_end = outstanding->end;
    outstanding->done();
    if (log.closing) log.try_close();
  };
  for (const LiveSegment& segment : segments.live()) {
    if (unsynced.count(segment.sequence) == 0) continue;
    ++outstanding->count;
    disk.sync(segment_name(segment.sequence), guarded(completed));
  }
  unsynced.clear();
  completed(*this, {});
}

// What every state says besides: up to where the log is durable.
void Log::Impl::refresh(StateRecord& record) {
  record.end =
      options.fsync == FsyncMode::always && phase == Phase::ready ? segments.end() : synced_end;
}

void Log::Impl::close(std::function<void()> done) {
  closing = true;
  close_done = std::move(done);
  if (phase == Phase::closed) {
    phase = Phase::ended;
    return std::exchange(close_done, nullptr)();
  }
  if (phase == Phase::ready) {
    if (!in_round) begin_round();
    try_close();
  }
}

// All is written, synced and at rest: the state says so.
void Log::Impl::try_close() {
  if (!close_done || in_round || syncing || segments.preparing() || when_idle) return;
  if (accepted && (!gathered.empty() || gathered_number != durable_number)) return begin_round();
  if (!unsynced.empty()) return sync_segments([] {});
  state.wanted().stopped = true;
  state.wanted().unsynced = found.state.unsynced && !accepted;
  state.put(guarded([](Impl& log) {
    log.phase = Phase::ended;
    std::exchange(log.close_done, nullptr)();
  }));
}

}  // namespace coterie::store
