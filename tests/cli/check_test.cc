// coterie check as it is typed: verdicts, exit codes, and what it says of bad input.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_codes.h"
#include "cli/subcommands.h"

namespace coterie::cli {
namespace {

using testing::HasSubstr;

const std::string write_1 =
    R"({"client":1,"op":"set","key":"x","value":"1","start_ns":0,"end_ns":10,"outcome":"ok","result":"OK"})"
    "\n";
const std::string write_2 =
    R"({"client":1,"op":"set","key":"x","value":"2","start_ns":20,"end_ns":30,"outcome":"ok","result":"OK"})"
    "\n";
const std::string stale_read =
    R"({"client":2,"op":"get","key":"x","start_ns":40,"end_ns":50,"outcome":"ok","result":"1"})"
    "\n";

class Check : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }

  void write(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }
  int run(std::vector<std::string> words) {
    words.insert(words.begin(), "check");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = dispatch(words);
    std::fflush(stdout);
    out_ = testing::internal::GetCapturedStdout();
    error_ = testing::internal::GetCapturedStderr();
    return code;
  }
  int judge(const std::string& text, std::vector<std::string> words = {}) {
    write(text);
    words.push_back(path_);
    return run(words);
  }
  bool one_line_error() const { return out_.empty() && error_.find('\n') == error_.size() - 1; }

  const std::string path_ =
      (std::filesystem::path(testing::TempDir()) / "check_test.jsonl").string();
  std::string out_, error_;
};

// A recording that began on a server with data: the first result tells what was there, once.
TEST_F(Check, WhatAKeyHeldBeforeMayBeUnknown) {
  const auto read = [](const char* value, int start_ns) {
    return R"({"client":1,"op":"get","key":"x","start_ns":)" + std::to_string(start_ns) +
           R"(,"end_ns":)" + std::to_string(start_ns + 5) + R"(,"outcome":"ok","result":")" +
           value + "\"}\n";
  };
  EXPECT_EQ(judge(read("old", 0)), exit_no);
  EXPECT_EQ(judge(read("old", 0) + read("old", 10), {"--initial", "unknown"}), exit_done);
  EXPECT_EQ(judge(read("old", 0) + read("other", 10), {"--initial", "unknown"}), exit_no);
  EXPECT_EQ(
      judge(
          R"({"client":1,"op":"rpush","key":"q","value":"1","start_ns":0,"end_ns":10,"outcome":"ok","result":5})"
          "\n",
          {"--initial", "unknown"}),
      exit_data);
  EXPECT_THAT(error_, HasSubstr("rpush"));
  EXPECT_TRUE(one_line_error()) << error_;
}

TEST_F(Check, AHistoryThatHoldsEndsWithZero) {
  EXPECT_EQ(judge(write_1 + write_2), exit_done);
  EXPECT_THAT(out_, HasSubstr("holds (2 operations"));
  EXPECT_EQ(error_, "");
  EXPECT_EQ(judge(""), exit_done);
}

TEST_F(Check, AViolationIsShown) {
  EXPECT_EQ(judge(write_1 + write_2 + stale_read), exit_no);
  EXPECT_THAT(out_, HasSubstr("VIOLATED"));
  EXPECT_THAT(out_, HasSubstr("client 2's read of '1' began after client 1's write of '2'"));
  EXPECT_THAT(out_, HasSubstr("client 2  get x -> 1                     |---|"));
}

TEST_F(Check, TheVerdictAsJson) {
  EXPECT_EQ(judge(write_1 + write_2 + stale_read, {"--json", "--model", "register"}), exit_no);
  const boost::json::object verdict = boost::json::parse(out_).get_object();
  EXPECT_EQ(verdict.at("verdict"), "violated");
  EXPECT_EQ(verdict.at("key"), "x");
  EXPECT_EQ(verdict.at("shown_by").get_array().size(), 3u);
  EXPECT_EQ(judge(write_1, {"--json"}), exit_done);
  EXPECT_EQ(boost::json::parse(out_).get_object().at("verdict"), "holds");
}

TEST_F(Check, ABoundThatIsMetIsSaid) {
  std::string hard;
  for (int i = 0; i < 30; ++i) {
    hard += R"({"client":1,"op":"append","key":"x","value":"a)" + std::to_string(i) +
            R"(","start_ns":0,"end_ns":10,"outcome":"ok","result":)" + std::to_string(60 - i) +
            "}\n";
  }
  EXPECT_EQ(judge(hard, {"--max-steps", "5"}), exit_bound);
  EXPECT_THAT(out_, HasSubstr("bound: steps"));
  EXPECT_EQ(judge(hard, {"--max-open", "5", "--json"}), exit_bound);
  EXPECT_EQ(boost::json::parse(out_).get_object().at("bound"), "open operations");
}

TEST_F(Check, BadInputIsRefusedWithItsLine) {
  const std::pair<std::string, std::string> bad[] = {
      {write_1 + "{\"client\":\n", "line 2: no JSON"},
      {write_1 + "\n" + R"({"client":1,"op":"set"})", "line 3: \"key\" is missing"},
      {std::string(100, '\0'), "line 1: no JSON"},
      {R"({"client":1,"op":"fly","key":"x","start_ns":0,"end_ns":1,"outcome":"ok","result":null})",
       "there is no operation 'fly'"},
  };
  for (const auto& [text, reason] : bad) {
    EXPECT_EQ(judge(text), exit_data) << text;
    EXPECT_TRUE(one_line_error()) << error_;
    EXPECT_THAT(error_, HasSubstr(reason));
  }
  EXPECT_EQ(judge(write_1, {"--model", "queue"}), exit_data);
  EXPECT_THAT(error_, HasSubstr("the model queue does not know 'set'"));
}

TEST_F(Check, MistakesOnTheCommandLine) {
  EXPECT_EQ(run({"/no/such/history.jsonl"}), exit_no_input);
  EXPECT_TRUE(one_line_error()) << error_;
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"--model", "ledger", "x"},
                                             {"--max-open", "0", "x"},
                                             {"--max-open", "1025", "x"},
                                             {"--max-steps", "0", "x"},
                                             {"--max-memory", "0", "x"},
                                             {"--slack-ppm", "2000000", "x"},
                                             {"--slack-ms", "86400001", "x"}}) {
    EXPECT_EQ(run(words), exit_usage);
    EXPECT_TRUE(one_line_error()) << error_;
  }
  EXPECT_EQ(run({"--help"}), exit_done);
  EXPECT_THAT(out_, HasSubstr("Exit codes: 0 it holds, 1 it is violated, 3 a bound was met"));
}

TEST_F(Check, BytesThatDisturbATerminalAreWrittenOut) {
  EXPECT_EQ(
      judge(
          R"({"client":1,"op":"get","key":"a\u001b[31m","start_ns":0,"end_ns":1,"outcome":"ok","result":"\u0007"})"),
      exit_no);
  EXPECT_EQ(out_.find('\x1b'), std::string::npos);
  EXPECT_THAT(out_, HasSubstr("\\x1b[31m"));
}

}  // namespace
}  // namespace coterie::cli
