// The wire form: what it is in bytes, that everything comes back, that fields can be appended, and
// that no bytes from outside crash the reader or make it allocate more than it was given.
#include "coterie/base/codec.h"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "coterie/base/random.h"

namespace coterie {
namespace {

enum class Colour : uint16_t { red = 1, green = 2 };

struct Inner {
  uint8_t small = 0;
  std::string name;
  bool operator==(const Inner&) const = default;
};

struct Ping {
  uint64_t round = 0;
  bool operator==(const Ping&) const = default;
};

struct Everything {
  bool flag = false;
  uint8_t u8 = 0;
  int16_t i16 = 0;
  uint32_t u32 = 0;
  int64_t i64 = 0;
  Colour colour = Colour::red;
  Term term;
  ReplicaId replica;
  Duration duration;
  Instant instant;
  WallTime wall;
  std::string text;
  Payload payload;
  std::vector<uint16_t> numbers;
  std::vector<Inner> inners;
  std::vector<Payload> payloads;
  std::optional<Inner> maybe;
  std::variant<Ping, Inner, std::string> body;

  bool operator==(const Everything&) const = default;
};

// The same message at two ages: fields are only ever appended.
struct Old {
  uint32_t number = 0;
  std::string text;
};
struct Grown {
  uint32_t number = 0;
  std::string text;
  std::vector<uint64_t> added{7, 8};
  std::optional<Inner> added_later;
};
struct HoldsOld {
  std::vector<Old> list;
  uint8_t last = 0;
};
struct HoldsGrown {
  std::vector<Grown> list;
  uint8_t last = 0;
};

std::string hex(const Payload& bytes) {
  std::string text;
  for (const char byte : bytes.view())
    text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

TEST(Codec, LittleEndianAtAPlace) {
  char place[8];
  store_le(place, uint32_t{0x01020304});
  EXPECT_EQ(std::string(place, 4), "\x04\x03\x02\x01");
  EXPECT_EQ(load_le<uint32_t>(place), 0x01020304u);
  store_le(place, int64_t{-2});
  EXPECT_EQ(load_le<int64_t>(place), -2);
}

// The wire form is a format: these bytes are in logs and between nodes of different versions.
TEST(Codec, TheBytesNeverChange) {
  EXPECT_EQ(hex(to_wire(uint32_t{258})), "02010000");
  EXPECT_EQ(hex(to_wire(std::string("ab"))),
            "02000000"
            "6162");
  EXPECT_EQ(hex(to_wire(Colour::green)), "0200");
  EXPECT_EQ(hex(to_wire(Index(5))), "0500000000000000");
  EXPECT_EQ(hex(to_wire(Inner{7, "x"})),
            "06000000"
            "07"
            "01000000"
            "78");
  EXPECT_EQ(hex(to_wire(std::vector<uint16_t>{1, 2})),
            "02000000"
            "0100"
            "0200");
  EXPECT_EQ(hex(to_wire(std::optional<uint8_t>())), "00");
  EXPECT_EQ(hex(to_wire(std::optional<uint8_t>(9))),
            "01"
            "09");
  EXPECT_EQ(hex(to_wire(std::variant<Ping, Inner>(Ping{1}))),
            "0000"
            "08000000"
            "0100000000000000");
  EXPECT_EQ(hex(to_wire(Old{1, ""})),
            "08000000"
            "01000000"
            "00000000");
}

rc::Gen<Inner> any_inner() {
  return rc::gen::construct<Inner>(rc::gen::arbitrary<uint8_t>(),
                                   rc::gen::arbitrary<std::string>());
}

rc::Gen<Payload> any_payload() {
  return rc::gen::map(rc::gen::arbitrary<std::string>(),
                      [](const std::string& s) { return Payload::copy_of(s); });
}

Everything any_everything() {
  Everything m;
  m.flag = *rc::gen::arbitrary<bool>();
  m.u8 = *rc::gen::arbitrary<uint8_t>();
  m.i16 = *rc::gen::arbitrary<int16_t>();
  m.u32 = *rc::gen::arbitrary<uint32_t>();
  m.i64 = *rc::gen::arbitrary<int64_t>();
  m.colour = *rc::gen::element(Colour::red, Colour::green);
  m.term = Term(*rc::gen::arbitrary<uint64_t>());
  m.replica.high = *rc::gen::arbitrary<uint64_t>();
  m.replica.low = *rc::gen::arbitrary<uint64_t>();
  m.duration.ns = *rc::gen::arbitrary<int64_t>();
  m.instant.ns = *rc::gen::arbitrary<int64_t>();
  m.wall.ms = *rc::gen::arbitrary<int64_t>();
  m.text = *rc::gen::arbitrary<std::string>();
  m.payload = *any_payload();
  m.numbers = *rc::gen::arbitrary<std::vector<uint16_t>>();
  m.inners = *rc::gen::container<std::vector<Inner>>(any_inner());
  m.payloads = *rc::gen::container<std::vector<Payload>>(any_payload());
  if (*rc::gen::arbitrary<bool>()) m.maybe = *any_inner();
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      m.body = Ping{*rc::gen::arbitrary<uint64_t>()};
      break;
    case 1:
      m.body = *any_inner();
      break;
    default:
      m.body = *rc::gen::arbitrary<std::string>();
  }
  return m;
}

RC_GTEST_PROP(Codec, EverythingComesBack, ()) {
  const Everything message = any_everything();
  const Payload bytes = to_wire(message);
  const Result<Everything> back = from_wire<Everything>(bytes);
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == message);
  RC_ASSERT(to_wire(*back) == bytes);
}

RC_GTEST_PROP(Codec, EveryCutIsNoticed, ()) {
  const Payload bytes = to_wire(any_everything());
  const auto length = *rc::gen::inRange<size_t>(0, bytes.size());
  // Only the whole is the message: the outermost length says so.
  if (length >= 4) RC_ASSERT(!from_wire<Everything>(bytes.slice(0, length)));
  RC_ASSERT(!from_wire<Everything>(Payload::copy_of(bytes.text() + "x")));
}

TEST(Codec, PayloadFieldsAreSlicesOfTheBytes) {
  Everything message;
  message.payload = Payload::copy_of("not copied");
  const Payload bytes = to_wire(message);
  const Result<Everything> back = from_wire<Everything>(bytes);
  ASSERT_TRUE(back);
  EXPECT_GE(back->payload.data(), bytes.data());
  EXPECT_LE(back->payload.data() + back->payload.size(), bytes.data() + bytes.size());
}

TEST(Codec, AnOldReaderSkipsAppendedFields) {
  HoldsGrown grown;
  grown.list = {{1, "a", {1, 2, 3}, Inner{4, "deep"}}, {2, "b", {}, {}}};
  grown.last = 9;
  const Result<HoldsOld> old = from_wire<HoldsOld>(to_wire(grown));
  ASSERT_TRUE(old);
  ASSERT_EQ(old->list.size(), 2u);
  EXPECT_EQ(old->list[0].text, "a");
  EXPECT_EQ(old->list[1].number, 2u);
  EXPECT_EQ(old->last, 9);
}

TEST(Codec, ANewReaderDefaultsAbsentFields) {
  HoldsOld old;
  old.list = {{1, "a"}, {2, "b"}};
  old.last = 9;
  const Result<HoldsGrown> grown = from_wire<HoldsGrown>(to_wire(old));
  ASSERT_TRUE(grown);
  ASSERT_EQ(grown->list.size(), 2u);
  EXPECT_EQ(grown->list[1].text, "b");
  EXPECT_EQ(grown->list[1].added, (std::vector<uint64_t>{7, 8}));
  EXPECT_FALSE(grown->list[1].added_later);
  EXPECT_EQ(grown->last, 9);
}

TEST(Codec, AnUnknownAlternativeIsMalformed) {
  using Two = std::variant<Ping, Inner>;
  using Three = std::variant<Ping, Inner, std::string>;
  EXPECT_FALSE(from_wire<Two>(to_wire(Three(std::string("new kind")))));
  EXPECT_TRUE(from_wire<Two>(to_wire(Three(Inner{1, "known"}))));
}

TEST(Codec, AForgedCountIsRefusedAtOnce) {
  PayloadBuilder forged;
  wire::put_integer(forged, uint32_t{0xffffffff});
  forged.append("abc");
  const Payload bytes = forged.take();
  EXPECT_EQ(from_wire<std::vector<uint8_t>>(bytes).error().fault, Fault::corrupt);
  EXPECT_FALSE(from_wire<std::vector<Inner>>(bytes));
  EXPECT_FALSE(from_wire<std::string>(bytes));
  EXPECT_FALSE(from_wire<Payload>(bytes));
}

// Flips, cuts, overwritten lengths and pure noise: whatever comes in, the reader answers with a
// message or an error, and what it has decoded it has been sent, byte for byte.
TEST(Codec, MalformedBytesNeverCrash) {
  Random random(31);
  Everything seed;
  seed.text = "text";
  seed.payload = Payload::copy_of("payload");
  seed.numbers = {1, 2, 3};
  seed.inners = {{1, "one"}, {2, "two"}};
  seed.payloads = {Payload::copy_of("p"), Payload()};
  seed.maybe = Inner{3, "three"};
  seed.body = std::string("body");
  const std::string good = to_wire(seed).text();
  int decoded = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string bytes = good;
    for (uint64_t changes = random.below(4) + 1; changes > 0; --changes) {
      const size_t place = random.below(bytes.size());
      switch (random.below(4)) {
        case 0:
          bytes[place] = static_cast<char>(random.next());
          break;
        case 1:
          bytes[place] = random.chance(0.5) ? '\xff' : '\0';
          break;
        case 2:
          bytes.resize(place + 1);
          break;
        default:
          bytes.insert(place, std::string(random.below(8), static_cast<char>(random.next())));
      }
    }
    const Result<Everything> back = from_wire<Everything>(Payload::copy_of(bytes));
    if (!back) continue;
    ++decoded;
    size_t held =
        back->text.size() + back->payload.size() + back->numbers.size() * 2 + back->inners.size();
    for (const Inner& inner : back->inners) held += inner.name.size();
    ASSERT_LE(held, bytes.size());
  }
  EXPECT_GT(decoded, 100) << "the changes were so rough that nothing got past the first check";
}

