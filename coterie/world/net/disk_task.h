// One submission to the disk on its way: from the loop to whoever carries it out and back to the
// loop, which made it, calls `done` and destroys it. Whoever carries it out only reads `parts`
// (base/payload.h) and fills in the outcome.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "coterie/base/payload.h"
#include "coterie/base/result.h"
#include "coterie/base/time.h"
#include "coterie/world/world.h"

namespace coterie::world {

struct DiskTask {
  enum class Kind { create, write, sync, read, rename, remove };

  Kind kind = Kind::write;
  std::string name;
  std::string to;  // rename
  uint64_t offset = 0;
  uint64_t size_bytes = 0;  // to create or read; of `parts`
  std::vector<Payload> parts;
  Sync sync = Sync::no;
  Disk::Done done;
  Disk::ReadDone read_done;

  PayloadBuilder buffer;  // read: size_bytes long, made by the loop
  char* place = nullptr;  // its bytes
  size_t read_bytes = 0;
  Result<void> result;
  Duration took;  // writes and syncs: how long the system calls took

  bool touches(const std::string& file) const {
    return name == file || (kind == Kind::rename && to == file);
  }
  bool synced_write() const { return kind == Kind::write && sync == Sync::yes; }
};

using DiskTasks = std::vector<std::unique_ptr<DiskTask>>;

}  // namespace coterie::world
