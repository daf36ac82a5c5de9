// See run_folder.h.
#include "coterie/torture/run_folder.h"

#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coterie/base/reached.h"

namespace coterie::torture {

namespace {

namespace fs = std::filesystem;

// Folders of runs that are under way. One that is kept has no such name, and is nobody's to remove.
constexpr std::string_view running_prefix = "coterie-torture-running-";
constexpr std::string_view kept_prefix = "coterie-torture-";
constexpr int attempts_max = 10;

// The folder itself, locked; -1 when it is another's, or not ours, or no folder.
int lock_folder(const std::string& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return -1;
  struct stat opened {};
  struct stat there {};
  // Between its making and its lock somebody may have taken it for a dead one's.
  const bool ours = ::flock(folder, LOCK_EX | LOCK_NB) == 0 && ::fstat(folder, &opened) == 0 &&
                    opened.st_uid == ::geteuid() && ::lstat(path.c_str(), &there) == 0 &&
                    there.st_ino == opened.st_ino && there.st_dev == opened.st_dev;
  if (ours) return folder;
  ::close(folder);
  return -1;
}

fs::path temporary_folder() {
  std::error_code error;
  const fs::path path = fs::temp_directory_path(error);
  return error ? fs::path("/tmp") : path;
}

}  // namespace

RunFolder::RunFolder(std::string named) : named_(!named.empty()), path_(std::move(named)) {}

RunFolder::~RunFolder() {
  std::error_code ignored;
  if (lock_ >= 0 && !kept_) fs::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

Result<void> RunFolder::make() {
  std::error_code error;
  if (named_) {
    fs::create_directories(path_, error);
    if (error || !fs::is_empty(path_, error) || error) {
      return fail(Fault::io,
                  fmt::format("--keep: {} is not an empty folder, nor can be made one", path_));
    }
    path_ = fs::absolute(path_).lexically_normal().string();
    return {};
  }
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    std::string name = (temporary_folder() / fmt::format("{}XXXXXX", running_prefix)).string();
    if (mkdtemp(name.data()) == nullptr) break;
    path_ = name;
    lock_ = lock_folder(path_);
    if (lock_ >= 0) return {};
  }
  return fail(Fault::io, "cannot make a temporary folder");
}

void RunFolder::keep() {
  if (named_ || kept_) return;
  kept_ = true;
  const fs::path now(path_);
  const fs::path then =
      now.parent_path() /
      fmt::format("{}{}", kept_prefix, now.filename().string().substr(running_prefix.size()));
  std::error_code error;
  fs::rename(now, then, error);
  if (!error) path_ = then.string();
}

uint64_t remove_dead_run_folders() {
  uint64_t removed = 0;
  std::error_code error;
  for (fs::directory_iterator one(temporary_folder(), error), end; !error && one != end;
       one.increment(error)) {
    const std::string path = one->path().string();
    if (!one->path().filename().string().starts_with(running_prefix)) continue;
    const int folder = lock_folder(path);
    if (folder < 0) continue;
    COTERIE_REACHED("the folder of a run that was killed is removed");
    std::error_code failed;
    fs::remove_all(path, failed);
    removed += failed ? 0 : 1;
    ::close(folder);
  }
  return removed;
}

}  // namespace coterie::torture
