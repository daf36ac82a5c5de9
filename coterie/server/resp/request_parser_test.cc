#include "coterie/server/resp/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace coterie::resp {
namespace {

using Request = std::vector<std::string>;

struct Parsed {
  std::vector<Request> requests;
  std::string error;
  bool operator==(const Parsed&) const = default;
};

void PrintTo(const Parsed& parsed, std::ostream* out) {
  *out << testing::PrintToString(parsed.requests) << " error '" << parsed.error << "'";
}

// Feeds the pieces one after the other, as a connection would.
Parsed parse(const std::vector<std::string>& pieces, const RequestLimits& limits = {},
             bool authenticated = true) {
  RequestParser parser(limits);
  parser.set_authenticated(authenticated);
  Parsed parsed;
  for (const std::string& piece : pieces) {
    const std::string lent =
        piece;  // freed after settle(), so that a view kept too long is noticed
    parser.feed(lent);
    RequestParser::Outcome outcome;
    while ((outcome = parser.next()) == RequestParser::Outcome::complete) {
      parsed.requests.emplace_back(parser.words().begin(), parser.words().end());
      parser.consume();
    }
    if (outcome == RequestParser::Outcome::malformed) {
      parsed.error = parser.error();
      return parsed;
    }
    parser.settle();
  }
  return parsed;
}

Parsed parse(const std::string& whole) { return parse(std::vector<std::string>{whole}); }

std::string encoded(const Request& words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words)
    out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return out;
}

const std::string samples[] = {
    "*1\r\n$4\r\nPING\r\n",
    "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n",
    "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n",
    "*2\r\n$4\r\nECHO\r\n$10\r\n\r\n*1\r\n$4\r\n\r\n",
    "PING\r\nSET a b\nGET \"a \\x41\\n\"\r\n",
    "*0\r\n\r\n\n*-1\r\n*1\r\n$4\r\nQUIT\r\n",
    "SET 'it\\'s' \"\" x\r\n*1\r\n$4\r\nPING\r\nPING\r\n",
    "*1\r\n$4\r\nPING\r\n*1\r\n:4\r\n",
    "*1\r\n$x\r\nPING\r\n",
    "PING\r\nSET \"a\r\n",
};

TEST(RequestParser, FindsTheSameRequestsAtEverySplit) {
  for (const std::string& sample : samples) {
    const Parsed whole = parse(sample);
    for (size_t cut = 0; cut <= sample.size(); ++cut) {
      EXPECT_EQ(parse(std::vector{sample.substr(0, cut), sample.substr(cut)}), whole)
          << sample << " cut at " << cut;
    }
    std::vector<std::string> bytes;
    for (char c : sample) bytes.emplace_back(1, c);
    EXPECT_EQ(parse(bytes), whole) << sample << " byte by byte";
  }
}

TEST(RequestParser, ReadsArraysOfBulkStrings) {
  EXPECT_EQ(parse(samples[1]).requests,
            (std::vector<Request>{{"SET", "key", "value"}, {"GET", "key"}}));
  EXPECT_EQ(parse(samples[2]).requests, (std::vector<Request>{{"ECHO", ""}}));
  EXPECT_EQ(parse(samples[3]).requests, (std::vector<Request>{{"ECHO", "\r\n*1\r\n$4\r\n"}}));
}

TEST(RequestParser, SkipsEmptyRequests) {
  EXPECT_EQ(parse(samples[5]).requests, (std::vector<Request>{{"QUIT"}}));
}

TEST(RequestParser, ReadsInlineCommands) {
  EXPECT_EQ(parse(samples[4]).requests,
            (std::vector<Request>{{"PING"}, {"SET", "a", "b"}, {"GET", "a A\n"}}));
  EXPECT_EQ(parse(samples[6]).requests,
            (std::vector<Request>{{"SET", "it's", "", "x"}, {"PING"}, {"PING"}}));
}

struct Quoted {
  std::string line;
  Request words;
};

