// See log.h. How a Log begins: what the directory holds, and whose it is.
#include <utility>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/store/log/log_impl.h"
#include "coterie/store/log/papers_format.h"
#include "coterie/store/log/steps.h"

namespace coterie::store {

namespace {

void add_state_file(world::Disk& disk, std::vector<Step>& steps, const StateRecord& state,
                    const ReplicaId& replica) {
  const Payload slot = encode_state_slot(state, replica);
  add_new_file(disk, steps, state_file, state_file_bytes, {slot});
  steps.push_back([&disk, slot](world::Disk::Done done) {
    disk.write(state_file, state_slot_distance, {slot}, world::Sync::yes, std::move(done));
  });
}

void add_new_identity(world::Disk& disk, std::vector<Step>& steps, const Papers& papers) {
  const Payload bytes = encode_papers(papers);
  steps.push_back(removal(disk, identity_file_new));
  add_new_file(disk, steps, identity_file_new, bytes.size(), {bytes});
}

// The identity counts once it has its name.
void add_identity_rename(world::Disk& disk, std::vector<Step>& steps) {
  steps.push_back(renaming(disk, identity_file_new, identity_file));
}

}  // namespace

Result<Recovery> Log::Impl::open(SnapshotTaker* taker) {
  COTERIE_ASSERT(!opened);
  COTERIE_TRY(files, disk.list());
  const auto load = [&](std::string_view name, uint64_t offset, uint64_t size_bytes) {
    return disk.load_piece(name, offset, size_bytes);
  };
  COTERIE_TRY(directory, recover_directory(files, load, taker));
  opened = true;
  Recovery recovery = std::move(directory.recovery);
  directory.recovery = {};
  directory.recovery.former = recovery.former;
  papers = recovery.papers;
  adopt(std::move(directory));
  if (papers) settle();
  return recovery;
}

void Log::Impl::adopt(RecoveredDirectory&& directory) {
  found = std::move(directory);
  if (!papers) return;
  state.adopt(papers->replica, found.state, found.state_spare_slot);
  segments.adopt(*papers, found.log, found.sequence_max);
  synced_end = found.log.end;
  next = found.log.next;
  if (found.log.reanchor) {
    gathered.push_back({0, {}, next});
    ++resets.submitted;
  }
}

void Log::Impl::write_papers(const Papers& wanted, std::function<void(Result<void>)> done) {
  COTERIE_ASSERT(opened && !closing);
  if (phase == Phase::settling || segments.preparing()) {
    when_idle = [this, wanted, done = std::move(done)]() mutable {
      write_papers(wanted, std::move(done));
    };
    return;
  }
  if (wanted.founding.size() > founding_bytes_max) {
    return done(fail(Fault::invalid, "the founding record is too large"));
  }
  if (papers && papers->replica == wanted.replica) {
    rewrite_papers(wanted, std::move(done));
  } else if (!papers && found.recovery.former && found.recovery.former->replica == wanted.replica) {
    revive(wanted, std::move(done));
  } else {
    found_anew(wanted, std::move(done));
  }
}

void Log::Impl::rewrite_papers(const Papers& wanted, std::function<void(Result<void>)> done) {
  std::vector<Step> steps;
  add_new_identity(disk, steps, wanted);
  add_identity_rename(disk, steps);
  run_steps(weak_from_this(), std::move(steps),
            [this, wanted, done = std::move(done)](Result<void> result) {
              if (result) {
                papers = wanted;
                segments.set_cluster(wanted.cluster);
              }
              done(std::move(result));
            });
}

// The identity goes first and comes last: a directory without one holds nothing that counts.
void Log::Impl::found_anew(const Papers& wanted, std::function<void(Result<void>)> done) {
  COTERIE_ASSERT(!in_round);
  if (!found.all_files.empty()) COTERIE_REACHED("directory of a former replica cleared");
  phase = Phase::closed;
  gathered.clear();
  resets = {};
  compact_to = {};
  std::vector<std::string> old = found.all_files;
  for (const uint32_t sequence : segments.sequences()) old.push_back(segment_name(sequence));
  StateRecord state_record;
  state_record.counter = 1;
  state_record.newest_segment = 1;
  const SegmentHeader header{1, wanted.cluster, wanted.replica, segments.segment_bytes()};
  std::vector<Step> steps;
  steps.push_back(removal(disk, identity_file));
  add_new_identity(disk, steps, wanted);  // a new file makes the removal durable too
  for (const std::string& name : old) {
    if (name != identity_file_new) steps.push_back(removal(disk, name));
  }
  add_state_file(disk, steps, state_record, wanted.replica);
  add_new_file(disk, steps, segment_name(1), header.size_bytes, {encode_segment_header(header)});
  add_identity_rename(disk, steps);
  run_steps(weak_from_this(), std::move(steps),
            [this, wanted, state_record, size_bytes = header.size_bytes,
             done = std::move(done)](Result<void> result) {
              if (!result) return done(std::move(result));
              papers = wanted;
              RecoveredDirectory directory;
              directory.state = state_record;
              directory.log.spare = LiveSegment{1, size_bytes, Index(UINT64_MAX)};
              directory.sequence_max = 1;
              adopt(std::move(directory));
              phase = Phase::ready;
              done({});
            });
}

// The state file was lost, the rest is there. Its owner gives up what it may have promised.
void Log::Impl::revive(const Papers& wanted, std::function<void(Result<void>)> done) {
  COTERIE_REACHED("replica revived without its term and vote");
  StateRecord state_record = found.state;
  state_record.counter = 1;
  state_record.open_segment = state_record.newest_segment = 0;
  state_record.end = state_record.cut = {};
  state_record.cut_segment = 0;
  if (!found.log.live.empty()) state_record.first_segment = found.log.live.front().sequence;
  std::vector<Step> steps;
  steps.push_back(removal(disk, state_file));
  add_state_file(disk, steps, state_record, wanted.replica);
  add_new_identity(disk, steps, wanted);
  add_identity_rename(disk, steps);
  run_steps(weak_from_this(), std::move(steps), std::move(done));
}

}  // namespace coterie::store
