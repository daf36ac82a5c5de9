// A line stays a line, whatever is logged.
#include "coterie/world/net/log_sink.h"

#include <algorithm>
#include <regex>

#include <gtest/gtest.h>

#include "coterie/world/net/loop_for_test.h"

namespace coterie::world {
namespace {

std::string logged(LogFormat format, LogLevel least, LogLevel level, std::string_view line) {
  ScratchDir scratch;
  auto sink =
      LogSink::open({.level = least, .format = format, .file = scratch.path("log")}, NodeId(3));
  EXPECT_TRUE(sink);
  (*sink)->write(level, line);
  return text_of_file(scratch.path("log"));
}

TEST(LogSink, TextHasTimeNodeLevelAndLine) {
  const std::string text = logged(LogFormat::text, LogLevel::info, LogLevel::warning, "slow disk");
  EXPECT_TRUE(
      std::regex_match(text, std::regex("....-..-..T..:..:..\\....Z node 3 warning: slow disk\n")))
      << text;
}

TEST(LogSink, TextCannotBeMadeToForgeALine) {
  const std::string text = logged(LogFormat::text, LogLevel::info, LogLevel::info, "a\nb\x1b[31m");
  EXPECT_NE(text.find("info: a b [31m\n"), std::string::npos) << text;
}

TEST(LogSink, JsonIsOneObjectALine) {
  const std::string text =
      logged(LogFormat::json, LogLevel::info, LogLevel::error, "say \"no\"\n\\ %v {}");
  EXPECT_NE(text.find(R"("node":3,"level":"error","message":"say \"no\"\u000a\\ %v {}"})"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.back(), '\n');
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST(LogSink, LinesBelowTheLevelAreDropped) {
  EXPECT_EQ(logged(LogFormat::text, LogLevel::warning, LogLevel::info, "x"), "");
  EXPECT_NE(logged(LogFormat::text, LogLevel::debug, LogLevel::debug, "x"), "");
}

TEST(LogSink, WhatCannotBeOpenedIsSaid) {
  const auto sink = LogSink::open({.file = "/proc/no-such-directory/log"}, NodeId(1));
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().fault, Fault::io);
}

TEST(LogSink, NamesOfLevelsAndFormats) {
  EXPECT_EQ(*parse_log_level("warning"), LogLevel::warning);
  EXPECT_EQ(parse_log_level("loud").error().message,
            "log level 'loud' is unknown: use debug, info, warning or error");
  EXPECT_EQ(*parse_log_format("json"), LogFormat::json);
  EXPECT_FALSE(parse_log_format("xml"));
}

}  // namespace
}  // namespace coterie::world
