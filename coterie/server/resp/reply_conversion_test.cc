#include "coterie/server/resp/reply_conversion.h"

#include <gtest/gtest.h>

namespace coterie::resp {
namespace {

struct Case {
  std::string canonical, resp2, resp3;
};

const Case cases[] = {
    {"+OK\r\n", "+OK\r\n", "+OK\r\n"},
    {"-ERR no\r\n", "-ERR no\r\n", "-ERR no\r\n"},
    {":42\r\n", ":42\r\n", ":42\r\n"},
    {"$5\r\nhello\r\n", "$5\r\nhello\r\n", "$5\r\nhello\r\n"},
    {"$9\r\n_\r\n*-1\r\n_\r\n", "$9\r\n_\r\n*-1\r\n_\r\n", "$9\r\n_\r\n*-1\r\n_\r\n"},
    {"$0\r\n\r\n", "$0\r\n\r\n", "$0\r\n\r\n"},
    {"_\r\n", "$-1\r\n", "_\r\n"},
    {"*-1\r\n", "*-1\r\n", "_\r\n"},
    {"*0\r\n", "*0\r\n", "*0\r\n"},
    {"*2\r\n$1\r\na\r\n_\r\n", "*2\r\n$1\r\na\r\n$-1\r\n", "*2\r\n$1\r\na\r\n_\r\n"},
    {"%1\r\n$1\r\na\r\n:1\r\n", "*2\r\n$1\r\na\r\n:1\r\n", "%1\r\n$1\r\na\r\n:1\r\n"},
    {"~2\r\n$1\r\na\r\n$1\r\nb\r\n", "*2\r\n$1\r\na\r\n$1\r\nb\r\n",
     "~2\r\n$1\r\na\r\n$1\r\nb\r\n"},
    {">2\r\n$1\r\na\r\n$1\r\nb\r\n", "*2\r\n$1\r\na\r\n$1\r\nb\r\n",
     ">2\r\n$1\r\na\r\n$1\r\nb\r\n"},
    {"#t\r\n", ":1\r\n", "#t\r\n"},
    {"#f\r\n", ":0\r\n", "#f\r\n"},
    {",1.5\r\n", "$3\r\n1.5\r\n", ",1.5\r\n"},
    {"(12\r\n", "$2\r\n12\r\n", "(12\r\n"},
    {"=9\r\ntxt:hello\r\n", "$5\r\nhello\r\n", "=9\r\ntxt:hello\r\n"},
    {"*3\r\n*-1\r\n%1\r\n+k\r\n~1\r\n#t\r\n:7\r\n", "*3\r\n*-1\r\n*2\r\n+k\r\n*1\r\n:1\r\n:7\r\n",
     "*3\r\n_\r\n%1\r\n+k\r\n~1\r\n#t\r\n:7\r\n"},
};

TEST(ReplyConversion, GivesEachProtocolItsForm) {
  for (const Case& c : cases) {
    const Reply canonical = Payload::copy_of(c.canonical);
    EXPECT_EQ(convert(canonical, Protocol::resp2).view(), c.resp2) << c.canonical;
    EXPECT_EQ(convert(canonical, Protocol::resp3).view(), c.resp3) << c.canonical;
    PayloadBuilder out;
    out.append("before");
    append_converted(out, c.canonical, Protocol::resp2);
    EXPECT_EQ(out.view(), "before" + c.resp2) << c.canonical;
  }
}

TEST(ReplyConversion, PassesOnByReferenceWhatIsTheSame) {
  for (const Case& c : cases) {
    const Reply canonical = Payload::copy_of(c.canonical);
    EXPECT_EQ(convert(canonical, Protocol::resp2).data() == canonical.data(),
              c.canonical == c.resp2)
        << c.canonical;
    EXPECT_EQ(convert(canonical, Protocol::resp3).data() == canonical.data(),
              c.canonical == c.resp3)
        << c.canonical;
  }
}

TEST(ReplyConversion, MeasuresTheFirstReply) {
  for (const Case& c : cases) {
    EXPECT_EQ(first_reply_bytes(c.canonical), c.canonical.size()) << c.canonical;
    EXPECT_EQ(first_reply_bytes(c.canonical + "+next\r\n"), c.canonical.size()) << c.canonical;
  }
}

TEST(ReplyConversion, SaysTextVerbatim) {
  const Reply text = reply_text("a\r\nb");
  EXPECT_EQ(text.view(), "=8\r\ntxt:a\r\nb\r\n");
  EXPECT_EQ(convert(text, Protocol::resp2).view(), "$4\r\na\r\nb\r\n");
}

}  // namespace
}  // namespace coterie::resp
