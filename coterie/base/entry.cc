// See entry.h.
#include "coterie/base/entry.h"

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/base/crc32c.h"

namespace coterie {

Result<Entry> Entry::from_bytes(const Payload& bytes) {
  if (bytes.size() < entry_header_bytes)
    return fail(Fault::corrupt, "entry shorter than its header");
  const char* at = bytes.data();
  const auto size_bytes = load_le<uint32_t>(at);
  if (size_bytes < entry_header_bytes || size_bytes > bytes.size() ||
      size_bytes > entry_bytes_max) {
    return fail(Fault::corrupt, "entry with an impossible size");
  }
  if (crc32c({at + 8, size_bytes - 8}) != load_le<uint32_t>(at + 4)) {
    return fail(Fault::corrupt, "entry fails its CRC");
  }
  const auto kind = load_le<uint16_t>(at + 12);
  if (kind > static_cast<uint16_t>(EntryKind::stamp)) {
    return fail(Fault::invalid, "entry of a kind this version does not know");
  }
  Entry entry;
  entry.group = GroupId(load_le<uint32_t>(at + 8));
  entry.kind = static_cast<EntryKind>(kind);
  entry.feature_level = load_le<uint16_t>(at + 14);
  entry.term = Term(load_le<uint64_t>(at + 16));
  entry.index = Index(load_le<uint64_t>(at + 24));
  entry.stamp_ms = load_le<int64_t>(at + 32);
  entry.bytes = bytes.slice(0, size_bytes);
  return entry;
}

void reserve_entry_header(PayloadBuilder& out) {
  COTERIE_ASSERT(out.size() == 0);
  out.extend(entry_header_bytes);
}

Entry seal_entry(const Entry& header, PayloadBuilder& out) {
  COTERIE_ASSERT(out.size() >= entry_header_bytes && out.size() <= entry_bytes_max);
  char bytes[entry_header_bytes];
  store_le(bytes, static_cast<uint32_t>(out.size()));
  store_le(bytes + 8, static_cast<uint32_t>(header.group.value));
  store_le(bytes + 12, static_cast<uint16_t>(header.kind));
  store_le(bytes + 14, header.feature_level);
  store_le(bytes + 16, header.term.value);
  store_le(bytes + 24, header.index.value);
  store_le(bytes + 32, header.stamp_ms);
  out.overwrite(8, {bytes + 8, entry_header_bytes - 8});
  store_le(bytes + 4, crc32c(out.view().substr(8)));
  out.overwrite(0, {bytes, 8});
  Entry entry = header;
  entry.bytes = out.take();
  return entry;
}

Entry make_entry(const Entry& header, std::string_view body) {
  PayloadBuilder out(entry_header_bytes + body.size());
  reserve_entry_header(out);
  out.append(body);
  return seal_entry(header, out);
}

}  // namespace coterie
