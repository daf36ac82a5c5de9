#include "coterie/base/entry.h"

#include <string>

#include <gtest/gtest.h>

#include "coterie/base/codec.h"
#include "coterie/base/random.h"

namespace coterie {
namespace {

const Entry header{.group = GroupId(5),
                   .kind = EntryKind::commands,
                   .feature_level = 2,
                   .term = Term(3),
                   .index = Index(9),
                   .stamp_ms = 1'700'000'000'123,
                   .bytes = {}};

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

TEST(Entry, ComesBackAsItWas) {
  const Entry entry = make_entry(header, "hello");
  const Result<Entry> back = Entry::from_bytes(entry.bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->group, GroupId(5));
  EXPECT_EQ(back->kind, EntryKind::commands);
  EXPECT_EQ(back->feature_level, 2);
  EXPECT_EQ(back->term, Term(3));
  EXPECT_EQ(back->index, Index(9));
  EXPECT_EQ(back->stamp_ms, 1'700'000'000'123);
  EXPECT_EQ(back->body().view(), "hello");
  EXPECT_EQ(*back, entry);
}

// The layout is a format: these bytes are in logs.
TEST(Entry, TheBytesNeverChange) {
  EXPECT_EQ(hex(make_entry(header, "hello").bytes.view()),
            "2d000000"
            "b8f87bb9"
            "05000000"
            "0100"
            "0200"
            "0300000000000000"
            "0900000000000000"
            "7b68e5cf8b010000"
            "68656c6c6f");
}

TEST(Entry, EmptyBodiesAndNegativeStamps) {
  Entry stamp = header;
  stamp.kind = EntryKind::stamp;
  stamp.stamp_ms = -1;
  const Result<Entry> back = Entry::from_bytes(make_entry(stamp, "").bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->stamp_ms, -1);
  EXPECT_TRUE(back->body().empty());
  EXPECT_EQ(back->bytes.size(), entry_header_bytes);
}

TEST(Entry, IsTheFirstRecordOfLongerBytesAndSharesThem) {
  const Entry first = make_entry(header, "first");
  const Payload both =
      Payload::copy_of(first.bytes.text() + make_entry(header, "second").bytes.text());
  const Result<Entry> entry = Entry::from_bytes(both);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->bytes, first.bytes);
  EXPECT_EQ(entry->bytes.data(), both.data());
}

TEST(Entry, IsBuiltInPlaceWithoutACopy) {
  PayloadBuilder out(entry_header_bytes + 4);
  reserve_entry_header(out);
  out.append("body");
  const char* where = out.view().data();
  const Entry entry = seal_entry(header, out);
  EXPECT_EQ(entry.bytes.data(), where);
  EXPECT_EQ(out.size(), 0u);
  EXPECT_TRUE(Entry::from_bytes(entry.bytes));
}

TEST(Entry, EveryFlippedBitIsNoticed) {
  const std::string good = make_entry(header, "every byte counts").bytes.text();
  for (const std::string& tail : {std::string(), std::string(200, '\0')}) {
    for (size_t place = 0; place < good.size(); ++place) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string bad = good + tail;
        bad[place] = static_cast<char>(bad[place] ^ (1 << bit));
        const Result<Entry> entry = Entry::from_bytes(Payload::copy_of(bad));
        ASSERT_FALSE(entry) << "byte " << place << " bit " << bit;
        EXPECT_EQ(entry.error().fault, Fault::corrupt);
      }
    }
  }
}

TEST(Entry, EveryCutIsNoticed) {
  const Payload good = make_entry(header, "whole or not at all").bytes;
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(Entry::from_bytes(good.slice(0, length))) << length;
  }
}

TEST(Entry, ZerosAreNoEntry) {
  EXPECT_FALSE(Entry::from_bytes(Payload::copy_of(std::string(4'096, '\0'))));
}

TEST(Entry, AKindOfALaterVersionIsToldApartFromDamage) {
  Entry later = header;
  later.kind = static_cast<EntryKind>(4);
  const Result<Entry> entry = Entry::from_bytes(make_entry(later, "?").bytes);
  ASSERT_FALSE(entry);
  EXPECT_EQ(entry.error().fault, Fault::invalid);
}

TEST(Entry, AnySizeFieldIsSurvived) {
  Random random(6);
  std::string bytes = make_entry(header, std::string(100, 'x')).bytes.text();
  for (int i = 0; i < 20'000; ++i) {
    const auto size = static_cast<uint32_t>(random.chance(0.5) ? random.next() : random.below(200));
    store_le(bytes.data(), size);
    EXPECT_EQ(Entry::from_bytes(Payload::copy_of(bytes)).has_value(), size == bytes.size());
  }
}

TEST(EntryDeathTest, AnEntryHasALimit) {
  PayloadBuilder out;
  reserve_entry_header(out);
  out.extend(entry_bytes_max - entry_header_bytes + 1);
  EXPECT_DEATH(seal_entry(header, out), "entry_bytes_max");
}

}  // namespace
}  // namespace coterie
