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

// A body is never in memory as a whole: what bounds it is the state it holds, and this.
inline constexpr uint64_t snapshot_body_bytes_max = uint64_t{1} << 40;

// Writes one snapshot: append() pieces in order, then finish(). Dropped before that, it leaves a
// file that the next start, or the next writer of the same index, removes. At most
// snapshot_window_bytes are given to the disk at once: ready() says whether append() is welcome;
// what is appended all the same waits in memory. REQUIRES: one writer of an index at a time.
class SnapshotWriter {
 public:
  // about.body_bytes is ignored. A body of more than `body_bytes_max` is refused.
  SnapshotWriter(world::Disk& disk, const SnapshotFile& about,
                 uint64_t body_bytes_max = snapshot_body_bytes_max);
  ~SnapshotWriter();
  SnapshotWriter(SnapshotWriter&&) noexcept;
  SnapshotWriter& operator=(SnapshotWriter&&) noexcept;

  bool ready() const;
  void append(Payload piece);
  // Durable, under its name, when done; a file of this index is replaced. After a failure the
  // unfinished file is removed. REQUIRES: once; the writer lives until done.
  void finish(std::function<void(Result<SnapshotFile>)> done);
  bool failed() const;  // a write failed, or it was given up; finish() will say why
  // What was appended is of no use: it never gets its name; finish() will say so.
  void give_up(Error reason);
  uint64_t body_bytes() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// Reads a piece of the body, checked block by block: `size_bytes_max` bytes from the offset, or up
// to the body's end. Fault::corrupt when a block fails its CRC.
void read_snapshot(world::Disk& disk, const SnapshotFile& file, uint64_t offset_bytes,
                   uint32_t size_bytes_max, std::function<void(Result<Payload>)> done);

using PieceReader = std::function<Result<Payload>(uint64_t offset_bytes, uint64_t size_bytes)>;
// Reads a whole snapshot file front to back, once, a window at a time, and shows its body to
// `taker` unless that is null. Any bytes will do. Fault::corrupt: it is not whole, or another one
// than `expected`, if that is given. Fault::refused: it is whole, but the taker has no use for it.
// Fault::invalid: it is of another format. Other faults are the reader's.
Result<SnapshotFile> load_snapshot(uint64_t file_bytes, const PieceReader& read,
                                   std::optional<Index> expected, SnapshotTaker* taker);
// Of bytes in memory.
Result<SnapshotFile> check_snapshot(std::string_view file);
// `newest` is durable: removes the one before it, if there was one and it is of another index.
// (Those that were there at the start, but for the newest, Log::open() removes.)
void remove_old_snapshots(world::Disk& disk, const std::optional<SnapshotFile>& before,
                          Index newest);

}  // namespace coterie::store
