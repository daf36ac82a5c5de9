// The check values are those of RFC 3720, appendix B.4, and of the catalogue of parametrised CRCs.
#include "coterie/base/crc32c.h"

#include <string>

#include <gtest/gtest.h>

#include "coterie/base/random.h"

namespace coterie {
namespace {

// Bit by bit, from the polynomial: slow, and nothing to get wrong.
uint32_t crc32c_slowly(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0x82f63b78u : 0);
  }
  return ~crc;
}

TEST(Crc32c, KnownValues) {
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(Crc32c, AgreesWithTheDefinitionAtEveryLengthAndAlignment) {
  Random random(1);
  std::string bytes(600, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.next());
  for (size_t start = 0; start < 9; ++start) {
    for (size_t length = 0; length < 300; length += length < 40 ? 1 : 13) {
      const std::string_view part = std::string_view(bytes).substr(start, length);
      ASSERT_EQ(crc32c(part), crc32c_slowly(part)) << start << " " << length;
    }
  }
}

TEST(Crc32c, ContinuesAcrossEveryCut) {
  const std::string bytes = "an entry is a batch";
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(crc32c(bytes.substr(cut), crc32c(bytes.substr(0, cut))), crc32c(bytes));
  }
}

TEST(Crc32c, NoticesEveryFlippedBit) {
  std::string bytes = "term and vote are durable before any message of that term";
  const uint32_t right = crc32c(bytes);
  for (char& byte : bytes) {
    for (int bit = 0; bit < 8; ++bit) {
      byte = static_cast<char>(byte ^ (1 << bit));
      EXPECT_NE(crc32c(bytes), right);
      byte = static_cast<char>(byte ^ (1 << bit));
    }
  }
}

}  // namespace
}  // namespace coterie
