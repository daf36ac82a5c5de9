// Shared by file_store.cc and file_work.cc only.
#pragma once

#include <algorithm>
#include <string>

#include <sys/stat.h>

#include "coterie/world/net/file_store.h"

namespace coterie::world {

inline constexpr const char* unfinished_prefix = ".unfinished-";

struct FileStore::OpenFile {
  OpenFile(FileCalls& the_calls, int the_fd, std::string the_name)
      : calls(the_calls), fd(the_fd), name(std::move(the_name)) {}
  ~OpenFile() { calls.close(fd); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  void mark_dirty(uint64_t from, uint64_t to) {
    dirty_from = dirty_to == 0 ? from : std::min(dirty_from, from);
    dirty_to = std::max(dirty_to, to);
  }

  FileCalls& calls;
  const int fd;
  const std::string name;
  uint64_t size_bytes = 0;
  uint64_t dirty_from = 0;  // written since the last sync: [dirty_from, dirty_to)
  uint64_t dirty_to = 0;
  uint64_t last_use = 0;  // guarded by the store's mutex
  bool failed = false;    // a sync failed
};

}  // namespace coterie::world
