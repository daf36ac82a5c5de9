// A Digest folds values into 64 bits (XXH3), to compare states and runs: equal states have equal
// digests, on every machine and with every compiler. Not a defence against an adversary.
#pragma once

#include <cstdint>
#include <string_view>

namespace coterie {

uint64_t hash_of(std::string_view bytes, uint64_t seed = 0);

class Digest {
 public:
  void add(uint64_t value);
  void add(std::string_view bytes);  // its length counts, so "ab","c" differs from "a","bc"
  uint64_t value() const { return state_; }

 private:
  uint64_t state_ = 0x636f746572696531ULL;
};

}  // namespace coterie