TEST(RequestParser, QuotesAsRedisDoes) {
  const Quoted cases[] = {
      {"  a\t b\v", {"a", "b"}},
      {R"("a\nb\rc\td\ae\bf")", {"a\nb\rc\td\ae\bf"}},
      {R"("\x00\xfF\xg0\q")", {std::string("\0\xff", 2) + "xg0q"}},
      {R"('\n' 'a"b')", {"\\n", "a\"b"}},
      {R"(foo"bar")", {"foobar"}},
      {R"("a\"b" "c\\")", {"a\"b", "c\\"}},
      {std::string("a b\0 c d", 8), {"a", "b"}},
  };
  for (const Quoted& quoted : cases) {
    const Parsed parsed = parse(quoted.line + "\r\n");
    EXPECT_EQ(parsed.requests, std::vector<Request>{quoted.words}) << quoted.line;
  }
  for (const std::string line :
       {"\"a", "'a", "\"a\"b", "'a'b", "a\"", "\"a\\", "'\\'", "\"a\"\"b\""}) {
    EXPECT_EQ(parse(line + "\r\n").error, "Protocol error: unbalanced quotes in request") << line;
  }
}

struct Malformed {
  std::string bytes;
  std::string error;
};

TEST(RequestParser, RefusesMalformedRequestsWithRedisTexts) {
  const Malformed cases[] = {
      {"*x\r\n", "invalid multibulk length"},
      {"*3x\r\n", "invalid multibulk length"},
      {"*03\r\n", "invalid multibulk length"},
      {"*\r\n", "invalid multibulk length"},
      {"*-0\r\n", "invalid multibulk length"},
      {"*99999999999999999999\r\n", "invalid multibulk length"},
      {"*2147483648\r\n", "invalid multibulk length"},
      {"*1048577\r\n", "invalid multibulk length"},
      {"*1\rx", "invalid multibulk length"},
      {"*1\r\nx\r\n", "expected '$', got 'x'"},
      {"*1\r\n\r\n", "expected '$', got '\r'"},
      {"*1\r\n$-1\r\n", "invalid bulk length"},
      {"*1\r\n$\r\n", "invalid bulk length"},
      {"*1\r\n$a\r\n", "invalid bulk length"},
      {"*1\r\n$1 \r\na\r\n", "invalid bulk length"},
      {"*1\r\n$33554433\r\n", "invalid bulk length"},
      {"*1\r\n$33554432\r\n", "too big request"},
      {"*1\r\n$9223372036854775807\r\n", "invalid bulk length"},
      {"*2\r\n$16777216\r\n" + std::string(16777216, 'a') + "\r\n$16777216\r\n", "too big request"},
      {"*1\r\n$4\r\nPINGxx", "expected a line end after a bulk string"},
      {"*" + std::string(65536, '1'), "too big mbulk count string"},
      {"*1\r\n$" + std::string(65536, '1'), "too big bulk count string"},
      {std::string(65536, 'a'), "too big inline request"},
  };
  for (const Malformed& malformed : cases) {
    const Parsed parsed = parse(malformed.bytes);
    EXPECT_EQ(parsed.error, "Protocol error: " + malformed.error) << malformed.bytes.substr(0, 40);
    EXPECT_TRUE(parsed.requests.empty());
    if (malformed.bytes.size() < 1000) {
      for (size_t cut = 0; cut <= malformed.bytes.size(); ++cut) {
        EXPECT_EQ(parse(std::vector{malformed.bytes.substr(0, cut), malformed.bytes.substr(cut)}),
                  parsed)
            << cut;
      }
    }
  }
}

