// The bytes of a snapshot file (docs/formats/snapshot.md): a header, the body in blocks of 64 KiB,
// a footer. The CRC of a block is seeded by that of the header and by the block's number, so that a
// block of another file or from another place never passes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "coterie/base/ids.h"
#include "coterie/base/payload.h"
#include "coterie/base/result.h"
#include "coterie/store/log/log.h"

namespace coterie::store {

inline constexpr uint32_t snapshot_format_version = 1;
inline constexpr size_t snapshot_header_bytes = 40;  // and the opaque header behind it
inline constexpr size_t snapshot_opaque_bytes_max = 16u << 20;
inline constexpr uint32_t snapshot_block_bytes = 64u << 10;  // of the body, in one block
inline constexpr size_t snapshot_block_header_bytes = 8;
inline constexpr size_t snapshot_footer_bytes = 32;

// "NNNNNNNNNNNNNNNNNNNN.snap", the index in 20 digits, and back.
std::string snapshot_name(Index index);
std::optional<Index> snapshot_index(std::string_view name);
std::string unfinished_snapshot_name(Index index);
bool is_unfinished_snapshot(std::string_view name);

// The header with the opaque one. REQUIRES: about.header.size() <= snapshot_opaque_bytes_max
Payload encode_snapshot_header(const SnapshotFile& about);
// The CRC that seeds the blocks'.
uint32_t snapshot_header_crc(const SnapshotFile& about);
// The seed of a block's CRC, which covers the u32 size and the bytes.
uint32_t snapshot_block_seed(uint32_t header_crc, uint64_t block);
// `blocks_crc`: CRC32C of the CRCs of all blocks, little-endian, in order.
Payload encode_snapshot_footer(uint32_t header_crc, uint64_t body_bytes, uint32_t blocks_crc);

// Bytes of the blocks of such a body, their headers included.
constexpr uint64_t snapshot_blocks_bytes(uint64_t body_bytes) {
  const uint64_t blocks = (body_bytes + snapshot_block_bytes - 1) / snapshot_block_bytes;
  return body_bytes + blocks * snapshot_block_header_bytes;
}
// Where in the file a block begins.
inline uint64_t snapshot_block_offset(const SnapshotFile& file, uint64_t block) {
  return snapshot_header_bytes + file.header.size() +
         block * (snapshot_block_bytes + snapshot_block_header_bytes);
}

// The body bytes of the block at the front of `bytes`; Fault::corrupt when it fails its check or is
// not `size_bytes` long.
Result<std::string_view> check_snapshot_block(std::string_view bytes, uint32_t header_crc,
                                              uint64_t block, uint32_t size_bytes);

// How long the opaque header is; `header`: the first snapshot_header_bytes of a file.
Result<uint32_t> snapshot_opaque_bytes(std::string_view header);
// `header` with the opaque one; body_bytes is left at zero. Fault::corrupt, or Fault::invalid when
// it is of another format version.
Result<SnapshotFile> decode_snapshot_header(std::string_view header);

struct SnapshotFooter {
  uint64_t body_bytes = 0;
  uint32_t blocks_crc = 0;
};
Result<SnapshotFooter> decode_snapshot_footer(std::string_view footer, uint32_t header_crc);

}  // namespace coterie::store
