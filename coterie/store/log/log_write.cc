// See log_impl.h. A round, from what was gathered to on_durable().
#include <algorithm>
#include <utility>

#include "coterie/base/assert.h"
#include "coterie/base/mutant.h"
#include "coterie/base/reached.h"
#include "coterie/store/log/log_impl.h"

namespace coterie::store {

namespace {

constexpr Duration retry_interval = milliseconds(200);
// So much room is kept for what a full disk must not stop: the entries of leaders and members.
constexpr uint64_t reserve_bytes_max = 1u << 20;

}  // namespace

uint64_t Log::Impl::Operation::body_bytes() const {
  return reset_next ? reset_body_bytes : entry.bytes.size();
}

Log::Impl::Impl(world::Disk& disk_arg, const LogOptions& options_arg)
    : disk(disk_arg),
      options(options_arg),
      state(
          disk_arg, [this](StateRecord& record) { refresh(record); },
          [this](Error error) { fail_with(std::move(error)); }),
      segments(
          disk_arg, state, options_arg.segment_bytes,
          [this] {
            if (std::exchange(waits_for_segment, false)) continue_round();
            became_idle();
            if (closing) try_close();
          },
          [this](Error error) { fail_with(std::move(error)); }) {}

void Log::Impl::fail_with(Error error) {
  if (phase == Phase::ended) return;
  COTERIE_REACHED("the log's disk failed");
  phase = Phase::ended;
  on_failure(std::move(error));
}

bool Log::Impl::full() const {
  if (phase == Phase::settling) return settle_no_space || state.no_space();
  if (phase != Phase::ready) return false;
  if (log_no_space || state.no_space() || (waits_for_segment && segments.no_space())) return true;
  const uint64_t reserve = std::min(reserve_bytes_max, segments.segment_bytes() / 4);
  return segments.no_space() && segments.room() < reserve;
}

void Log::Impl::flush(Now now) {
  if (phase == Phase::ended) return;
  gauge.observe(now.monotonic);
  if (phase == Phase::settling) try_again(now.monotonic);
  if (phase == Phase::ready) submit(now.monotonic);
  gauge.begin(now.monotonic);
}

void Log::Impl::submit(Instant now) {
  became_idle();
  try_again(now);
  if (!in_round) begin_round();
  if (options.fsync == FsyncMode::interval && !unsynced.empty() && !syncing &&
      now - synced_at >= options.sync_interval) {
    synced_at = now;
    gauge.submitted();
    sync_segments([this] { gauge.completed(); });
  }
}

// What found the disk full is asked again, now and then.
void Log::Impl::try_again(Instant now) {
  if (!blocked()) {
    if (std::exchange(was_blocked, false)) COTERIE_REACHED("full disk healed");
    return;
  }
  if (!std::exchange(was_blocked, true)) {
    COTERIE_REACHED("disk full");
    retry_at = now + retry_interval;
    return;
  }
  if (now < retry_at) return;
  retry_at = now + retry_interval;
  state.retry();
  segments.retry();
  if (settle_no_space) settle();
  if (std::exchange(log_no_space, false)) write_chunk();
}

void Log::Impl::begin_round() {
  // A replica that does not go on from what was found leaves it as it is.
  if (!accepted) return;
  if (gathered.empty() && !gathered_hard_state && gathered_number == round_number) return;
  in_round = true;
  round = std::exchange(gathered, {});
  round_number = gathered_number;
  if (gathered_hard_state) state.wanted().hard_state = *std::exchange(gathered_hard_state, {});
  state.wanted().unsynced = options.fsync != FsyncMode::always;
  const StateRecord& durable = state.durable();
  if (state.wanted().hard_state != durable.hard_state ||
      state.wanted().unsynced != durable.unsynced) {
    state.put(guarded([](Impl& log) { log.continue_round(); }));
  } else if (round.empty()) {
    // There is nothing to write; the number is reported from a completion, as always.
    disk.sync(state_file, guarded([](Impl& log, const Result<void>& result) {
                if (!result) return log.fail_with(result.error());
                log.continue_round();
              }));
  } else {
    continue_round();
  }
}

void Log::Impl::continue_round() {
  if (round.empty()) return end_round();
  if (!make_room(round.front())) {
    waits_for_segment = true;
    return;
  }
  write_chunk();
}

// Sees to it that the segment in use has room for one more record.
bool Log::Impl::make_room(const Operation& first) {
  if (segments.is_open()) {
    const uint64_t opening = segments.begun() ? 0 : record_bytes(opening_body_bytes);
    if (batch_border(opening + record_bytes(first.body_bytes())) <= segments.room()) return true;
  }
  if (!segments.open_next(record_bytes(first.body_bytes()))) {
    COTERIE_REACHED("write waits for a segment");
    return false;
  }
  if (!closing) segments.prepare();
  return true;
}

// One write: as many records as the segment takes.
void Log::Impl::write_chunk() {
  BatchBuilder batch(segments.sequence(), papers->replica, segments.offset());
  const uint64_t limit = segments.offset() + segments.room();
  if (!segments.begun()) batch.add(RecordKind::opening, encode_opening(segments.end()));
  Index low(UINT64_MAX);
  size_t count = 0;
  for (const Operation& operation : round) {
    if (batch.end_with(operation.body_bytes()) > limit) break;
    if (operation.reset_next) {
      batch.add(RecordKind::reset, encode_reset(operation.reset_next));
      low = std::min(low, operation.reset_next);
    } else {
      batch.add(RecordKind::entry, operation.entry.bytes);
      low = std::min(low, operation.entry.index);
    }
    ++count;
  }
  COTERIE_ASSERT(count > 0);
  const uint64_t end = batch.end();
  const world::Sync sync = options.fsync == FsyncMode::always ? world::Sync::yes : world::Sync::no;
  if (sync == world::Sync::yes) gauge.submitted();
  disk.write(segment_name(segments.sequence()), segments.offset(), batch.take(),
             COTERIE_MUTANT("fsync-skipped") ? world::Sync::no : sync,
             guarded([end, low, count](Impl& log, const Result<void>& result) {
               log.chunk_written(end, low, count, result);
             }));
}

void Log::Impl::chunk_written(uint64_t end, Index low, size_t count, Result<void> result) {
  if (options.fsync == FsyncMode::always) gauge.completed();
  if (!result && result.error().fault == Fault::no_space) {
    COTERIE_REACHED("no space for a write to the log");
    log_no_space = true;
    return;
  }
  if (!result) return fail_with(std::move(result).error());
  segments.advance(end);
  if (options.fsync == FsyncMode::always) {
    segments.lower(segments.sequence(), low);
  } else {
    const auto [place, added] = unsynced.emplace(segments.sequence(), low);
    place->second = std::min(place->second, low);
  }
  Index reset_next;
  for (size_t i = 0; i < count; ++i) {
    reset_next = std::max(reset_next, round.front().reset_next);
    if (round.front().reset_next) ++resets.written;
    round.pop_front();
  }
  if (options.fsync == FsyncMode::always) resets.durable = resets.written;
  // A durable reset says that nothing before it is needed.
  if (reset_next) compact(reset_next);
  continue_round();
}

void Log::Impl::end_round() {
  in_round = false;
  if (round_number > durable_number) {
    durable_number = round_number;
    on_durable(durable_number);
  }
  if (closing && phase == Phase::ready) try_close();
}

}  // namespace coterie::store
