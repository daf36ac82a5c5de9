// Hash slots: the unit that copies, digests and, one day, shards are made of. The slot of a key is
// Redis Cluster's: CRC16 (XMODEM) modulo 16384 of the key, or of what stands between the first {
// and the next } when that is not empty.
#pragma once

#include <cstdint>
#include <string_view>

namespace coterie::state {

inline constexpr unsigned slots = 16384;

uint16_t key_slot(std::string_view key);

}  // namespace coterie::state
