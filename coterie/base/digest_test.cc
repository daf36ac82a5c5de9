#include "coterie/base/digest.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace coterie {
namespace {

uint64_t digest_of(std::initializer_list<std::string_view> parts) {
  Digest digest;
  for (const std::string_view part : parts) digest.add(part);
  return digest.value();
}

TEST(Digest, NeverChanges) {
  EXPECT_EQ(hash_of(""), 0x2d06800538d394c2u);  // XXH3's own check value for no bytes
  Digest digest;
  digest.add(uint64_t{7});
  digest.add("coterie");
  EXPECT_EQ(digest.value(), 0xfdaa6646e4029a80u);
}

TEST(Digest, WhereOnePartEndsCounts) {
  EXPECT_NE(digest_of({"ab", "c"}), digest_of({"a", "bc"}));
  EXPECT_NE(digest_of({"abc"}), digest_of({"abc", ""}));
  EXPECT_NE(digest_of({"abc", ""}), digest_of({"", "abc"}));
}

TEST(Digest, OrderCounts) { EXPECT_NE(digest_of({"a", "b"}), digest_of({"b", "a"})); }

TEST(Digest, ANumberIsNotItsNeighbour) {
  std::set<uint64_t> seen;
  for (uint64_t value = 0; value < 10'000; ++value) {
    Digest digest;
    digest.add(value);
    seen.insert(digest.value());
  }
  EXPECT_EQ(seen.size(), 10'000u);
}

TEST(Digest, TheSeedCounts) { EXPECT_NE(hash_of("a", 1), hash_of("a", 2)); }

}  // namespace
}  // namespace coterie
