// A disk that fails as it is told to, in place of the system's calls.
#pragma once

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "coterie/world/net/file_calls.h"

namespace coterie::world {

// A gate that calls pass one after the other or wait at.
class Gate {
 public:
  void close() { set(false); }
  void open() { set(true); }
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    --waiting_;
  }
  // Waits until somebody waits at the gate.
  void await_waiter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }

 private:
  void set(bool open) {
    const std::lock_guard guard(mutex_);
    open_ = open;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  int waiting_ = 0;
};

class FaultyCalls : public FileCalls {
 public:
  ssize_t write_at(int fd, const iovec* parts, int count, uint64_t offset) override {
    plain_writes.fetch_add(1);
    return limited(fd, parts, count, offset, false);
  }
  ssize_t write_at_synced(int fd, const iovec* parts, int count, uint64_t offset) override {
    if (synced_write_error != 0) return -synced_write_error;
    synced_writes.fetch_add(1);
    note_sync();
    return limited(fd, parts, count, offset, true);
  }
  int sync_data(int fd) override {
    syncs.fetch_add(1);
    note_sync();
    return sync_error != 0 ? -sync_error : FileCalls::sync_data(fd);
  }
  int sync_all(int fd) override {
    full_syncs.fetch_add(1);
    return full_sync_error != 0 ? -full_sync_error : FileCalls::sync_all(fd);
  }
  int write_out(int fd, uint64_t offset, uint64_t size_bytes) override {
    write_outs.fetch_add(1);
    write_out_gate.pass();
    return write_out_error != 0 ? -write_out_error : FileCalls::write_out(fd, offset, size_bytes);
  }
  int allocate(int fd, uint64_t size_bytes) override {
    return allocate_error != 0 ? -allocate_error : FileCalls::allocate(fd, size_bytes);
  }

  // Each an errno, 0 for none.
  std::atomic<int> synced_write_error{0};
  std::atomic<int> sync_error{0};
  std::atomic<int> full_sync_error{0};
  std::atomic<int> write_out_error{0};
  std::atomic<int> allocate_error{0};
  std::atomic<int64_t> room_bytes{INT64_MAX};  // what may still be written
  std::atomic<int64_t> sync_takes_ms{0};
  Gate write_out_gate;
  std::atomic<int> plain_writes{0}, synced_writes{0}, syncs{0}, full_syncs{0}, write_outs{0};

  std::vector<std::thread::id> syncing_threads() {
    const std::lock_guard guard(mutex_);
    return syncing_threads_;
  }

 private:
  ssize_t limited(int fd, const iovec* parts, int count, uint64_t offset, bool synced) {
    ssize_t wanted = 0;
    for (int i = 0; i < count; ++i) wanted += static_cast<ssize_t>(parts[i].iov_len);
    if (wanted > room_bytes) {
      if (room_bytes == 0) return -ENOSPC;
      // As the kernel does: a part is written, the next call says why.
      const iovec first{parts[0].iov_base,
                        std::min<size_t>(parts[0].iov_len, static_cast<size_t>(room_bytes))};
      room_bytes = 0;
      return FileCalls::write_at(fd, &first, 1, offset);
    }
    room_bytes -= wanted;
    return synced ? FileCalls::write_at_synced(fd, parts, count, offset)
                  : FileCalls::write_at(fd, parts, count, offset);
  }

  // A disk that takes its time: the only sleep there is, inside the faked call.
  void note_sync() {
    {
      const std::lock_guard guard(mutex_);
      syncing_threads_.push_back(std::this_thread::get_id());
    }
    if (sync_takes_ms == 0) return;
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, std::chrono::milliseconds(sync_takes_ms), [] { return false; });
  }

  std::mutex mutex_;
  std::vector<std::thread::id> syncing_threads_;
};

}  // namespace coterie::world
