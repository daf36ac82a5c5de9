#include "coterie/server/resp/value.h"

#include <gtest/gtest.h>

namespace coterie::resp {
namespace {

// The replies in `pieces`, described; the last element is the error when the stream broke.
std::vector<std::string> parse(const std::vector<std::string>& pieces,
                               const ReplyLimits& limits = {}) {
  ReplyParser parser(limits);
  std::vector<std::string> found;
  for (const std::string& piece : pieces) {
    parser.feed(piece);
    while (true) {
      auto next = parser.next();
      if (!next) {
        found.push_back("broken: " + next.error().message);
        return found;
      }
      if (!next->has_value()) break;
      found.push_back(describe(**next));
    }
  }
  return found;
}

std::vector<std::string> parse(const std::string& whole) { return parse(std::vector{whole}); }

const std::pair<std::string, std::vector<std::string>> samples[] = {
    {"+OK\r\n-ERR x\r\n:-5\r\n", {"OK", "(error) ERR x", "-5"}},
    {"$5\r\nhello\r\n$0\r\n\r\n$-1\r\n*-1\r\n_\r\n", {"\"hello\"", "\"\"", "nil", "nil", "nil"}},
    {"*2\r\n*0\r\n*2\r\n:1\r\n$1\r\na\r\n+x\r\n", {"[[], [1, \"a\"]]", "x"}},
    {"%2\r\n+a\r\n:1\r\n+b\r\n~1\r\n#t\r\n", {"{a: 1, b: set(true)}"}},
    {">2\r\n+message\r\n,1.25\r\n(123456789012345678901\r\n",
     {"push[message, 1.25]", "123456789012345678901"}},
    {"=9\r\ntxt:hello\r\n!5\r\nERR y\r\n#f\r\n", {"\"hello\"", "(error) ERR y", "false"}},
    {"|1\r\n+ttl\r\n:10\r\n*2\r\n|1\r\n+x\r\n+y\r\n:1\r\n|0\r\n:2\r\n", {"[1, 2]"}},
};

TEST(ReplyParser, ReadsBothProtocolsAtEverySplit) {
  for (const auto& [bytes, expected] : samples) {
    EXPECT_EQ(parse(bytes), expected) << bytes;
    for (size_t cut = 1; cut < bytes.size(); ++cut) {
      EXPECT_EQ(parse(std::vector{bytes.substr(0, cut), bytes.substr(cut)}), expected)
          << bytes << " cut at " << cut;
    }
    std::vector<std::string> single;
    for (char c : bytes) single.emplace_back(1, c);
    EXPECT_EQ(parse(single), expected) << bytes;
  }
}

TEST(ReplyParser, RefusesWhatIsNoReply) {
  for (const std::string bytes :
       {"x\r\n", "\r\n", ":\r\n", ":1x\r\n", "$x\r\n", "$-2\r\n", "*-2\r\n", "%-1\r\n", "#x\r\n",
        "$1\r\nabc", "+a\rb", "=2\r\nab\r\n", "*1\r\n?\r\n", "$9223372036854775807\r\n",
        "*9223372036854775807\r\n"}) {
    const auto found = parse(bytes);
    ASSERT_EQ(found.size(), 1u) << bytes;
    EXPECT_TRUE(found[0].starts_with("broken")) << bytes << ": " << found[0];
  }
}

TEST(ReplyParser, StaysBroken) {
  ReplyParser parser;
  parser.feed("x\r\n+OK\r\n");
  EXPECT_FALSE(parser.next().has_value());
  EXPECT_EQ(parser.next().error().fault, Fault::corrupt);
}

TEST(ReplyParser, KeepsItsLimits) {
  const ReplyLimits limits{.depth_max = 2, .reply_bytes_max = 20, .elements_max = 3};
  EXPECT_EQ(parse({"*1\r\n*1\r\n:1\r\n"}, limits), std::vector<std::string>{"[[1]]"});
  EXPECT_EQ(parse({"*1\r\n*1\r\n*1\r\n:1\r\n"}, limits),
            std::vector<std::string>{"broken: a reply is nested too deeply"});
  EXPECT_EQ(parse({"*3\r\n:1\r\n:1\r\n:1\r\n"}, limits), std::vector<std::string>{"[1, 1, 1]"});
  EXPECT_EQ(parse({"*4\r\n"}, limits),
            std::vector<std::string>{"broken: a reply has too many elements"});
  EXPECT_EQ(parse({"*2\r\n*2\r\n"}, limits),
            std::vector<std::string>{"broken: a reply has too many elements"});
  EXPECT_EQ(parse({"$21\r\n"}, limits),
            std::vector<std::string>{"broken: a reply is larger than allowed"});
  EXPECT_EQ(parse({"*3\r\n+aaaaaaa\r\n+bbbbbbb\r\n"}, limits),
            std::vector<std::string>{"broken: a reply is larger than allowed"});
  EXPECT_EQ(parse({"*1\r\n:1\r\n*1\r\n:1\r\n*1\r\n:1\r\n"}, limits).size(), 3u)
      << "limits are per reply";
}

TEST(ReplyParser, FindsInMaps) {
  ReplyParser parser;
  parser.feed("%2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n:2\r\n");
  const auto next = parser.next();
  ASSERT_TRUE(next && next->has_value());
  ASSERT_NE((*next)->find("b"), nullptr);
  EXPECT_EQ((*next)->find("b")->integer, 2);
  EXPECT_EQ((*next)->find("c"), nullptr);
}

}  // namespace
}  // namespace coterie::resp
