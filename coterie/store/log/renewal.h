// A file made anew: what was read of it is written to a new file, which then takes its place. So
// what was read is on the disk for certain, whatever had become of the old file's unwritten pages;
// and until the new one is, the old one is as it was.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "coterie/store/log/steps.h"
#include "coterie/world/world.h"

namespace coterie::store {

// At most so much of the file is in memory at once.
inline constexpr uint64_t renewal_piece_bytes = 16u << 20;

struct Renewal {
  std::string name;
  std::string unfinished_name;  // of the new file until it takes the place of the old one
  uint64_t size_bytes = 0;
  uint64_t used_bytes = 0;  // zeros follow
  uint32_t crc = 0;         // CRC32C of the bytes in use, as they were when they were judged
};

// Adds the steps. They end with Fault::io when the bytes are not those that were judged, with
// Fault::no_space when the disk has no room for a second file: then the unfinished one may be
// there. REQUIRES: used_bytes <= size_bytes; `owner` is that of the steps.
void add_renewal(world::Disk& disk, std::weak_ptr<void> owner, std::vector<Step>& steps,
                 const Renewal& renewal);

}  // namespace coterie::store
