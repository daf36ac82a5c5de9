// What a crash leaves of a simulated disk. First the submissions that had not completed: each may
// have happened, in part or not at all, in order on each file. Then, when the power went, what was
// not synced: file_image.h.
#include <algorithm>
#include <set>

#include "coterie/base/reached.h"
#include "coterie/world/sim/disk.h"

namespace coterie::sim {

namespace {

Survival draw_survival(Random& random, const CrashOptions& options) {
  const double draw = random.unit();
  if (options.survival != Survival::drawn) return options.survival;
  if (draw < options.all_weight) return Survival::all;
  if (draw < options.all_weight + options.none_weight) return Survival::none;
  if (draw < options.all_weight + options.none_weight + options.prefix_weight)
    return Survival::prefix;
  return Survival::mixture;
}

}  // namespace

// True when it happened as a whole. Under `mixture` the writes of one file need no order among
// them: the image decides about each of their sectors.
bool SimDisk::settle_one(Random& random, const CrashOptions& options, Survival survival,
                         Pending& pending) {
  const uint64_t fate = survival == Survival::all    ? 2
                        : survival == Survival::none ? 0
                                                     : random.below(3);  // not, in part, as a whole
  switch (pending.operation) {
    case DiskOperation::write: {
      FileImage* file = find(pending.name);
      if (file == nullptr) return false;
      const bool whole =
          fate == 2 || (survival == Survival::mixture && options.kind == CrashKind::power);
      if (!whole && fate == 0) return false;
      const uint64_t count = whole ? pending.size_bytes : random.below(pending.size_bytes + 1);
      const uint64_t end = pending.offset + count;
      const uint64_t growth = end > file->size_bytes() ? end - file->size_bytes() : 0;
      if (growth > room()) return false;
      write_parts(*file, pending, count, false);
      return whole;
    }
    case DiskOperation::create: {
      if (fate == 0) return false;
      const uint64_t whole_bytes = pending.size_bytes;
      if (fate == 1) pending.size_bytes = random.below(whole_bytes / page_bytes + 1) * page_bytes;
      const bool made = carry_out_create(pending).has_value();
      if (made && pending.size_bytes != whole_bytes)
        COTERIE_REACHED("simulated crash amid a create");
      return made && pending.size_bytes == whole_bytes;
    }
    case DiskOperation::rename:
      return fate != 0 && carry_out_rename(pending).has_value();
    case DiskOperation::remove:
      return fate != 0 && carry_out_remove(pending).has_value();
    case DiskOperation::sync:
    case DiskOperation::read:
      return true;
  }
  return false;
}

void SimDisk::settle_pending(Random& random, const CrashOptions& options, Survival survival) {
  std::set<std::string> stopped;  // files on which something earlier did not happen
  for (Pending& pending : pending_) {
    if (pending.executed) continue;
    const bool can = !stopped.contains(pending.name) && !stopped.contains(pending.to);
    if (can && settle_one(random, options, survival, pending)) continue;
    stopped.insert(pending.name);
    if (!pending.to.empty()) stopped.insert(pending.to);
  }
}

void SimDisk::drop_pending() {
  std::deque<Pending> dropped;
  dropped.swap(pending_);
  finished_ = 0;
  overdue_ = 0;
}

void SimDisk::crash(Random& random, const CrashOptions& options) {
  const Survival survival = draw_survival(random, options);
  failing_ = {};
  misdirect_next_.clear();
  settle_pending(random, options, survival);
  drop_pending();
  stalled_ = false;
  recovering_ = true;
  if (options.kind == CrashKind::process) return;
  for (auto& [name, file] : removed_) {
    const bool back =
        survival == Survival::none || (survival != Survival::all && random.chance(0.5));
    if (!back || files_.contains(name)) continue;
    COTERIE_REACHED("simulated crash undoes a removal");
    files_.emplace(name, file);
  }
  removed_.clear();
  used_bytes_ = 0;
  for (auto& [name, file] : files_) {
    file->lose_power(random, options, survival);
    used_bytes_ += file->size_bytes();
  }
}

void SimDisk::wipe() {
  drop_pending();
  files_.clear();
  removed_.clear();
  used_bytes_ = 0;
  failing_ = {};
  stalled_ = false;
  misdirect_next_.clear();
  recovering_ = true;
}

}  // namespace coterie::sim
