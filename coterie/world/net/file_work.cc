// How the tasks on files are carried out; see file_store.h.
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>

#include <fcntl.h>
#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/world/net/file_store_internal.h"

namespace coterie::world {

namespace {

constexpr size_t fill_slice_bytes = 1u << 20;
constexpr uint64_t write_out_slice_bytes = 4u << 20;
constexpr size_t vector_elements = 512;
static_assert(vector_elements <= IOV_MAX);

bool no_such_call(int64_t result) {
  return result == -EOPNOTSUPP || result == -ENOSYS || result == -EINVAL;
}

bool no_room(int64_t result) { return result == -ENOSPC || result == -EDQUOT; }

// Drops what has been written from the front of the vector.
void advance(std::span<iovec>& vector, size_t bytes) {
  while (bytes > 0) {
    iovec& first = vector.front();
    const size_t step = std::min(bytes, first.iov_len);
    first.iov_base = static_cast<char*>(first.iov_base) + step;
    first.iov_len -= step;
    bytes -= step;
    if (first.iov_len == 0) vector = vector.subspan(1);
  }
}

Duration since(std::chrono::steady_clock::time_point start) {
  return nanoseconds(std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count());
}

}  // namespace

Result<void> FileStore::create(const DiskTask& task, const Breathe& breathe) {
  COTERIE_ASSERT(name_allowed(task.name));
  if (calls_.exists_at(directory_, task.name)) {
    return fail(Fault::refused,
                fmt::format("{}/{} exists already", settings_.directory, task.name));
  }
  const std::string unfinished = unfinished_prefix + task.name;
  const int fd = calls_.open_at(directory_, unfinished, O_RDWR | O_CREAT | O_TRUNC);
  if (fd < 0) return tl::unexpected(failure(-fd, "create", task.name));
  Result<void> made = fill(fd, task, breathe);
  calls_.close(fd);
  if (made) {
    const int error = calls_.rename_at(directory_, unfinished, task.name);
    if (error < 0) made = tl::unexpected(failure(-error, "create", task.name));
  }
  if (!made) {
    calls_.remove_at(directory_, unfinished);
    return made;
  }
  return sync_directory();
}

Result<void> FileStore::fill(int fd, const DiskTask& task, const Breathe& breathe) {
  static const std::string zeros(fill_slice_bytes, '\0');
  if (task.size_bytes > 0) {
    const int error = calls_.allocate(fd, task.size_bytes);
    if (error < 0 && !no_such_call(error))
      return tl::unexpected(failure(-error, "make room for", task.name));
  }
  for (uint64_t offset = 0; offset < task.size_bytes;) {
    const size_t length = std::min<uint64_t>(fill_slice_bytes, task.size_bytes - offset);
    const iovec part{const_cast<char*>(zeros.data()), length};
    const ssize_t written = calls_.write_at(fd, &part, 1, offset);
    if (written < 0) return tl::unexpected(failure(static_cast<int>(-written), "fill", task.name));
    const int error = calls_.write_out(fd, offset, static_cast<uint64_t>(written));
    if (error < 0 && !no_such_call(error))
      return tl::unexpected(failure(-error, "fill", task.name));
    offset += static_cast<uint64_t>(written);
    if (!breathe()) return fail(Fault::io, "the node is stopping");
  }
  const int error = calls_.sync_all(fd);
  if (error < 0) return tl::unexpected(failure(-error, "sync", task.name));
  return {};
}

void FileStore::write(std::span<DiskTask* const> group) {
  const auto start = std::chrono::steady_clock::now();
  const auto found = file(group.front()->name);
  bool sync_wanted = false;
  for (DiskTask* task : group) {
    COTERIE_ASSERT(task->kind == DiskTask::Kind::write && task->name == group.front()->name);
    sync_wanted = sync_wanted || task->sync == Sync::yes;
  }
  if (!found) {
    for (DiskTask* task : group) task->result = tl::unexpected(found.error());
    return;
  }
  OpenFile& target = **found;
  if (target.failed) {
    const Error error = failure(EIO, "write (an earlier sync failed) to", target.name);
    for (DiskTask* task : group) task->result = tl::unexpected(error);
    return;
  }
  const bool at_once = sync_wanted && group.size() == 1 && write_synced_works_ &&
                       group.front()->parts.size() <= vector_elements && target.dirty_to == 0;
  for (DiskTask* task : group) task->result = write_parts(target, *task, at_once);
  // Writing at once falls back to two calls where the kernel cannot, and then leaves the range
  // dirty.
  if (sync_wanted && target.dirty_to != 0) {
    const Result<void> synced = sync(target);
    for (DiskTask* task : group) {
      if (task->result && !synced) task->result = synced;
    }
  }
  for (DiskTask* task : group) task->took = since(start);
}

Result<void> FileStore::write_parts(OpenFile& target, const DiskTask& task, bool synced) {
  const uint64_t size_before = target.size_bytes;
  uint64_t offset = task.offset;
  size_t next = 0;
  while (next < task.parts.size()) {
    std::array<iovec, vector_elements> vector;
    size_t count = 0;
    uint64_t bytes = 0;
    for (; next < task.parts.size() && count < vector.size(); ++next) {
      const Payload& part = task.parts[next];
      if (part.empty()) continue;
      vector[count++] = {const_cast<char*>(part.data()), part.size()};
      bytes += part.size();
    }
    Result<void> written = write_chunk(target, {vector.data(), count}, offset, synced);
    if (!written) {
      if (written.error().fault == Fault::no_space && target.size_bytes > size_before) {
        COTERIE_REACHED("full disk cuts a grown file back");
        if (calls_.truncate(target.fd, size_before) == 0) target.size_bytes = size_before;
      }
      return written;
    }
    offset += bytes;
  }
  return {};
}

Result<void> FileStore::write_chunk(OpenFile& target, std::span<iovec> vector, uint64_t offset,
                                    bool synced) {
  while (!vector.empty()) {
    const int count = static_cast<int>(vector.size());
    ssize_t written = -EOPNOTSUPP;
    bool durable = false;
    if (synced) {
      written = calls_.write_at_synced(target.fd, vector.data(), count, offset);
      durable = written >= 0;
      if (no_such_call(written)) write_synced_works_ = false;
      if (written < 0 && !no_such_call(written) && !no_room(written) && written != -EINTR) {
        target.failed = true;  // it cannot be told whether the write or the sync failed
        return tl::unexpected(failure(static_cast<int>(-written), "write", target.name));
      }
    }
    // No room, said by a synced write, may come from its write (nothing has changed) or from its
    // sync (who knows): writing it again without a sync tells them apart.
    if (!durable && written != -EINTR)
      written = calls_.write_at(target.fd, vector.data(), count, offset);
    if (written == -EINTR) continue;
    if (written == 0) written = -EIO;
    if (written < 0)
      return tl::unexpected(failure(static_cast<int>(-written), "write", target.name));
    if (!durable) target.mark_dirty(offset, offset + static_cast<uint64_t>(written));
    offset += static_cast<uint64_t>(written);
    target.size_bytes = std::max(target.size_bytes, offset);
    advance(vector, static_cast<size_t>(written));
  }
  return {};
}

Result<void> FileStore::sync(OpenFile& target) {
  const int error = target.failed ? -EIO : calls_.sync_data(target.fd);
  if (error < 0) {
    COTERIE_REACHED("failed sync");
    target.failed = true;
    // Never "no space": the data may have been dropped, and nothing can be said of the file any
    // more.
    return fail(Fault::io, failure(-error, "sync", target.name).message);
  }
  target.dirty_from = target.dirty_to = 0;
  return {};
}

Result<void> FileStore::sync_file(const DiskTask& task, const Breathe& breathe) {
  const auto found = file(task.name);
  if (!found) return tl::unexpected(found.error());
  OpenFile& target = **found;
  // Written out slice by slice, the final sync has little left to do and urgent work can go in
  // between.
  const uint64_t end = target.dirty_to;
  for (uint64_t from = target.dirty_from; end - from > write_out_slice_bytes;
       from += write_out_slice_bytes) {
    const int error = calls_.write_out(target.fd, from, write_out_slice_bytes);
    if (error < 0 && !no_such_call(error)) {
      // The kernel reports an error once: the sync to come would not hear of it.
      target.failed = true;
      break;
    }
    if (!breathe()) return fail(Fault::io, "the node is stopping");
  }
  return sync(target);
}

Result<void> FileStore::read(DiskTask& task) {
  const auto found = file(task.name);
  if (!found) return tl::unexpected(found.error());
  COTERIE_ASSERT(task.buffer.size() == task.size_bytes);
  while (task.read_bytes < task.size_bytes) {
    const ssize_t got =
        calls_.read_at((*found)->fd, task.place + task.read_bytes,
                       task.size_bytes - task.read_bytes, task.offset + task.read_bytes);
    if (got == -EINTR) continue;
    if (got < 0) return tl::unexpected(failure(static_cast<int>(-got), "read", task.name));
    if (got == 0) return fail(Fault::invalid, fmt::format("read beyond the end of {}", task.name));
    task.read_bytes += static_cast<size_t>(got);
  }
  return {};
}

Result<void> FileStore::rename(const DiskTask& task) {
  COTERIE_ASSERT(name_allowed(task.name) && name_allowed(task.to));
  forget(task.name);
  forget(task.to);
  const int error = calls_.rename_at(directory_, task.name, task.to);
  if (error == -ENOENT) {
    return fail(Fault::not_found,
                fmt::format("there is no file {}/{}", settings_.directory, task.name));
  }
  if (error < 0) return tl::unexpected(failure(-error, "rename", task.name));
  return sync_directory();
}

Result<void> FileStore::remove(const DiskTask& task) {
  COTERIE_ASSERT(name_allowed(task.name));
  forget(task.name);
  const int error = calls_.remove_at(directory_, task.name);
  if (error == -ENOENT) {
    return fail(Fault::not_found,
                fmt::format("there is no file {}/{}", settings_.directory, task.name));
  }
  if (error < 0) return tl::unexpected(failure(-error, "remove", task.name));
  return sync_directory();
}

Result<void> FileStore::sync_directory() {
  const int error = calls_.sync_all(directory_);
  if (error < 0) return fail(Fault::io, failure(-error, "sync the directory", "").message);
  return {};
}

}  // namespace coterie::world
