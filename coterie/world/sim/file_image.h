// One simulated file: the content that reads see, and enough of the past to take back what was not
// synced.
//
// A disk writes sectors of 512 bytes; the kernel gathers them in pages of 4 KiB and writes those
// when it likes. So after a power loss every sector is as one of the writes since the last sync
// left it, or as none did. For each such write the image keeps the bytes that it replaced, cut at
// sector boundaries; a sync forgets them, a power loss puts some of them back. A sector that was
// being written may be torn or hold garbage, but only in the bytes that the write meant to change
// ("powersafe overwrite"): no disk is known to damage the others, and no log that appends could be
// built on one that did.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "coterie/base/payload.h"
#include "coterie/base/random.h"
#include "coterie/world/sim/options.h"

namespace coterie::sim {

inline constexpr uint64_t sector_bytes = 512;
inline constexpr uint64_t page_bytes = 4096;
// More unsynced sectors than this, and the kernel writes the oldest half back by itself.
inline constexpr size_t unsynced_sectors_max = 1 << 16;

class FileImage {
 public:
  // `size_bytes` zeros, all durable.
  explicit FileImage(uint64_t size_bytes);

  uint64_t size_bytes() const { return size_bytes_; }
  size_t unsynced_sectors() const { return unsynced_.size(); }

  // Grows the file if need be. With `durable` the sectors touched, and the size, survive from now
  // on.
  void write(uint64_t offset, std::string_view bytes, bool durable);
  void sync();
  // What is unsynced now will not become durable by a later sync, though it is read back until the
  // power goes.
  void fail_sync();
  // REQUIRES: the range lies in the file.
  void read(uint64_t offset, uint64_t size_bytes, char* out) const;
  void lose_power(Random& random, const CrashOptions& options, Survival survival);

  // Damage, at once. A loss of power may bring back what an unsynced write had replaced: as with a
  // place that could not be read for once. REQUIRES: inside the file.
  void flip_bit(uint64_t offset, unsigned bit);
  void overwrite_silently(uint64_t offset, std::string_view bytes);
  // Reads that touch these bytes fail until they are written again, by sector.
  void mark_unreadable(uint64_t offset, uint64_t size_bytes);
  bool readable(uint64_t offset, uint64_t size_bytes) const;

 private:
  using Page = std::array<char, page_bytes>;

  // A piece of a write that is not durable: what it replaced in one sector.
  struct Unsynced {
    uint64_t offset = 0;
    uint32_t size_bytes = 0;
    bool abandoned = false;  // a sync of it has failed
    Payload replaced;        // empty: zeros

    uint64_t sector() const { return offset / sector_bytes; }
    uint64_t end() const { return offset + size_bytes; }
  };

  Page& page_at(uint64_t offset);
  void put(uint64_t offset, std::string_view bytes);
  void put_zeros(uint64_t offset, uint64_t size_bytes);
  Payload saved(uint64_t offset, uint64_t size_bytes) const;
  void remember(uint64_t offset, uint64_t size_bytes);
  void take_back(const Unsynced& piece);
  void settle_sector(Random& random, const CrashOptions& options, const std::vector<size_t>& pieces,
                     size_t kept);
  void cut_to(uint64_t size_bytes);

  uint64_t size_bytes_ = 0;
  uint64_t durable_size_bytes_ = 0;
  std::vector<std::unique_ptr<Page>> pages_;  // none: zeros
  std::vector<Unsynced> unsynced_;            // oldest first
  std::vector<uint64_t> unreadable_;          // sectors
};

}  // namespace coterie::sim
