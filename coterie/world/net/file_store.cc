// See file_store.h. Opening the directory and the table of open files are here; the work on files
// is in file_work.cc.
#include "coterie/world/net/file_store.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/world/net/file_store_internal.h"

namespace coterie::world {

namespace {

constexpr const char* lock_name = ".lock";
constexpr size_t open_files_max = 64;

}  // namespace

FileStore::FileStore(Settings settings, FileCalls& calls)
    : settings_(std::move(settings)),
      calls_(calls),
      write_synced_works_(settings_.write_and_sync_in_one) {}

FileStore::~FileStore() {
  files_.clear();
  if (lock_ >= 0) ::close(lock_);  // gives the lock back
  if (directory_ >= 0) ::close(directory_);
}

Error FileStore::failure(int error, std::string_view what, std::string_view name) const {
  const Fault fault = error == ENOSPC || error == EDQUOT ? Fault::no_space : Fault::io;
  return {fault, fmt::format("cannot {} {}/{}: {}", what, settings_.directory, name,
                             std::strerror(error))};
}

Result<std::unique_ptr<FileStore>> FileStore::open(Settings settings, FileCalls& calls) {
  std::unique_ptr<FileStore> store(new FileStore(std::move(settings), calls));
  const std::string& path = store->settings_.directory;
  std::error_code error;
  std::filesystem::create_directories(path, error);
  store->directory_ = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (store->directory_ < 0) {
    const int code = error ? error.value() : errno;
    return fail(Fault::io,
                fmt::format("cannot use data directory {}: {}", path, std::strerror(code)));
  }
  COTERIE_CHECK(store->lock());
  COTERIE_CHECK(store->remove_leftovers());
  return store;
}

Result<void> FileStore::lock() {
  lock_ = ::openat(directory_, lock_name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (lock_ < 0) return tl::unexpected(failure(errno, "open the lock file", lock_name));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return tl::unexpected(failure(errno, "lock", lock_name));
    char text[32] = {};
    const ssize_t length = ::pread(lock_, text, sizeof(text) - 1, 0);
    long holder = 0;
    if (length > 0) std::from_chars(text, text + length, holder);
    return fail(
        Fault::refused,
        fmt::format("data directory {} is in use by process {}: stop it or choose another --data",
                    settings_.directory, holder));
  }
  const std::string process = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock_, 0) != 0 ||
      ::pwrite(lock_, process.data(), process.size(), 0) != static_cast<ssize_t>(process.size())) {
    return tl::unexpected(failure(errno, "write", lock_name));
  }
  return {};
}

// Files whose making was cut short by a crash were never promised to anybody.
Result<void> FileStore::remove_leftovers() {
  const int fd = ::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* listing = fd < 0 ? nullptr : ::fdopendir(fd);
  if (listing == nullptr) return tl::unexpected(failure(errno, "list", ""));
  std::vector<std::string> leftovers;
  while (const dirent* entry = ::readdir(listing)) {
    if (std::string_view(entry->d_name).starts_with(unfinished_prefix)) {
      leftovers.emplace_back(entry->d_name);
    }
  }
  ::closedir(listing);
  for (const std::string& name : leftovers) {
    COTERIE_REACHED("file half made before a crash");
    ::unlinkat(directory_, name.c_str(), 0);
  }
  return {};
}

bool FileStore::name_allowed(std::string_view name) {
  return !name.empty() && name.size() <= 200 && name.front() != '.' &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

Result<std::vector<FileInfo>> FileStore::list() {
  const int fd = ::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* listing = fd < 0 ? nullptr : ::fdopendir(fd);
  if (listing == nullptr) return tl::unexpected(failure(errno, "list", ""));
  std::vector<FileInfo> files;
  while (const dirent* entry = ::readdir(listing)) {
    struct stat info {};
    if (entry->d_name[0] == '.' ||
        ::fstatat(directory_, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(info.st_mode)) {
      continue;
    }
    files.push_back({entry->d_name, static_cast<uint64_t>(info.st_size)});
  }
  ::closedir(listing);
  std::sort(files.begin(), files.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.name < b.name; });
  return files;
}

Result<Payload> FileStore::load(const std::string& name) {
  COTERIE_TRY(open_file, file(name));
  if (open_file->size_bytes > payload_bytes_max) {
    return fail(Fault::invalid,
                fmt::format("{}/{} is larger than 2 GiB", settings_.directory, name));
  }
  return load_piece(name, 0, open_file->size_bytes);
}

Result<Payload> FileStore::load_piece(const std::string& name, uint64_t offset,
                                      uint64_t size_bytes) {
  COTERIE_ASSERT(size_bytes <= payload_bytes_max);
  DiskTask task;
  task.kind = DiskTask::Kind::read;
  task.name = name;
  task.offset = offset;
  task.size_bytes = size_bytes;
  task.place = task.buffer.extend(task.size_bytes);
  COTERIE_CHECK(read(task));
  return task.buffer.take();
}

Result<FileStore::OpenFilePtr> FileStore::file(const std::string& name) {
  COTERIE_ASSERT(name_allowed(name));
  const std::lock_guard guard(mutex_);
  const auto found = files_.find(name);
  if (found != files_.end()) {
    found->second->last_use = ++use_count_;
    return found->second;
  }
  const int fd = calls_.open_at(directory_, name, O_RDWR);
  if (fd == -ENOENT) {
    return fail(Fault::not_found, fmt::format("there is no file {}/{}", settings_.directory, name));
  }
  if (fd < 0) return tl::unexpected(failure(-fd, "open", name));
  auto opened = std::make_shared<OpenFile>(calls_, fd, name);
  const int64_t size = calls_.size_of(fd);
  if (size < 0) return tl::unexpected(failure(static_cast<int>(-size), "look at", name));
  opened->size_bytes = static_cast<uint64_t>(size);
  opened->last_use = ++use_count_;
  if (files_.size() >= open_files_max) {
    const auto oldest = std::min_element(
        files_.begin(), files_.end(),
        [](const auto& a, const auto& b) { return a.second->last_use < b.second->last_use; });
    // One that has failed a sync stays: a new descriptor would not know.
    if (!oldest->second->failed) files_.erase(oldest);
  }
  files_.emplace(name, opened);
  return opened;
}

void FileStore::forget(const std::string& name) {
  const std::lock_guard guard(mutex_);
  files_.erase(name);
}

void FileStore::carry_out(DiskTask& task, const Breathe& breathe) {
  switch (task.kind) {
    case DiskTask::Kind::create:
      task.result = create(task, breathe);
      return;
    case DiskTask::Kind::sync:
      task.result = sync_file(task, breathe);
      return;
    case DiskTask::Kind::read:
      task.result = read(task);
      return;
    case DiskTask::Kind::rename:
      task.result = rename(task);
      return;
    case DiskTask::Kind::remove:
      task.result = remove(task);
      return;
    case DiskTask::Kind::write: {
      DiskTask* const one = &task;
      write({&one, 1});
      return;
    }
  }
}

}  // namespace coterie::world
