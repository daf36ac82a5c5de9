// See disk_helper.h.
#include "coterie/world/net/disk_helper.h"

#include <algorithm>
#include <utility>

#include "coterie/base/reached.h"

namespace coterie::world {

DiskHelper::DiskHelper(FileStore& store, std::function<void()> on_done)
    : store_(store), on_done_(std::move(on_done)) {}

DiskHelper::~DiskHelper() {
  {
    const std::lock_guard guard(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void DiskHelper::submit(std::unique_ptr<DiskTask> task) {
  {
    const std::lock_guard guard(mutex_);
    queue_.push_back(std::move(task));
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  wake_.notify_one();
}

DiskTasks DiskHelper::take_done() {
  const std::lock_guard guard(mutex_);
  return std::exchange(done_, {});
}

void DiskHelper::run() {
  const FileStore::Breathe breather = [this] { return breathe(); };
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (ending_) return;
    DiskTasks urgent = take_urgent();
    if (!urgent.empty()) {
      lock.unlock();
      write_group(std::move(urgent));
    } else {
      std::unique_ptr<DiskTask> task = std::move(queue_.front());
      queue_.pop_front();
      current_ = task.get();
      lock.unlock();
      store_.carry_out(*task, breather);
      DiskTasks one;
      one.push_back(std::move(task));
      lock.lock();
      current_ = nullptr;
      lock.unlock();
      hand_back(std::move(one));
    }
    lock.lock();
  }
}

DiskTasks DiskHelper::take_urgent() {
  DiskTasks group;
  for (size_t i = 0; i < queue_.size(); ++i) {
    if (!queue_[i]->synced_write()) continue;
    const std::string name = queue_[i]->name;
    const bool waits = (current_ != nullptr && current_->touches(name)) ||
                       std::any_of(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(i),
                                   [&](const std::unique_ptr<DiskTask>& earlier) {
                                     return earlier->touches(name);
                                   });
    if (waits) continue;
    // With it, those that follow on the same file: one sync does for all.
    while (i < queue_.size() && (!queue_[i]->touches(name) || queue_[i]->synced_write())) {
      if (queue_[i]->name == name) {
        group.push_back(std::move(queue_[i]));
        queue_.erase(queue_.begin() + static_cast<ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
    break;
  }
  return group;
}

bool DiskHelper::breathe() {
  while (true) {
    DiskTasks urgent;
    {
      const std::lock_guard guard(mutex_);
      if (ending_) return false;
      urgent = take_urgent();
    }
    if (urgent.empty()) return true;
    COTERIE_REACHED("synced write between the slices of long disk work");
    write_group(std::move(urgent));
  }
}

void DiskHelper::write_group(DiskTasks group) {
  std::vector<DiskTask*> tasks;
  for (const std::unique_ptr<DiskTask>& task : group) tasks.push_back(task.get());
  store_.write(tasks);
  hand_back(std::move(group));
}

void DiskHelper::hand_back(DiskTasks tasks) {
  bool first = false;
  {
    const std::lock_guard guard(mutex_);
    first = done_.empty();
    for (std::unique_ptr<DiskTask>& task : tasks) done_.push_back(std::move(task));
  }
  if (first) on_done_();
}

}  // namespace coterie::world
