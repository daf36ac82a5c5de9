// Histories as JSON lines: what is written is read again; what is wrong is refused with its line.
#include "coterie/proof/json_lines.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coterie::proof {
namespace {

using testing::HasSubstr;

// The example of docs/formats/history.md.
constexpr std::string_view example =
    R"({"client":3,"op":"set","key":"x","value":"7","start_ns":12500000,"end_ns":13100000,"outcome":"ok","result":"OK"})";

TEST(JsonLines, TheDocumentedLineIsRead) {
  const auto operation = operation_of_line(example);
  ASSERT_TRUE(operation) << operation.error().message;
  EXPECT_EQ(operation->client, 3u);
  EXPECT_EQ(operation->calls, (std::vector<Call>{{"set", "x", {"7"}}}));
  EXPECT_EQ(operation->result, Value::of(std::string("OK")));
  EXPECT_EQ(operation->called_ns, 12'500'000);
  EXPECT_EQ(operation->returned_ns, 13'100'000);
  EXPECT_EQ(line_of(*operation), example);
}

TEST(JsonLines, EveryKindOfOperationSurvivesWritingAndReading) {
  History history(4);
  history[0] = {1, {{"get", "k", {}}}, {}, -5, 7, Outcome::ok, {}};
  history[1] = {2, {{"cas", "k\n\"", {"a", "b"}}}, Value(), 1, 1, Outcome::unknown, {}};
  history[2] = {
      3,
      {{"get", "a", {}}, {"smembers", "b", {}}},
      Value::of(std::vector<Value>{
          Value(), Value::of(std::vector<Value>{Value::of(std::string("\xff\x00x", 3))})}),
      2,
      3,
      Outcome::ok,
      UINT64_MAX};
  history[3] = {4, {{"incr", "", {}}}, Value(), 4, 9, Outcome::failed, 7};
  std::stringstream file;
  write_history(history, file);
  const auto again = read_history(file);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, history);
}

TEST(JsonLines, NumbersAreTheirDigitsAndTheEndOfAnUnknownOneIsIgnored) {
  const auto number = operation_of_line(
      R"({"client":1,"op":"incr","key":"n","value":2,"start_ns":1,"end_ns":2,"outcome":"ok","result":12})");
  ASSERT_TRUE(number);
  EXPECT_EQ(number->result, Value::of(int64_t{12}));
  EXPECT_EQ(number->calls[0].args[0], "2");
  const auto unknown = operation_of_line(
      R"({"client":1,"op":"incr","key":"n","start_ns":5,"end_ns":2,"outcome":"unknown"})");
  ASSERT_TRUE(unknown) << unknown.error().message;
  EXPECT_EQ(unknown->outcome, Outcome::unknown);
}

TEST(JsonLines, ABadLineIsRefusedWithItsNumberAndTheReason) {
  const std::pair<std::string, std::string> bad[] = {
      {"{", "no JSON"},
      {"[]", "no JSON object"},
      {R"({"op":"get"})", "\"client\" is missing"},
      {R"({"client":-1})", "\"client\" is a number"},
      {R"({"client":1,"key":"x"})", "\"op\" is missing"},
      {R"({"client":1,"op":"get"})", "\"key\" is missing"},
      {R"({"client":1,"op":"get","key":{}})", "\"key\" is no text"},
      {R"({"client":1,"op":"get","key":"x","outcome":"done"})", "\"outcome\" is"},
      {R"({"client":1,"op":"get","key":"x","outcome":"ok"})", "\"start_ns\" is missing"},
      {R"({"client":1,"op":"get","key":"x","outcome":"ok","start_ns":1.5})", "nanoseconds"},
      {R"({"client":1,"op":"get","key":"x","outcome":"ok","start_ns":1})", "\"end_ns\" is missing"},
      {R"({"client":1,"op":"get","key":"x","outcome":"ok","start_ns":2,"end_ns":1})", "before"},
      {R"({"client":1,"op":"get","key":"x","outcome":"ok","start_ns":1,"end_ns":1})",
       "\"result\" is missing"},
      {R"({"client":1,"op":"get","key":"x","outcome":"ok","start_ns":1,"end_ns":1,"result":1.5})",
       "\"result\" is a text"},
      {R"({"client":1,"op":"get","key":"x","outcome":"ok","start_ns":1,"end_ns":1,"result":[[[[[]]]]]})",
       "lists in lists"},
      {R"({"client":1,"op":"set","key":"x","value":"1","args":[],"outcome":"ok"})", "exclude"},
      {R"({"client":1,"op":"set","key":"x","args":3})", "\"args\" is no list"},
      {R"({"client":1,"op":"set","key":"x","args":[null]})", "\"args\" holds"},
      {R"({"client":1,"op":"set","key":"x","end_n":3})", "there is no field \"end_n\""},
      {R"({"client":1,"op":"txn","calls":[]})", "list of \"calls\""},
      {R"({"client":1,"op":"txn","calls":[1]})", "no object"},
      {R"({"client":1,"op":"txn","calls":[{"op":"txn","key":"x"}]})", "in another"},
      {R"({"client":1,"op":"txn","calls":[{"op":"get","key":"x"}],"start_ns":1,"end_ns":1,"outcome":"ok","result":[]})",
       "for each of its"},
      {R"({"client":1,"op":"get","key":{"hex":"0"}})", "\"key\" is no text"},
      {R"({"client":1,"op":"get","key":"x","outcome":"unknown","start_ns":1,"order":-1})",
       "\"order\""},
  };
  for (const auto& [line, reason] : bad) {
    std::istringstream file(std::string(example) + "\n\n" + line + "\n");
    const auto history = read_history(file);
    ASSERT_FALSE(history) << line;
    EXPECT_EQ(history.error().fault, Fault::invalid);
    EXPECT_THAT(history.error().message, HasSubstr("line 3: ")) << line;
    EXPECT_THAT(history.error().message, HasSubstr(reason)) << line;
  }
}

TEST(JsonLines, TheLimitsAreSaid) {
  ReadLimits limits;
  limits.line_bytes_max = 200;
  std::istringstream lengthy(std::string(example) + "\n" + std::string(300'000, ' ') + "\n");
  EXPECT_THAT(read_history(lengthy, limits).error().message, HasSubstr("line 2: longer than 200"));
  limits.operations_max = 1;
  std::istringstream many(std::string(example) + "\n" + std::string(example));
  EXPECT_THAT(read_history(many, limits).error().message, HasSubstr("line 2: more than 1 oper"));
  limits.calls_max = 1;
  const auto calls = operation_of_line(
      R"({"client":1,"op":"txn","calls":[{"op":"get","key":"x"},{"op":"get","key":"x"}]})", limits);
  EXPECT_THAT(calls.error().message, HasSubstr("1 \"calls\" at most"));
}

TEST(JsonLines, LinesAcrossChunksAndWithoutAnEndAreRead) {
  std::string file;
  for (int i = 0; i < 3'000; ++i) file += std::string(example) + "\r\n";
  file += example;
  std::istringstream in(file);
  uint64_t told = 0;
  const auto history = read_history(in, {}, [&](uint64_t bytes) { told = bytes; });
  ASSERT_TRUE(history) << history.error().message;
  EXPECT_EQ(history->size(), 3'001u);
  EXPECT_EQ(told, file.size());
}

}  // namespace
}  // namespace coterie::proof