TEST(RequestParser, StaysMalformed) {
  RequestParser parser;
  parser.feed("*1\r\n$-5\r\n");
  ASSERT_EQ(parser.next(), RequestParser::Outcome::malformed);
  parser.settle();
  parser.feed("*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(parser.next(), RequestParser::Outcome::malformed);
}

TEST(RequestParser, KeepsItsLimits) {
  RequestLimits limits;
  limits.request_bytes_max = 38;
  limits.elements_max = 3;
  limits.bulk_bytes_max = 20;
  limits.inline_bytes_max = 30;
  EXPECT_EQ(parse(std::vector{encoded({"a", "b", "c"})}, limits).requests.size(), 1u);
  EXPECT_EQ(parse(std::vector{encoded({"a", "b", "c", "d"})}, limits).error,
            "Protocol error: invalid multibulk length");
  EXPECT_EQ(parse(std::vector{encoded({std::string(20, 'x')})}, limits).requests.size(), 1u);
  EXPECT_EQ(parse(std::vector{encoded({std::string(21, 'x')})}, limits).error,
            "Protocol error: invalid bulk length");
  EXPECT_EQ(parse(std::vector{encoded({std::string(20, 'x'), "y"})}, limits).requests.size(), 1u);
  EXPECT_EQ(parse(std::vector{encoded({std::string(20, 'x'), "yy"})}, limits).error,
            "Protocol error: too big request");
  EXPECT_EQ(parse(std::vector{std::string(29, 'x') + "\n"}, limits).requests.size(), 1u);
  EXPECT_EQ(parse(std::vector{std::string(30, 'x') + "\n"}, limits).error,
            "Protocol error: too big inline request");
}

TEST(RequestParser, LimitsUnauthenticatedClients) {
  const Request ten(10, "x"), eleven(11, "x");
  EXPECT_EQ(parse(std::vector{encoded(ten)}, {}, false).requests.size(), 1u);
  EXPECT_EQ(parse(std::vector{encoded(eleven)}, {}, false).error,
            "Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(parse(std::vector{encoded({std::string(16384, 'x')})}, {}, false).requests.size(), 1u);
  EXPECT_EQ(parse(std::vector{encoded({std::string(16385, 'x')})}, {}, false).error,
            "Protocol error: unauthenticated bulk length");
}

TEST(RequestParser, DoesNotCopyWhatCameWhole) {
  const std::string bytes = encoded({"GET", "key"}) + "SET a b\r\n";
  RequestParser parser;
  parser.feed(bytes);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(parser.next(), RequestParser::Outcome::complete);
    for (std::string_view word : parser.words()) {
      EXPECT_GE(word.data(), bytes.data());
      EXPECT_LE(word.data() + word.size(), bytes.data() + bytes.size());
    }
    parser.consume();
  }
  parser.settle();
  EXPECT_EQ(parser.waiting_bytes(), 0u);
  EXPECT_EQ(parser.buffer_bytes() < 1000, true);
}

TEST(RequestParser, FindsAgainWhatWasNotConsumed) {
  for (const std::string& request : {encoded({"SET", "k", "v"}), std::string("SET \"k\" v\r\n")}) {
    RequestParser parser;
    auto lent = std::make_unique<std::string>(request + request);
    parser.feed(*lent);
    ASSERT_EQ(parser.next(), RequestParser::Outcome::complete);
    ASSERT_EQ(parser.next(), RequestParser::Outcome::complete);
    parser.settle();
    lent.reset();
    for (int i = 0; i < 2; ++i) {
      ASSERT_EQ(parser.next(), RequestParser::Outcome::complete);
      EXPECT_THAT(parser.words(), testing::ElementsAre("SET", "k", "v"));
      parser.consume();
    }
    EXPECT_EQ(parser.next(), RequestParser::Outcome::incomplete);
  }
}

TEST(RequestParser, AnnouncedSizesAloneTakeNoMemory) {
  RequestParser parser;
  parser.feed("*1048576\r\n$33000000\r\nabc");
  EXPECT_EQ(parser.next(), RequestParser::Outcome::incomplete);
  parser.settle();
  EXPECT_LT(parser.buffer_bytes(), 10'000u);
}

TEST(RequestParser, GivesALargeBufferBack) {
  RequestParser parser;
  const std::string request = encoded({"SET", "k", std::string(4 << 20, 'v')});
  for (size_t at = 0; at < request.size(); at += 65536) {
    parser.feed(std::string_view(request).substr(at, 65536));
    if (parser.next() == RequestParser::Outcome::complete) parser.consume();
    parser.settle();
  }
  EXPECT_EQ(parser.waiting_bytes(), 0u);
  EXPECT_LT(parser.buffer_bytes(), 1u << 20);
}

RC_GTEST_PROP(RequestParserProperty, AnyRequestsInAnyPieces, ()) {
  const auto requests = *rc::gen::container<std::vector<Request>>(
      rc::gen::nonEmpty(rc::gen::container<Request>(rc::gen::string<std::string>())));
  std::string bytes;
  for (const Request& request : requests) bytes += encoded(request);
  std::vector<std::string> pieces;
  for (size_t at = 0; at < bytes.size();) {
    const auto size = *rc::gen::inRange<size_t>(1, 40);
    pieces.push_back(bytes.substr(at, size));
    at += size;
  }
  RC_ASSERT(parse(pieces).requests == requests);
}

}  // namespace
}  // namespace coterie::resp
