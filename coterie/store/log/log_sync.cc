// See log_impl.h. Syncing what was written without, and the clean end.
#include <map>
#include <memory>
#include <utility>

#include "coterie/store/log/log_impl.h"

namespace coterie::store {

// Syncs all segments with writes that are not, then calls `done`.
void Log::Impl::sync_segments(std::function<void()> done) {
  syncing = true;
  struct Outstanding {
    size_t count = 1;
    LogEnd end;
    std::map<uint32_t, Index> lows;
    std::function<void()> done;
  };
  auto outstanding = std::make_shared<Outstanding>();
  outstanding->end = segments.end();
  outstanding->lows = std::exchange(unsynced, {});
  outstanding->done = std::move(done);
  const auto completed = [outstanding](Impl& log, const Result<void>& result) {
    if (!result) return log.fail_with(result.error());
    if (--outstanding->count > 0) return;
    log.syncing = false;
    log.synced_end = outstanding->end;
    for (const auto& [sequence, low] : outstanding->lows) log.segments.lower(sequence, low);
    outstanding->done();
    if (log.closing) log.try_close();
  };
  for (const auto& [sequence, low] : outstanding->lows) {
    ++outstanding->count;
    disk.sync(segment_name(sequence), guarded(completed));
  }
  completed(*this, {});
}

// What every state says besides: up to where the log is durable.
void Log::Impl::refresh(StateRecord& record) {
  const bool all_synced = options.fsync == FsyncMode::always && phase == Phase::ready;
  record.end = all_synced ? segments.end() : synced_end;
  record.open_segment = segments.is_open() ? segments.sequence() : 0;
}

// Under the weaker modes a segment can only take the place of earlier ones when it is synced.
void Log::Impl::compact(Index keep_from) {
  segments.compact(keep_from);
  const std::vector<LiveSegment>& live = segments.live();
  if (!live.empty()) unsynced.erase(unsynced.begin(), unsynced.lower_bound(live.front().sequence));
  if (!unsynced.empty() && !syncing) {
    sync_segments([this, keep_from] { segments.compact(keep_from); });
  }
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
