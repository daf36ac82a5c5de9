// The system calls that the disk is made of, one virtual function each: a test puts a full, failing
// or slow disk in their place. They return what the kernel returns, or the negated errno.
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>
#include <sys/uio.h>

namespace coterie::world {

class FileCalls {
 public:
  virtual ~FileCalls() = default;

  // Always with O_CLOEXEC; a new file gets mode 0640.
  virtual int open_at(int directory, const std::string& name, int flags);
  virtual int close(int fd);
  virtual ssize_t write_at(int fd, const iovec* parts, int count, uint64_t offset);
  // The same, durable when it returns (RWF_DSYNC). -EOPNOTSUPP, -ENOSYS or -EINVAL where there is
  // no such thing.
  virtual ssize_t write_at_synced(int fd, const iovec* parts, int count, uint64_t offset);
  virtual ssize_t read_at(int fd, char* place, size_t size_bytes, uint64_t offset);
  virtual int sync_data(int fd);  // fdatasync
  virtual int sync_all(int fd);   // fsync: also for directories
  // Starts and awaits the writing of a range, without any promise of durability: it makes a later
  // sync short.
  virtual int write_out(int fd, uint64_t offset, uint64_t size_bytes);
  virtual int allocate(int fd, uint64_t size_bytes);
  virtual int truncate(int fd, uint64_t size_bytes);
  virtual int64_t size_of(int fd);
  virtual int rename_at(int directory, const std::string& from, const std::string& to);
  virtual int remove_at(int directory, const std::string& name);
  virtual bool exists_at(int directory, const std::string& name);
};

}  // namespace coterie::world
