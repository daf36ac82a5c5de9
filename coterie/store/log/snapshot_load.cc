// See snapshot.h. A snapshot file read front to back: header, footer, then the blocks, some at a
// time.
#include <algorithm>

#include "coterie/base/codec.h"
#include "coterie/base/crc32c.h"
#include "coterie/store/log/snapshot.h"
#include "coterie/store/log/snapshot_format.h"

namespace coterie::store {

namespace {

constexpr uint64_t blocks_a_window =
    snapshot_window_bytes / (snapshot_block_bytes + snapshot_block_header_bytes);

Result<SnapshotFile> load_header(uint64_t file_bytes, const PieceReader& read) {
  if (file_bytes < snapshot_header_bytes) return fail(Fault::corrupt, "no snapshot header");
  COTERIE_TRY(fixed, read(0, snapshot_header_bytes));
  COTERIE_TRY(opaque_bytes, snapshot_opaque_bytes(fixed.view()));
  if (opaque_bytes > file_bytes - snapshot_header_bytes) {
    return fail(Fault::corrupt, "snapshot header of an impossible size");
  }
  COTERIE_TRY(header, read(0, snapshot_header_bytes + opaque_bytes));
  return decode_snapshot_header(header.view());
}

Result<SnapshotFooter> load_footer(uint64_t file_bytes, const PieceReader& read,
                                   const SnapshotFile& about) {
  const uint64_t body_at = snapshot_block_offset(about, 0);
  if (file_bytes - body_at < snapshot_footer_bytes) {
    return fail(Fault::corrupt, "snapshot without a footer");
  }
  const uint64_t blocks_bytes = file_bytes - body_at - snapshot_footer_bytes;
  COTERIE_TRY(bytes, read(file_bytes - snapshot_footer_bytes, snapshot_footer_bytes));
  COTERIE_TRY(footer, decode_snapshot_footer(bytes.view(), snapshot_header_crc(about)));
  if (footer.body_bytes > blocks_bytes ||
      snapshot_blocks_bytes(footer.body_bytes) != blocks_bytes) {
    return fail(Fault::corrupt, "snapshot of a wrong size");
  }
  return footer;
}

// What the taker says of a file that is good so far.
Result<void> verdict(Result<void> taken) {
  if (taken) return {};
  if (taken.error().fault == Fault::invalid) {
    return fail(Fault::invalid, taken.error().message + ": use the program that wrote it");
  }
  return fail(Fault::refused, taken.error().message);
}

Result<void> load_blocks(const PieceReader& read, const SnapshotFile& about, uint32_t blocks_crc,
                         SnapshotTaker* taker) {
  const uint32_t header_crc = snapshot_header_crc(about);
  uint32_t crc = 0;
  uint64_t left = about.body_bytes;
  for (uint64_t block = 0; left > 0;) {
    const uint64_t window_bytes =
        std::min<uint64_t>(left, blocks_a_window * uint64_t{snapshot_block_bytes});
    COTERIE_TRY(window,
                read(snapshot_block_offset(about, block), snapshot_blocks_bytes(window_bytes)));
    std::string_view bytes = window.view();
    for (const uint64_t left_after = left - window_bytes; left > left_after; ++block) {
      const auto size_bytes = static_cast<uint32_t>(std::min<uint64_t>(left, snapshot_block_bytes));
      COTERIE_TRY(body, check_snapshot_block(bytes, header_crc, block, size_bytes));
      crc = crc32c(bytes.substr(4, 4), crc);
      if (taker != nullptr) COTERIE_CHECK(verdict(taker->take(body)));
      bytes.remove_prefix(snapshot_block_header_bytes + size_bytes);
      left -= size_bytes;
    }
  }
  if (crc != blocks_crc) return fail(Fault::corrupt, "snapshot fails its total CRC");
  return {};
}

}  // namespace

Result<SnapshotFile> load_snapshot(uint64_t file_bytes, const PieceReader& read,
                                   std::optional<Index> expected, SnapshotTaker* taker) {
  COTERIE_TRY(about, load_header(file_bytes, read));
  if (expected && about.index != *expected) {
    return fail(Fault::corrupt, "its name is not its own");
  }
  COTERIE_TRY(footer, load_footer(file_bytes, read, about));
  about.body_bytes = footer.body_bytes;
  if (taker != nullptr) taker->begin(about);
  COTERIE_CHECK(load_blocks(read, about, footer.blocks_crc, taker));
  if (taker != nullptr) COTERIE_CHECK(verdict(taker->finish()));
  return about;
}

Result<SnapshotFile> check_snapshot(std::string_view file) {
  const auto read = [&](uint64_t offset, uint64_t size_bytes) -> Result<Payload> {
    return Payload::copy_of(file.substr(offset, size_bytes));
  };
  return load_snapshot(file.size(), read, std::nullopt, nullptr);
}

}  // namespace coterie::store
