// Snapshots on disk: a header, the body in blocks of 64 KiB with a CRC32C each, a footer that makes it count. Written in
// pieces over many turns, so that nothing waits for them; a half-written one is removed at the next start.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "coterie/base/ids.h"
#include "coterie/base/payload.h"
#include "coterie/base/result.h"
#include "coterie/store/log/log.h"
#include "coterie/world/world.h"

namespace coterie::store {

// Writes one snapshot: append() pieces in order, then finish(). Dropped before that, it leaves a file that the next
// start removes. At most `window` bytes are given to the disk at once: ready() says whether append() is welcome.
class SnapshotWriter {
 public:
  SnapshotWriter(world::Disk& disk, const SnapshotFile& about);  // about.body_bytes is ignored
  ~SnapshotWriter();
  bool ready() const;
  void append(Payload piece);
  void finish(std::function<void(Result<SnapshotFile>)> done);  // durable when done
  bool failed() const;                                           // a write failed; finish() will say why
  uint64_t body_bytes() const;
};

// Reads a piece of the body, checked block by block; Fault::corrupt when a block fails its CRC.
void read_snapshot(world::Disk& disk, const SnapshotFile& file, uint64_t offset_bytes, uint32_t size_bytes_max,
                   std::function<void(Result<Payload>)> done);
// The whole body, synchronous: only before the first turn.
Result<Payload> load_snapshot(world::Disk& disk, const SnapshotFile& file);
// Removes all snapshots but the newest `keep`.
void remove_old_snapshots(world::Disk& disk, Index newest);

}  // namespace coterie::store