TEST(WireReader, ReadsWhatIsThere) {
  WireReader in(
      Payload::copy_of(std::string_view("\x02\x01"
                                        "abcdef",
                                        8)));
  EXPECT_EQ(in.integer<uint16_t>(), 0x0102);
  EXPECT_EQ(in.take(2), "ab");
  EXPECT_EQ(in.take_payload(3).view(), "cde");
  EXPECT_EQ(in.remaining(), 1u);
  EXPECT_TRUE(in.ok());
}

TEST(WireReader, TheFirstFailureIsLatched) {
  WireReader in(Payload::copy_of("abc"));
  EXPECT_EQ(in.integer<uint32_t>(), 0u);
  EXPECT_FALSE(in.ok());
  // What would have fitted is not given any more.
  EXPECT_EQ(in.take(1), "");
  EXPECT_EQ(in.integer<uint8_t>(), 0);
  EXPECT_TRUE(in.take_payload(1).empty());
  EXPECT_EQ(in.remaining(), 0u);
}

TEST(WireReader, NarrowingKeepsAReaderWithinItsPart) {
  WireReader in(Payload::copy_of("abcdef"));
  const std::string_view rest = in.narrow(2);
  EXPECT_EQ(in.remaining(), 2u);
  EXPECT_EQ(in.take(1), "a");
  in.widen(rest);  // "b" is skipped
  EXPECT_EQ(in.take(1), "c");
  EXPECT_TRUE(in.ok());
}

TEST(WireReader, AFailureInAPartFailsTheWhole) {
  WireReader in(Payload::copy_of("abcdef"));
  const std::string_view rest = in.narrow(2);
  EXPECT_EQ(in.take(3), "") << "the bytes are there, but not in this part";
  in.widen(rest);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.remaining(), 0u);
}

TEST(WireReader, APartCannotBeLargerThanTheWhole) {
  WireReader in(Payload::copy_of("abc"));
  in.widen(in.narrow(4));
  EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace coterie
