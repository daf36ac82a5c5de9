// See file_calls.h.
#include "coterie/world/net/file_calls.h"

#include <cerrno>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

namespace coterie::world {

namespace {

template <class T>
T or_errno(T result) {
  return result < 0 ? static_cast<T>(-errno) : result;
}

}  // namespace

int FileCalls::open_at(int directory, const std::string& name, int flags) {
  return or_errno(::openat(directory, name.c_str(), flags | O_CLOEXEC, 0640));
}

int FileCalls::close(int fd) { return or_errno(::close(fd)); }

ssize_t FileCalls::write_at(int fd, const iovec* parts, int count, uint64_t offset) {
  return or_errno(::pwritev(fd, parts, count, static_cast<off_t>(offset)));
}

ssize_t FileCalls::write_at_synced(int fd, const iovec* parts, int count, uint64_t offset) {
  return or_errno(::pwritev2(fd, parts, count, static_cast<off_t>(offset), RWF_DSYNC));
}

ssize_t FileCalls::read_at(int fd, char* place, size_t size_bytes, uint64_t offset) {
  return or_errno(::pread(fd, place, size_bytes, static_cast<off_t>(offset)));
}

int FileCalls::sync_data(int fd) { return or_errno(::fdatasync(fd)); }

int FileCalls::sync_all(int fd) { return or_errno(::fsync(fd)); }

int FileCalls::write_out(int fd, uint64_t offset, uint64_t size_bytes) {
  constexpr unsigned all =
      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  return or_errno(
      ::sync_file_range(fd, static_cast<off_t>(offset), static_cast<off_t>(size_bytes), all));
}

int FileCalls::allocate(int fd, uint64_t size_bytes) {
  return or_errno(::fallocate(fd, 0, 0, static_cast<off_t>(size_bytes)));
}

int FileCalls::truncate(int fd, uint64_t size_bytes) {
  return or_errno(::ftruncate(fd, static_cast<off_t>(size_bytes)));
}

int64_t FileCalls::size_of(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) < 0 ? -errno : static_cast<int64_t>(info.st_size);
}

int FileCalls::rename_at(int directory, const std::string& from, const std::string& to) {
  return or_errno(::renameat(directory, from.c_str(), directory, to.c_str()));
}

int FileCalls::remove_at(int directory, const std::string& name) {
  return or_errno(::unlinkat(directory, name.c_str(), 0));
}

bool FileCalls::exists_at(int directory, const std::string& name) {
  return ::faccessat(directory, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace coterie::world
