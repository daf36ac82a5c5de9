// numbers.h: the strict integers and the timeouts of Redis.
#include "coterie/store/state/numbers.h"

#include <string>

#include <gtest/gtest.h>

#include "coterie/base/random.h"

namespace coterie::state {
namespace {

TEST(Integers, OnlyThePrintedForm) {
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("-1"), -1);
  EXPECT_EQ(parse_integer("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(parse_integer("-9223372036854775808"), INT64_MIN);
  for (const char* text :
       {"", "-", "-0", "00", "01", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "9223372036854775808",
        "-9223372036854775809", "123456789012345678901234567890"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_integer(std::string_view("1\0", 2)), std::nullopt);
}

TEST(Integers, WhatIsPrintedIsRead) {
  Random random(3);
  for (int run = 0; run < 10'000; ++run) {
    const auto value =
        static_cast<int64_t>(random.next() >> random.below(64)) * (random.chance(0.5) ? 1 : -1);
    EXPECT_EQ(parse_integer(IntegerText(value).view()), value);
  }
  EXPECT_EQ(IntegerText(INT64_MIN).view(), "-9223372036854775808");
}

TEST(Cursors, AreUnsigned) {
  EXPECT_EQ(parse_cursor("0"), 0u);
  EXPECT_EQ(parse_cursor(""), 0u);
  EXPECT_EQ(parse_cursor("007"), 7u);
  EXPECT_EQ(parse_cursor("+7"), 7u);
  EXPECT_EQ(parse_cursor("-1"), UINT64_MAX);
  EXPECT_EQ(parse_cursor("18446744073709551615"), UINT64_MAX);
  for (const char* text : {"a", "1 ", " 1", "-", "+", "--1", "+-1", "18446744073709551616"}) {
    EXPECT_EQ(parse_cursor(text), std::nullopt) << text;
  }
}

void expect_ms(std::string_view text, int64_t ms) {
  const Timeout timeout = parse_timeout(text);
  EXPECT_EQ(timeout.fault, TimeoutFault::none) << text;
  EXPECT_EQ(timeout.ms, ms) << text;
}

TEST(Timeouts, AreRoundedUpToMilliseconds) {
  expect_ms("0", 0);
  expect_ms("-0", 0);
  expect_ms("0.0000", 0);
  expect_ms("1", 1000);
  expect_ms("+1", 1000);
  expect_ms("0.1", 100);
  expect_ms(".5", 500);
  expect_ms("5.", 5000);
  expect_ms("0.0001", 1);
  expect_ms("0.035", 35);
  expect_ms("1.0010000", 1001);
  expect_ms("1.00100001", 1002);
  expect_ms("1e2", 100'000);
  expect_ms("12.5E-1", 1250);
  expect_ms("1e-300", 1);
  expect_ms("-0.0001", 0);
  expect_ms("9223372036854775.807", INT64_MAX);
}

TEST(Timeouts, FaultsAreTold) {
  for (const char* text : {"", "-", "a", "1s", " 1", "1 ", "1e", "1e+", "1..0", "nan", "1e5000",
                           "1e-6000", ".", "e1"}) {
    EXPECT_EQ(parse_timeout(text).fault, TimeoutFault::not_a_float) << text;
  }
  EXPECT_EQ(parse_timeout(std::string(6000, '1')).fault, TimeoutFault::not_a_float);
  for (const char* text :
       {"inf", "+INF", "Infinity", "1e300", "9223372036854775.808", "99999999999999999999"}) {
    EXPECT_EQ(parse_timeout(text).fault, TimeoutFault::out_of_range) << text;
  }
  for (const char* text : {"-1", "-0.001", "-inf", "-1e300"}) {
    EXPECT_EQ(parse_timeout(text).fault, TimeoutFault::negative) << text;
  }
}

}  // namespace
}  // namespace coterie::state
