// See snapshot.h. Whole blocks are read and checked; what was asked for is copied out of them.
#include <algorithm>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/store/log/snapshot.h"
#include "coterie/store/log/snapshot_format.h"

namespace coterie::store {

namespace {

// What was asked for, in terms of blocks.
struct Piece {
  SnapshotFile file;
  uint64_t offset = 0;  // in the body
  uint64_t end = 0;

  uint64_t block_first() const { return offset / snapshot_block_bytes; }
  uint64_t block_end() const { return (end + snapshot_block_bytes - 1) / snapshot_block_bytes; }
  uint64_t file_offset() const { return snapshot_block_offset(file, block_first()); }
  uint64_t file_bytes() const {
    const uint64_t body_end = std::min(block_end() * snapshot_block_bytes, file.body_bytes);
    return snapshot_blocks_bytes(body_end - block_first() * snapshot_block_bytes);
  }
};

Result<Payload> extract(const Piece& piece, std::string_view blocks) {
  if (blocks.size() != piece.file_bytes()) {
    return fail(Fault::corrupt, "snapshot is shorter than it was");
  }
  const uint32_t header_crc = snapshot_header_crc(piece.file);
  PayloadBuilder out(piece.end - piece.offset);
  for (uint64_t block = piece.block_first(); block < piece.block_end(); ++block) {
    const uint64_t start = block * snapshot_block_bytes;
    const auto size_bytes = static_cast<uint32_t>(
        std::min<uint64_t>(snapshot_block_bytes, piece.file.body_bytes - start));
    COTERIE_TRY(body, check_snapshot_block(blocks, header_crc, block, size_bytes));
    blocks.remove_prefix(snapshot_block_header_bytes + size_bytes);
    const uint64_t from = std::max(piece.offset, start) - start;
    const uint64_t to = std::min<uint64_t>(piece.end - start, size_bytes);
    out.append(body.substr(from, to - from));
  }
  return out.take();
}

}  // namespace

void read_snapshot(world::Disk& disk, const SnapshotFile& file, uint64_t offset_bytes,
                   uint32_t size_bytes_max, std::function<void(Result<Payload>)> done) {
  Piece piece{file, std::min(offset_bytes, file.body_bytes), 0};
  piece.end = piece.offset + std::min<uint64_t>(size_bytes_max, file.body_bytes - piece.offset);
  if (piece.offset == piece.end) {
    // Nothing is wanted; the header's first byte is read, so that `done` comes from a completion.
    piece.end = piece.offset;
    disk.read(snapshot_name(file.index), 0, 1, [done = std::move(done)](Result<Payload> result) {
      done(result ? Result<Payload>(Payload()) : std::move(result));
    });
    return;
  }
  const uint64_t from = piece.file_offset();
  const uint64_t bytes = piece.file_bytes();
  disk.read(snapshot_name(file.index), from, bytes,
            [piece = std::move(piece), done = std::move(done)](Result<Payload> result) {
              if (!result) return done(std::move(result));
              auto extracted = extract(piece, result->view());
              if (!extracted) COTERIE_REACHED("damage found while a snapshot is read");
              done(std::move(extracted));
            });
}

void remove_old_snapshots(world::Disk& disk, const std::optional<SnapshotFile>& before,
                          Index newest) {
  if (!before || before->index == newest) return;
  disk.remove(snapshot_name(before->index), [](Result<void>) {});
}

}  // namespace coterie::store
