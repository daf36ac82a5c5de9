// See log_impl.h. Syncing what was written without, and the clean end.
#include <algorithm>
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
    uint64_t resets = 0;
    std::function<void()> done;
  };
  auto outstanding = std::make_shared<Outstanding>();
  outstanding->end = segments.end();
  outstanding->lows = std::exchange(unsynced, {});
  outstanding->resets = resets.written;
  outstanding->done = std::move(done);
  const auto completed = [outstanding](Impl& log, const Result<void>& result) {
    if (!result) return log.fail_with(result.error());
    if (--outstanding->count > 0) return;
    log.syncing = false;
    log.synced_end = outstanding->end;
    for (const auto& [sequence, low] : outstanding->lows) log.segments.lower(sequence, low);
    log.resets.durable = outstanding->resets;
    log.compact_now();
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

void Log::Impl::compact(Index keep_from) {
  compact_to = std::max(compact_to, keep_from);
  if (phase != Phase::ready) return;
  compact_now();
  // Under the weaker modes a segment can only take the place of earlier ones when it is synced.
  if (options.fsync != FsyncMode::always && !unsynced.empty() && !syncing) sync_segments([] {});
}

// Not before a reset is durable: until then the log is still the one from before the snapshot, and
// must be long enough to show that it does not go on from it.
void Log::Impl::compact_now() {
  if (phase != Phase::ready || resets.durable < resets.submitted) return;
  segments.compact(compact_to);
  const std::vector<LiveSegment>& live = segments.live();
  if (!live.empty()) unsynced.erase(unsynced.begin(), unsynced.lower_bound(live.front().sequence));
}

void Log::Impl::close(std::function<void()> done) {
  closing = true;
  close_done = std::move(done);
  if (phase == Phase::closed) {
    phase = Phase::ended;
    return std::exchange(close_done, nullptr)();
  }
  if (phase == Phase::settling && settle_no_space && !accepted) return end_unsettled();
  if (phase == Phase::ready) {
    if (!in_round) begin_round();
    try_close();
  }
}

// All is written, synced and at rest: the state says so.
void Log::Impl::try_close() {
  if (!close_done || ending || in_round || syncing || segments.preparing() || when_idle) return;
  if (accepted && (!gathered.empty() || gathered_number != durable_number)) return begin_round();
  if (!unsynced.empty()) return sync_segments([] {});
  ending = true;
  state.wanted().stopped = true;
  state.wanted().unsynced = found.state.unsynced && !accepted;
  state.put(guarded([](Impl& log) {
    log.phase = Phase::ended;
    std::exchange(log.close_done, nullptr)();
  }));
}

}  // namespace coterie::store
