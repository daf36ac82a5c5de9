// The disk of world/net. A turn's submissions are carried out when the turn ends, after its frames
// have been sent: in the loop if they are short, by the helper thread if they may take long or the
// disk has been slow lately. Completions are delivered in the next turn, which follows at once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coterie/world/net/disk_helper.h"
#include "coterie/world/net/file_store.h"
#include "coterie/world/net/net_options.h"
#include "coterie/world/net/sync_pace.h"

namespace coterie::world {

class NetDisk final : public Disk {
 public:
  struct Surroundings {
    std::function<Instant()> now;
    std::function<void(LogLevel, std::string)> log;
    // Called by the helper's thread: the loop shall call collect() soon.
    std::function<void()> wake_loop;
  };

  // `store` outlives the disk.
  NetDisk(FileStore& store, DiskLimits limits, Surroundings surroundings);

  // For the loop.
  void work();     // carries out or hands over what was submitted
  void collect();  // takes what the helper has done
  bool has_completions() const { return !completed_.empty(); }
  void deliver(const std::function<bool()>& stopped);  // calls their `done`, until stopped
  // Nothing is submitted, under way or undelivered.
  bool idle() const { return submitted_.empty() && completed_.empty() && with_helper_.empty(); }
  bool slow() const;  // the helper has the synced writes now

  // Disk.
  Result<std::vector<FileInfo>> list() override;
  Result<Payload> load(std::string_view name) override;
  Result<Payload> load_piece(std::string_view name, uint64_t offset, uint64_t size_bytes) override;
  void create(std::string_view name, uint64_t size_bytes, Done done) override;
  void write(std::string_view name, uint64_t offset, std::vector<Payload> parts, Sync sync,
             Done done) override;
  void sync(std::string_view name, Done done) override;
  void read(std::string_view name, uint64_t offset, uint64_t size_bytes, ReadDone done) override;
  void rename(std::string_view from, std::string_view to, Done done) override;
  void remove(std::string_view name, Done done) override;

 private:
  DiskTask& submit(DiskTask::Kind kind, std::string_view name);
  bool short_enough(const DiskTask& task, uint64_t inline_bytes, bool slow_now) const;
  void write_here(DiskTasks tasks);
  void note(const DiskTask& task);

  FileStore& store_;
  const DiskLimits limits_;
  const Surroundings surroundings_;
  SyncPace pace_;
  DiskTasks submitted_;
  DiskTasks completed_;
  std::map<std::string, int> with_helper_;  // how many tasks it has that touch a file
  DiskHelper helper_;
};

}  // namespace coterie::world
