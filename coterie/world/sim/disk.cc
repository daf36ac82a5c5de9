// See disk.h. Submissions wait here; what they do is in disk_effects.cc, what a crash leaves of
// them in disk_crash.cc.
#include "coterie/world/sim/disk.h"

#include <algorithm>

#include "coterie/base/assert.h"

namespace coterie::sim {

namespace {

uint64_t bytes_of(const std::vector<Payload>& parts) {
  uint64_t bytes = 0;
  for (const Payload& part : parts) bytes += part.size();
  return bytes;
}

Result<Payload> missing(std::string_view name) {
  return fail(Fault::not_found, "there is no file " + std::string(name));
}

}  // namespace

const char* disk_operation_name(DiskOperation operation) {
  constexpr const char* names[] = {"create", "write", "sync", "read", "rename", "remove"};
  return names[static_cast<size_t>(operation)];
}

SimDisk::SimDisk(uint64_t seed, DiskOptions options)
    : options_(options), random_(mix_seed(seed, 1)), delay_random_(mix_seed(seed, 2)) {}

Result<std::vector<world::FileInfo>> SimDisk::list() {
  COTERIE_ASSERT(recovering_);
  std::vector<world::FileInfo> result;
  for (const auto& [name, file] : files_) result.push_back({name, file->size_bytes()});
  return result;
}

Result<Payload> SimDisk::load(std::string_view name) {
  COTERIE_ASSERT(recovering_);
  const FileImage* file = find(name);
  if (file == nullptr) return missing(name);
  if (file->size_bytes() > payload_bytes_max) {
    return fail(Fault::invalid, "file too large to load: " + std::string(name));
  }
  return read_range(name, 0, file->size_bytes());
}

Result<Payload> SimDisk::load_piece(std::string_view name, uint64_t offset, uint64_t size_bytes) {
  COTERIE_ASSERT(recovering_ && size_bytes <= payload_bytes_max);
  return read_range(name, offset, size_bytes);
}

bool SimDisk::Pending::makes_durable() const {
  switch (operation) {
    case DiskOperation::write:
      return sync == world::Sync::yes;
    case DiskOperation::create:
    case DiskOperation::sync:
    case DiskOperation::rename:
      return true;
    case DiskOperation::read:
    case DiskOperation::remove:
      return false;
  }
  return false;
}

SimDisk::Pending& SimDisk::submit(DiskOperation operation, std::string_view name) {
  Pending& pending = pending_.emplace_back();
  pending.number = next_number_++;
  pending.operation = operation;
  pending.name = name;
  counters_.submitted += 1;
  return pending;
}

void SimDisk::announce(const Pending& pending) {
  if (!listener_) return;
  listener_({pending.number, pending.operation, pending.makes_durable(), pending.size_bytes,
             pending.name, pending.operation == DiskOperation::write ? &pending.parts : nullptr});
}

void SimDisk::create(std::string_view name, uint64_t size_bytes, Done done) {
  Pending& pending = submit(DiskOperation::create, name);
  pending.size_bytes = size_bytes;
  pending.done = std::move(done);
  announce(pending);
}

void SimDisk::write(std::string_view name, uint64_t offset, std::vector<Payload> parts,
                    world::Sync sync, Done done) {
  Pending& pending = submit(DiskOperation::write, name);
  pending.offset = offset;
  pending.size_bytes = bytes_of(parts);
  pending.parts = std::move(parts);
  pending.sync = sync;
  pending.done = std::move(done);
  announce(pending);
}

void SimDisk::sync(std::string_view name, Done done) {
  Pending& pending = submit(DiskOperation::sync, name);
  pending.done = std::move(done);
  announce(pending);
}

void SimDisk::read(std::string_view name, uint64_t offset, uint64_t size_bytes, ReadDone done) {
  Pending& pending = submit(DiskOperation::read, name);
  pending.offset = offset;
  pending.size_bytes = size_bytes;
  pending.read_done = std::move(done);
  announce(pending);
}

void SimDisk::rename(std::string_view from, std::string_view to, Done done) {
  Pending& pending = submit(DiskOperation::rename, from);
  pending.to = to;
  pending.done = std::move(done);
  announce(pending);
}

void SimDisk::remove(std::string_view name, Done done) {
  Pending& pending = submit(DiskOperation::remove, name);
  pending.done = std::move(done);
  announce(pending);
}

bool SimDisk::awaits(uint64_t number) const {
  return !pending_.empty() && number >= pending_.front().number &&
         number - pending_.front().number < pending_.size();
}

SimDisk::Pending& SimDisk::at(uint64_t number) {
  COTERIE_ASSERT(awaits(number));
  return pending_[number - pending_.front().number];
}

const Error* SimDisk::outcome(uint64_t number) {
  const Pending& pending = at(number);
  return pending.result ? nullptr : &pending.result.error();
}

// Those on one file take effect in the order of submission; a rename is on two files.
bool SimDisk::may_execute(const Pending& pending) const {
  if (stalled_ || pending.executed) return false;
  for (const Pending& earlier : pending_) {
    if (earlier.number == pending.number) return true;
    if (earlier.executed) continue;
    if (earlier.touches(pending.name)) return false;
    if (!pending.to.empty() && earlier.touches(pending.to)) return false;
  }
  return true;
}

void SimDisk::execute(Pending& pending) {
  pending.executed = true;
  if (pending.is_due) overdue_ -= 1;
  pending.result = carry_out(pending);
  pending.parts.clear();
}

void SimDisk::execute_due(std::vector<uint64_t>& executed) {
  for (Pending& pending : pending_) {
    if (overdue_ == 0) return;
    if (!pending.is_due || !may_execute(pending)) continue;
    execute(pending);
    executed.push_back(pending.number);
  }
}

void SimDisk::due(uint64_t number, std::vector<uint64_t>& executed) {
  Pending& pending = at(number);
  COTERIE_ASSERT(!pending.is_due);
  pending.is_due = true;
  overdue_ += 1;
  if (!may_execute(pending)) return;
  // In order of submission: one pass finds all that this one held up.
  execute_due(executed);
}

void SimDisk::resume(std::vector<uint64_t>& executed) {
  stalled_ = false;
  execute_due(executed);
}

void SimDisk::resume() { stalled_ = false; }

void SimDisk::deliver(uint64_t number) {
  Pending& pending = at(number);
  COTERIE_ASSERT(pending.executed && !pending.finished);
  pending.finished = true;
  finished_ += 1;
  counters_.completed += 1;
  // The callback may submit, which may move nothing in a deque, but this entry may leave at the
  // front.
  Done done = std::move(pending.done);
  ReadDone read_done = std::move(pending.read_done);
  Result<Payload> result = std::move(pending.result);
  while (!pending_.empty() && pending_.front().finished) {
    pending_.pop_front();
    finished_ -= 1;
  }
  if (read_done) {
    read_done(std::move(result));
  } else if (done) {
    done(result ? Result<void>() : Result<void>(tl::unexpected(std::move(result).error())));
  }
}

bool SimDisk::complete_one() {
  for (Pending& pending : pending_) {
    if (pending.finished) continue;
    if (!pending.executed) {
      if (!may_execute(pending)) continue;
      execute(pending);
    }
    deliver(pending.number);
    return true;
  }
  return false;
}

bool SimDisk::complete_any(Random& random) {
  std::vector<uint64_t> ready;
  for (const Pending& pending : pending_) {
    if (may_execute(pending)) ready.push_back(pending.number);
  }
  if (ready.empty()) return complete_one();
  const uint64_t number = ready[random.below(ready.size())];
  execute(at(number));
  deliver(number);
  return true;
}

void SimDisk::run_completions() {
  while (complete_one()) {
  }
}

Duration SimDisk::draw_delay(const Submission& submission) {
  Duration delay;
  switch (submission.operation) {
    case DiskOperation::write:
      delay = options_.write_delay.sample(delay_random_);
      break;
    case DiskOperation::sync:
      break;
    case DiskOperation::read:
      delay = options_.read_delay.sample(delay_random_);
      break;
    case DiskOperation::create:
    case DiskOperation::rename:
    case DiskOperation::remove:
      delay = options_.name_delay.sample(delay_random_);
      break;
  }
  if (submission.durable) delay = delay + options_.sync_delay.sample(delay_random_);
  if (options_.bytes_per_second > 0) {
    const double seconds =
        static_cast<double>(submission.size_bytes) / static_cast<double>(options_.bytes_per_second);
    delay = delay + Duration{static_cast<int64_t>(seconds * 1e9)};
  }
  return delay;
}

FileImage* SimDisk::find(std::string_view name) {
  const auto found = files_.find(name);
  return found == files_.end() ? nullptr : found->second.get();
}

uint64_t SimDisk::room() const {
  return options_.capacity_bytes > used_bytes_ ? options_.capacity_bytes - used_bytes_ : 0;
}

std::string SimDisk::content(std::string_view name) const {
  const auto found = files_.find(name);
  COTERIE_ASSERT(found != files_.end());
  std::string bytes(found->second->size_bytes(), '\0');
  found->second->read(0, bytes.size(), bytes.data());
  return bytes;
}

void SimDisk::fail_next(DiskOperation operation, Fault fault, unsigned count) {
  failing_[static_cast<size_t>(operation)] = {count, fault};
}

std::vector<std::string> SimDisk::names() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : files_) names.push_back(name);
  return names;
}

void SimDisk::flip_bit(std::string_view name, uint64_t offset, unsigned bit) {
  FileImage* file = find(name);
  COTERIE_ASSERT(file != nullptr);
  file->flip_bit(offset, bit);
}

void SimDisk::mark_unreadable(std::string_view name, uint64_t offset, uint64_t size_bytes) {
  FileImage* file = find(name);
  COTERIE_ASSERT(file != nullptr);
  file->mark_unreadable(offset, size_bytes);
}

}  // namespace coterie::sim
