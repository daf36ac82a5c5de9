// See digest.h.
#include "coterie/base/digest.h"

#include <xxhash.h>

namespace coterie {

uint64_t hash_of(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

void Digest::add(uint64_t value) {
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  state_ = hash_of({bytes, 8}, state_);
}

void Digest::add(std::string_view bytes) {
  state_ = hash_of(bytes, state_ ^ (bytes.size() * 0x9e3779b97f4a7c15ULL));
}

}  // namespace coterie
