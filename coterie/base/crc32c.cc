// See crc32c.h. ISA-L's function works on the raw register; the inversions before and after are ours.
#include "coterie/base/crc32c.h"

#include <isa-l/crc.h>

namespace coterie {

uint32_t crc32c(std::string_view bytes, uint32_t seed) {
  auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
  return ~crc32_iscsi(data, static_cast<int>(bytes.size()), ~seed);
}

}  // namespace coterie
