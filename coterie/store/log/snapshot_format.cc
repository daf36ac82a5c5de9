// See snapshot_format.h.
#include "coterie/store/log/snapshot_format.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/base/crc32c.h"

namespace coterie::store {

namespace {

constexpr std::string_view snapshot_magic = "COTERSNP";
constexpr std::string_view footer_magic = "COTSNEND";
constexpr std::string_view snapshot_suffix = ".snap";
constexpr std::string_view unfinished_suffix = ".snap.tmp";
constexpr size_t index_digits = 20;

std::optional<Index> index_before(std::string_view name, std::string_view suffix) {
  if (name.size() != index_digits + suffix.size()) return std::nullopt;
  if (name.substr(index_digits) != suffix) return std::nullopt;
  uint64_t index = 0;
  const char* end = name.data() + index_digits;
  const auto [stopped, error] = std::from_chars(name.data(), end, index);
  if (error != std::errc{} || stopped != end || index == 0) return std::nullopt;
  return Index(index);
}

void fill_header(char* at, const SnapshotFile& about) {
  snapshot_magic.copy(at, snapshot_magic.size());
  store_le(at + 8, snapshot_format_version);
  store_le(at + 12, static_cast<uint32_t>(about.header.size()));
  store_le(at + 16, about.index.value);
  store_le(at + 24, about.term.value);
  store_le(at + 32, snapshot_block_bytes);
  store_le(at + 36, crc32c(about.header, crc32c({at, 36})));
}

}  // namespace

Result<uint32_t> snapshot_opaque_bytes(std::string_view header) {
  if (header.size() < snapshot_header_bytes || header.substr(0, 8) != snapshot_magic) {
    return fail(Fault::corrupt, "no snapshot header");
  }
  const auto opaque_bytes = load_le<uint32_t>(header.data() + 12);
  if (opaque_bytes > snapshot_opaque_bytes_max) {
    return fail(Fault::corrupt, "snapshot header of an impossible size");
  }
  return opaque_bytes;
}

Result<SnapshotFile> decode_snapshot_header(std::string_view header) {
  COTERIE_TRY(opaque_bytes, snapshot_opaque_bytes(header));
  if (opaque_bytes != header.size() - snapshot_header_bytes) {
    return fail(Fault::corrupt, "snapshot header cut short");
  }
  const char* at = header.data();
  const std::string_view opaque = header.substr(snapshot_header_bytes);
  if (load_le<uint32_t>(at + 36) != crc32c(opaque, crc32c({at, 36}))) {
    return fail(Fault::corrupt, "snapshot header fails its CRC");
  }
  if (load_le<uint32_t>(at + 8) != snapshot_format_version ||
      load_le<uint32_t>(at + 32) != snapshot_block_bytes) {
    return fail(Fault::invalid,
                fmt::format("snapshot of format {}, this program knows {}: use the program that "
                            "wrote it",
                            load_le<uint32_t>(at + 8), snapshot_format_version));
  }
  SnapshotFile about;
  about.index = Index(load_le<uint64_t>(at + 16));
  about.term = Term(load_le<uint64_t>(at + 24));
  about.header = std::string(opaque);
  return about;
}

std::string snapshot_name(Index index) {
  return fmt::format("{:020}{}", index.value, snapshot_suffix);
}

std::optional<Index> snapshot_index(std::string_view name) {
  return index_before(name, snapshot_suffix);
}

std::string unfinished_snapshot_name(Index index) {
  return fmt::format("{:020}{}", index.value, unfinished_suffix);
}

bool is_unfinished_snapshot(std::string_view name) {
  return index_before(name, unfinished_suffix).has_value();
}

Payload encode_snapshot_header(const SnapshotFile& about) {
  COTERIE_ASSERT(about.header.size() <= snapshot_opaque_bytes_max);
  PayloadBuilder out(snapshot_header_bytes + about.header.size());
  fill_header(out.extend(snapshot_header_bytes), about);
  out.append(about.header);
  return out.take();
}

uint32_t snapshot_header_crc(const SnapshotFile& about) {
  char header[snapshot_header_bytes];
  fill_header(header, about);
  return load_le<uint32_t>(header + 36);
}

uint32_t snapshot_block_seed(uint32_t header_crc, uint64_t block) {
  char bytes[12];
  store_le(bytes, header_crc);
  store_le(bytes + 4, block);
  return crc32c({bytes, sizeof bytes});
}

Payload encode_snapshot_footer(uint32_t header_crc, uint64_t body_bytes, uint32_t blocks_crc) {
  PayloadBuilder out(snapshot_footer_bytes);
  char* at = out.extend(snapshot_footer_bytes);
  footer_magic.copy(at, footer_magic.size());
  store_le(at + 8, body_bytes);
  store_le(at + 16, (body_bytes + snapshot_block_bytes - 1) / snapshot_block_bytes);
  store_le(at + 24, blocks_crc);
  store_le(at + 28, crc32c({at, 28}, header_crc));
  return out.take();
}

Result<std::string_view> check_snapshot_block(std::string_view bytes, uint32_t header_crc,
                                              uint64_t block, uint32_t size_bytes) {
  if (bytes.size() < snapshot_block_header_bytes + size_bytes ||
      load_le<uint32_t>(bytes.data()) != size_bytes) {
    return fail(Fault::corrupt, fmt::format("snapshot block {} is of a wrong size", block));
  }
  const std::string_view body = bytes.substr(snapshot_block_header_bytes, size_bytes);
  const uint32_t seed = snapshot_block_seed(header_crc, block);
  if (load_le<uint32_t>(bytes.data() + 4) != crc32c(body, crc32c(bytes.substr(0, 4), seed))) {
    return fail(Fault::corrupt, fmt::format("snapshot block {} fails its CRC", block));
  }
  return body;
}

Result<SnapshotFooter> decode_snapshot_footer(std::string_view footer, uint32_t header_crc) {
  if (footer.size() != snapshot_footer_bytes || footer.substr(0, 8) != footer_magic ||
      load_le<uint32_t>(footer.data() + 28) != crc32c(footer.substr(0, 28), header_crc)) {
    return fail(Fault::corrupt, "snapshot without a good footer");
  }
  SnapshotFooter decoded;
  decoded.body_bytes = load_le<uint64_t>(footer.data() + 8);
  decoded.blocks_crc = load_le<uint32_t>(footer.data() + 24);
  return decoded;
}

}  // namespace coterie::store
