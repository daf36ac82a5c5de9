#include "coterie/base/reply.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "coterie/base/random.h"

namespace coterie {
namespace {

template <class Build>
std::string built(Build build) {
  ReplyBuilder out;
  build(out);
  return out.take().text();
}

std::string printed(double value) {
  char text[32];
  return {text, print_double(value, text)};
}

TEST(Reply, CanonicalForms) {
  EXPECT_EQ(built([](ReplyBuilder& out) { out.simple("OK"); }), "+OK\r\n");
  EXPECT_EQ(built([](ReplyBuilder& out) { out.error("ERR no"); }), "-ERR no\r\n");
  EXPECT_EQ(built([](ReplyBuilder& out) { out.integer(-7); }), ":-7\r\n");
  EXPECT_EQ(built([](ReplyBuilder& out) { out.integer(INT64_MIN); }), ":-9223372036854775808\r\n");
  EXPECT_EQ(built([](ReplyBuilder& out) { out.bulk("a\r\nb"); }), "$4\r\na\r\nb\r\n");
  EXPECT_EQ(built([](ReplyBuilder& out) { out.bulk(""); }), "$0\r\n\r\n");
  EXPECT_EQ(built([](ReplyBuilder& out) { out.null(); }), "_\r\n");
  EXPECT_EQ(built([](ReplyBuilder& out) { out.null_array(); }), "*-1\r\n");
  EXPECT_EQ(built([](ReplyBuilder& out) { out.array(0); }), "*0\r\n");
  EXPECT_EQ(built([](ReplyBuilder& out) { out.map(2); }), "%2\r\n");
  EXPECT_EQ(built([](ReplyBuilder& out) { out.set(3); }), "~3\r\n");
  EXPECT_EQ(built([](ReplyBuilder& out) { out.push(3); }), ">3\r\n");
  EXPECT_EQ(built([](ReplyBuilder& out) { out.boolean(true), out.boolean(false); }),
            "#t\r\n#f\r\n");
  EXPECT_EQ(built([](ReplyBuilder& out) { out.real(1.5); }), ",1.5\r\n");
  EXPECT_EQ(built([](ReplyBuilder& out) { out.raw("+kept\r\n"); }), "+kept\r\n");
}

TEST(Reply, AnErrorIsOneLineWhateverItQuotes) {
  EXPECT_EQ(built([](ReplyBuilder& out) { out.error("ERR unknown 'a\r\n+OK\r\n'"); }),
            "-ERR unknown 'a  +OK  '\r\n");
}

TEST(Reply, Helpers) {
  EXPECT_EQ(reply_ok().view(), "+OK\r\n");
  EXPECT_EQ(reply_integer(12).view(), ":12\r\n");
  EXPECT_TRUE(is_error(reply_error("ERR no")));
  EXPECT_FALSE(is_error(reply_ok()));
  EXPECT_FALSE(is_error(Reply()));
}

// As Redis 7.2 prints a double: whole numbers plainly as far as an integer can hold them, and
// otherwise the shortest digits that read back.
TEST(PrintDouble, AsRedisPrintsThem) {
  EXPECT_EQ(printed(0), "0");
  EXPECT_EQ(printed(-0.0), "-0");
  EXPECT_EQ(printed(1.5), "1.5");
  EXPECT_EQ(printed(-3), "-3");
  EXPECT_EQ(printed(0.1), "0.1");
  EXPECT_EQ(printed(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(printed(100'000), "100000");
  EXPECT_EQ(printed(1e15), "1000000000000000");
  EXPECT_EQ(printed(9007199254740993.0), "9007199254740992");
  EXPECT_EQ(printed(1e20), "1e+20");
  EXPECT_EQ(printed(1.25e300), "1.25e+300");
  EXPECT_EQ(printed(0.0001), "0.0001");
  EXPECT_EQ(printed(1e-7), "1e-7");
  EXPECT_EQ(printed(1.5e-10), "1.5e-10");
  EXPECT_EQ(printed(5e-324), "5e-324");
  EXPECT_EQ(printed(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(printed(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(printed(std::nan("")), "nan");
}

TEST(PrintDouble, ReadsBackAsTheSameDoubleWithinItsBound) {
  Random random(8);
  for (int i = 0; i < 200'000; ++i) {
    double value = 0;
    switch (random.below(3)) {
      case 0:
        value = static_cast<double>(static_cast<int64_t>(random.next())) / 1'000;
        break;
      case 1:
        value = random.unit() * portable_exp(random.unit() * 60 - 30);
        break;
      default: {
        const uint64_t bits = random.next();
        std::memcpy(&value, &bits, 8);
        if (!std::isfinite(value)) continue;
      }
    }
    const std::string text = printed(value);
    ASSERT_LE(text.size(), 32u);
    double back = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_EQ(end.ptr, text.data() + text.size()) << text;
    ASSERT_EQ(back, value) << text;
  }
}

}  // namespace
}  // namespace coterie
