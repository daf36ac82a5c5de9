// Snapshots on disk: a header, the body in blocks of 64 KiB with a CRC32C each, a footer that makes
// it count (docs/formats/snapshot.md). Written in pieces over many turns, so that nothing waits for
// them; a half-written one is removed at the next start.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "coterie/base/ids.h"
#include "coterie/base/payload.h"
#include "coterie/base/result.h"
#include "coterie/store/log/log.h"
#include "coterie/world/world.h"

namespace coterie::store {

// At most this much is given to the disk at once.
inline constexpr uint64_t snapshot_window_bytes = 1u << 20;

// A snapshot is loaded in one piece when a replica starts.
inline constexpr uint64_t snapshot_body_bytes_max = 1u << 30;

// Writes one snapshot: append() pieces in order, then finish(). Dropped before that, it leaves a
// file that the next start, or the next writer of the same index, removes. At most
// snapshot_window_bytes are given to the disk at once: ready() says whether append() is welcome;
// what is appended all the same waits in memory. REQUIRES: one writer of an index at a time.
class SnapshotWriter {
 public:
  // about.body_bytes is ignored.
  SnapshotWriter(world::Disk& disk, const SnapshotFile& about);
  ~SnapshotWriter();
  SnapshotWriter(SnapshotWriter&&) noexcept;
  SnapshotWriter& operator=(SnapshotWriter&&) noexcept;

  bool ready() const;
  void append(Payload piece);
  // Durable, under its name, when done; a file of this index is replaced. After a failure the
  // unfinished file is removed. REQUIRES: once; the writer lives until done.
  void finish(std::function<void(Result<SnapshotFile>)> done);
  bool failed() const;  // a write failed; finish() will say why
  uint64_t body_bytes() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// Reads a piece of the body, checked block by block: `size_bytes_max` bytes from the offset, or up
// to the body's end. Fault::corrupt when a block fails its CRC.
void read_snapshot(world::Disk& disk, const SnapshotFile& file, uint64_t offset_bytes,
                   uint32_t size_bytes_max, std::function<void(Result<Payload>)> done);
// The whole body, synchronous: only before the first turn.
Result<Payload> load_snapshot(world::Disk& disk, const SnapshotFile& file);
// `newest` is durable: removes the one before it, if there was one and it is of another index.
// (Those that were there at the start, but for the newest, Log::open() removes.)
void remove_old_snapshots(world::Disk& disk, const std::optional<SnapshotFile>& before,
                          Index newest);

}  // namespace coterie::store
