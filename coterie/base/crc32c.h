// CRC32C (Castagnoli), the check on every record, block and frame. Hardware speed by ISA-L.
#pragma once

#include <cstdint>
#include <string_view>

namespace coterie {

// The CRC32C of the bytes, continuing from `seed`: crc32c(b, crc32c(a)) == crc32c(a + b).
// crc32c("123456789") is 0xe3069283.
uint32_t crc32c(std::string_view bytes, uint32_t seed = 0);

}  // namespace coterie
