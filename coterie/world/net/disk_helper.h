// The one thread beside the loop. It does what may take long: making and removing files, syncing
// large ones, reading, and while the disk is slow the synced writes too. Those go first: they
// overtake other work and are let in between the slices of long work, unless they touch the same
// file.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "coterie/world/net/disk_task.h"
#include "coterie/world/net/file_store.h"

namespace coterie::world {

class DiskHelper {
 public:
  // `on_done` is called by the helper's thread when take_done() has something to give after having
  // had nothing. `store` outlives the helper. The thread starts with the first task.
  DiskHelper(FileStore& store, std::function<void()> on_done);
  // Waits for the system call that is under way; what was not begun is dropped.
  ~DiskHelper();
  DiskHelper(const DiskHelper&) = delete;
  DiskHelper& operator=(const DiskHelper&) = delete;

  void submit(std::unique_ptr<DiskTask> task);
  // In the order of completion; tasks on one file in the order of submission.
  DiskTasks take_done();

 private:
  void run();
  // The synced writes to one file that may go now; empty when there are none. REQUIRES: the mutex
  // is held
  DiskTasks take_urgent();
  bool breathe();
  void write_group(DiskTasks group);
  void hand_back(DiskTasks tasks);

  FileStore& store_;
  const std::function<void()> on_done_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<std::unique_ptr<DiskTask>> queue_;
  DiskTasks done_;
  bool ending_ = false;
  const DiskTask* current_ = nullptr;  // long work under way
  std::thread thread_;
};

}  // namespace coterie::world
