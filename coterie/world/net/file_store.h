// The files of one data directory, and how each kind of task is carried out so that what is said to
// be durable is:
//   - a new file is filled and synced under a temporary name and then renamed, so it exists whole
//   or not at all;
//   - after creating, renaming and removing, the directory is synced;
//   - a write that finds no room leaves the file as long as it was;
//   - a sync that fails once fails for good: the kernel may have dropped the data and forgotten
//   that it did.
//
// Two threads may carry out tasks at the same time if no two touch the same file; list() and load()
// are for the start.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "coterie/world/net/disk_task.h"
#include "coterie/world/net/file_calls.h"

namespace coterie::world {

class FileStore {
 public:
  // Called between the slices of long work, so that urgent work need not wait; false: give up, the
  // node ends.
  using Breathe = std::function<bool()>;

  struct Settings {
    std::string directory;
    bool write_and_sync_in_one = true;
  };

  // Makes the directory if need be and locks it for this process. Fault::refused: another process
  // has it. `calls` outlives the store.
  static Result<std::unique_ptr<FileStore>> open(Settings settings, FileCalls& calls);
  ~FileStore();
  FileStore(const FileStore&) = delete;
  FileStore& operator=(const FileStore&) = delete;

  Result<std::vector<FileInfo>> list();
  Result<Payload> load(const std::string& name);
  // Fault::invalid when the range does not lie within the file.
  Result<Payload> load_piece(const std::string& name, uint64_t offset, uint64_t size_bytes);

  // Writes to one file, in order, with one sync at the end if any of them asks for it.
  // REQUIRES: all are of kind write and have the same name.
  void write(std::span<DiskTask* const> group);
  // Any other task, or a single write.
  void carry_out(DiskTask& task, const Breathe& breathe);

  // A name the disk accepts: 1 to 200 of the bytes a file name may have, not beginning with a dot.
  static bool name_allowed(std::string_view name);

 private:
  struct OpenFile;
  using OpenFilePtr = std::shared_ptr<OpenFile>;

  FileStore(Settings settings, FileCalls& calls);
  Result<void> lock();
  Result<void> remove_leftovers();
  Result<OpenFilePtr> file(const std::string& name);
  void forget(const std::string& name);
  Result<void> create(const DiskTask& task, const Breathe& breathe);
  Result<void> fill(int fd, const DiskTask& task, const Breathe& breathe);
  Result<void> write_parts(OpenFile& file, const DiskTask& task, bool synced);
  Result<void> write_chunk(OpenFile& file, std::span<iovec> vector, uint64_t offset, bool synced);
  Result<void> sync(OpenFile& file);
  Result<void> sync_file(const DiskTask& task, const Breathe& breathe);
  Result<void> read(DiskTask& task);
  Result<void> rename(const DiskTask& task);
  Result<void> remove(const DiskTask& task);
  Result<void> sync_directory();
  Error failure(int error, std::string_view what, std::string_view name) const;

  Settings settings_;
  FileCalls& calls_;
  std::atomic<bool> write_synced_works_;
  int directory_ = -1;
  int lock_ = -1;
  std::mutex mutex_;  // guards files_ and use_count_; a file itself is used by one thread at a time
  std::map<std::string, OpenFilePtr> files_;
  uint64_t use_count_ = 0;
};

}  // namespace coterie::world
