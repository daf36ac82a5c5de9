// See slot.h.
#include "coterie/store/state/slot.h"

#include <array>

namespace coterie::state {

namespace {

// CRC16 with polynomial x^16 + x^12 + x^5 + 1, initial value 0, most significant bit first
// (XMODEM).
constexpr std::array<uint16_t, 256> make_table() {
  std::array<uint16_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000u) != 0 ? (crc << 1) ^ 0x1021u : crc << 1;
    table[byte] = static_cast<uint16_t>(crc);
  }
  return table;
}
constexpr std::array<uint16_t, 256> table = make_table();

uint16_t crc16(std::string_view bytes) {
  unsigned crc = 0;
  for (char c : bytes)
    crc = ((crc << 8) ^ table[((crc >> 8) ^ static_cast<unsigned char>(c)) & 0xffu]) & 0xffffu;
  return static_cast<uint16_t>(crc);
}

}  // namespace

uint16_t key_slot(std::string_view key) {
  const size_t open = key.find('{');
  if (open != std::string_view::npos) {
    const size_t close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1)
      key = key.substr(open + 1, close - open - 1);
  }
  return crc16(key) % slots;
}

}  // namespace coterie::state
