// See crc32c.h. ISA-L's function works on the raw register; the inversions before and after are
// ours.
#include "coterie/base/crc32c.h"

#include <isa-l/crc.h>

namespace coterie {

uint32_t crc32c(std::string_view bytes, uint32_t seed) {
  constexpr size_t part_bytes_max = size_t{1} << 30;  // its length is an int
  uint32_t raw = ~seed;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, part_bytes_max);
    auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(part.data()));
    raw = crc32_iscsi(data, static_cast<int>(part.size()), raw);
    bytes.remove_prefix(part.size());
  }
  return ~raw;
}

}  // namespace coterie
