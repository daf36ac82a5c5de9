// See net_disk.h.
#include "coterie/world/net/net_disk.h"

#include <utility>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"

namespace coterie::world {

NetDisk::NetDisk(FileStore& store, DiskLimits limits, Surroundings surroundings)
    : store_(store),
      limits_(limits),
      surroundings_(std::move(surroundings)),
      pace_(limits.slow_sync, limits.helper_least, limits.helper_most),
      helper_(store, surroundings_.wake_loop) {}

Result<std::vector<FileInfo>> NetDisk::list() { return store_.list(); }

Result<Payload> NetDisk::load(std::string_view name) { return store_.load(std::string(name)); }

Result<Payload> NetDisk::load_piece(std::string_view name, uint64_t offset, uint64_t size_bytes) {
  return store_.load_piece(std::string(name), offset, size_bytes);
}

DiskTask& NetDisk::submit(DiskTask::Kind kind, std::string_view name) {
  COTERIE_ASSERT(FileStore::name_allowed(name));
  auto task = std::make_unique<DiskTask>();
  task->kind = kind;
  task->name = name;
  submitted_.push_back(std::move(task));
  return *submitted_.back();
}

void NetDisk::create(std::string_view name, uint64_t size_bytes, Done done) {
  DiskTask& task = submit(DiskTask::Kind::create, name);
  task.size_bytes = size_bytes;
  task.done = std::move(done);
}

void NetDisk::write(std::string_view name, uint64_t offset, std::vector<Payload> parts, Sync sync,
                    Done done) {
  DiskTask& task = submit(DiskTask::Kind::write, name);
  task.offset = offset;
  for (const Payload& part : parts) task.size_bytes += part.size();
  task.parts = std::move(parts);
  task.sync = sync;
  task.done = std::move(done);
}

void NetDisk::sync(std::string_view name, Done done) {
  submit(DiskTask::Kind::sync, name).done = std::move(done);
}

void NetDisk::read(std::string_view name, uint64_t offset, uint64_t size_bytes, ReadDone done) {
  COTERIE_ASSERT(size_bytes <= payload_bytes_max);
  DiskTask& task = submit(DiskTask::Kind::read, name);
  task.offset = offset;
  task.size_bytes = size_bytes;
  if (size_bytes > 0) task.place = task.buffer.extend(size_bytes);
  task.read_done = std::move(done);
}

void NetDisk::rename(std::string_view from, std::string_view to, Done done) {
  COTERIE_ASSERT(FileStore::name_allowed(to));
  DiskTask& task = submit(DiskTask::Kind::rename, from);
  task.to = to;
  task.done = std::move(done);
}

void NetDisk::remove(std::string_view name, Done done) {
  submit(DiskTask::Kind::remove, name).done = std::move(done);
}

bool NetDisk::slow() const { return pace_.use_helper(surroundings_.now()); }

bool NetDisk::short_enough(const DiskTask& task, uint64_t inline_bytes, bool slow_now) const {
  return task.kind == DiskTask::Kind::write && !slow_now &&
         inline_bytes + task.size_bytes <= limits_.inline_bytes_max &&
         !with_helper_.contains(task.name);
}

void NetDisk::work() {
  if (submitted_.empty()) return;
  const bool slow_now = slow();
  DiskTasks here;
  DiskTasks elsewhere;
  uint64_t inline_bytes = 0;
  for (std::unique_ptr<DiskTask>& task : std::exchange(submitted_, {})) {
    if (short_enough(*task, inline_bytes, slow_now)) {
      inline_bytes += task->size_bytes;
      here.push_back(std::move(task));
    } else {
      ++with_helper_[task->name];
      if (task->kind == DiskTask::Kind::rename) ++with_helper_[task->to];
      elsewhere.push_back(std::move(task));
    }
  }
  // In this order: a task that goes to the helper may follow a write to the same file, but no write
  // follows it here.
  write_here(std::move(here));
  for (std::unique_ptr<DiskTask>& task : elsewhere) helper_.submit(std::move(task));
}

// File by file, in the order of their first task: one sync serves all that a turn writes to a file.
void NetDisk::write_here(DiskTasks tasks) {
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i] == nullptr) continue;
    std::vector<DiskTask*> group;
    for (size_t j = i; j < tasks.size(); ++j) {
      if (tasks[j] != nullptr && (j == i || tasks[j]->name == group.front()->name)) {
        group.push_back(tasks[j].get());
        completed_.push_back(std::move(tasks[j]));
      }
    }
    store_.write(group);
    note(*group.front());
  }
}

void NetDisk::collect() {
  const auto returned = [this](const std::string& name) {
    const auto count = with_helper_.find(name);
    if (--count->second == 0) with_helper_.erase(count);
  };
  for (std::unique_ptr<DiskTask>& task : helper_.take_done()) {
    returned(task->name);
    if (task->kind == DiskTask::Kind::rename) returned(task->to);
    if (task->synced_write()) note(*task);
    completed_.push_back(std::move(task));
  }
}

void NetDisk::note(const DiskTask& task) {
  const Instant now = surroundings_.now();
  const bool was_slow = pace_.use_helper(now);
  pace_.record(task.took, now);
  if (task.took >= limits_.noted_sync) {
    surroundings_.log(LogLevel::warning,
                      fmt::format("slow disk: writing {} bytes to {} and syncing took {} ms",
                                  task.size_bytes, task.name, task.took.ms()));
  }
  if (!was_slow && pace_.use_helper(now)) {
    COTERIE_REACHED("disk work handed to the helper thread");
    surroundings_.log(
        LogLevel::debug,
        fmt::format("a sync took {} ms: a helper thread syncs until they are fast again",
                    task.took.ms()));
  }
}

void NetDisk::deliver(const std::function<bool()>& stopped) {
  for (std::unique_ptr<DiskTask>& task : std::exchange(completed_, {})) {
    if (stopped()) return;
    if (task->kind != DiskTask::Kind::read) {
      if (task->done) task->done(std::move(task->result));
    } else if (task->read_done) {
      task->read_done(task->result ? Result<Payload>(task->buffer.take())
                                   : Result<Payload>(tl::unexpected(task->result.error())));
    }
  }
}

}  // namespace coterie::world
