// See log_impl.h. From what open() has read to what is durable: until then nothing may be said to
// others that depends on it.
//
// A process that was killed leaves to the next one what the kernel has not written yet. One that a
// failed sync has ended leaves what the kernel will never write: it takes those pages for clean, a
// later sync of them succeeds and does nothing, and they are read back until the power goes
// (Rebello et al., "Can Applications Recover from fsync Failures?", ATC 2020). The next process
// cannot tell the two from each other, so after an unclean stop it relies on no sync of what it has
// read: what may not be on the disk is written again, to a new file that takes the old one's place
// (docs/decisions/0011-made-anew.md).
#include <utility>

#include "coterie/base/reached.h"
#include "coterie/store/log/log_impl.h"
#include "coterie/store/log/renewal.h"
#include "coterie/store/log/steps.h"

namespace coterie::store {

// Writes are one after the other, each synced before the next: all but the last one are on the
// disk, and the last one, in the last segment, is when the state says that the log was durable up
// to its end. A damaged log ends before something that was durable, so its end is durable, too;
// and under the weaker modes the replica confesses.
bool Log::Impl::end_may_be_lost() const {
  if (found.state.stopped || found.state.unsynced || found.log.damaged) return false;
  if (found.log.end <= found.state.end || !found.log.prefix_crc) return false;
  return found.log.end.offset <= segments.live().back().size_bytes;
}

void Log::Impl::settle() {
  phase = Phase::settling;
  unsettled = true;
  settle_no_space = false;
  std::vector<Step> steps;
  const std::optional<LiveSegment>& spare = found.log.spare;
  if (spare && spare->sequence != found.state.newest_segment) {
    // Its header was being written. There is nothing else in it, so it is written where it is.
    COTERIE_REACHED("header of a prepared segment written again");
    const SegmentHeader header{spare->sequence, papers->cluster, papers->replica,
                               spare->size_bytes};
    steps.push_back([this, header](world::Disk::Done done) {
      disk.write(segment_name(header.sequence), 0, {encode_segment_header(header)},
                 world::Sync::yes, std::move(done));
    });
  }
  if (end_may_be_lost()) {
    COTERIE_REACHED("last segment made anew");
    const LiveSegment& last = segments.live().back();
    add_renewal(disk, weak_from_this(), steps,
                {segment_name(last.sequence), unfinished_segment_name(last.sequence),
                 last.size_bytes, found.log.end.offset, *found.log.prefix_crc});
  }
  if (steps.empty()) return settle_state();
  run_steps(weak_from_this(), std::move(steps), [this](Result<void> result) {
    if (phase == Phase::ended) return;
    if (result) return settle_state();
    if (result.error().fault != Fault::no_space) return fail_with(std::move(result).error());
    wait_for_room();
  });
}

void Log::Impl::wait_for_room() {
  COTERIE_REACHED("no space to make the last segment anew");
  settle_no_space = true;
  if (!segments.live().empty()) {
    disk.remove(unfinished_segment_name(segments.live().back().sequence), [](Result<void>) {});
  }
  if (closing && !accepted) end_unsettled();
}

// Nothing was accepted, nothing has been changed: the next start finds what this one did.
void Log::Impl::end_unsettled() {
  phase = Phase::ended;
  std::exchange(close_done, nullptr)();
}

// Nothing is written over before the state says what was found.
void Log::Impl::settle_state() {
  for (const LiveSegment& segment : segments.live()) {
    // Under the weaker modes any of them may hold what was never synced.
    const bool last = segment.sequence == segments.live().back().sequence;
    if (last || found.state.unsynced) unsynced.emplace(segment.sequence, segment.low);
  }
  sync_segments([this] {
    StateRecord& wanted = state.wanted();
    wanted.stopped = false;
    if (!found.log.continue_in_place) {
      wanted.cut = found.log.end;
      wanted.cut_segment = found.log.cut_segment;
    }
    state.put_anew(guarded([](Impl& log) { log.settled(); }));
  });
}

void Log::Impl::settled() {
  phase = Phase::ready;
  unsettled = false;
  if (when_idle) return became_idle();
  for (const std::string& name : found.useless) disk.remove(name, [](Result<void>) {});
  segments.start();
  compact_now();
  if (closing) try_close();
}

// Papers that came while files were being made.
void Log::Impl::became_idle() {
  if (when_idle && phase == Phase::ready && !segments.preparing()) {
    std::exchange(when_idle, nullptr)();
  }
}

}  // namespace coterie::store
