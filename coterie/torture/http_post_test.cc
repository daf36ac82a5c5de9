#include "coterie/torture/http_post.h"

#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/torture/socket_for_test.h"

namespace coterie::torture {
namespace {

using testing::HasSubstr;

const auto never = [] { return false; };

// The answer in these bytes, fed in pieces of `size`.
Result<HttpAnswer> parse(std::string_view bytes, size_t size = 1) {
  HttpAnswerParser parser;
  while (!bytes.empty()) {
    parser.feed(bytes.substr(0, size));
    bytes.remove_prefix(std::min(size, bytes.size()));
    const Result<bool> complete = parser.complete();
    if (!complete) return tl::unexpected(complete.error());
    if (*complete) return parser.answer();
  }
  return fail(Fault::timed_out, "incomplete");
}

TEST(HttpAnswerParser, ReadsABodyOfToldLengthInAnyPieces) {
  const std::string bytes = "HTTP/1.1 200 OK\r\nDate: now\r\ncontent-length:  5\r\n\r\nhello";
  for (size_t size = 1; size <= bytes.size(); ++size) {
    const Result<HttpAnswer> answer = parse(bytes, size);
    ASSERT_TRUE(answer) << size << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "hello");
  }
  EXPECT_EQ(parse(bytes.substr(0, bytes.size() - 1)).error().fault, Fault::timed_out);
}

TEST(HttpAnswerParser, ReadsChunks) {
  const std::string bytes =
      "HTTP/1.1 503 Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n"
      "0\r\n\r\n";
  for (size_t size = 1; size <= bytes.size(); ++size) {
    const Result<HttpAnswer> answer = parse(bytes, size);
    ASSERT_TRUE(answer) << size << answer.error().message;
    EXPECT_EQ(answer->status, 503);
    EXPECT_EQ(answer->body, "hello");
  }
}

TEST(HttpAnswerParser, RefusesWhatIsNoAnswerOrHasNoBound) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  for (const std::string& bytes :
       {std::string("nonsense\r\n\r\n"), ok + "\r\nbody", ok + "Content-Length: five\r\n\r\n",
        ok + "Content-Length: 5000000\r\n\r\n", ok + "no colon\r\n\r\n",
        ok + "Transfer-Encoding: gzip\r\n\r\n", std::string(20'000, 'x'),
        ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\n" + std::string(20'000, '1')})
    EXPECT_EQ(parse(bytes, 512).error().fault, Fault::corrupt) << bytes.substr(0, 60);
}

// A server of one connection.
class HttpConnectionTest : public testing::Test {
 protected:
  void serve(std::function<void(const TestSocket&)> work) {
    server_ = std::thread([this, work = std::move(work)] { work(listener_.accept()); });
  }
  ~HttpConnectionTest() override {
    if (server_.joinable()) server_.join();
  }

  TestSocket listener_ = TestSocket::listen();
  std::thread server_;
};

TEST_F(HttpConnectionTest, PostsOneAfterTheOther) {
  std::string first, second;
  serve([&](const TestSocket& client) {
    first = client.receive_through("{\"key\":1}");
    client.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    second = client.receive_through("{\"key\":2}");
    client.send("HTTP/1.1 400 Bad\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
  });
  HttpConnection connection(listener_.port());
  const Result<HttpAnswer> one = connection.post("/v3/kv/range", "{\"key\":1}", seconds(30), never);
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(one->body, "{}");
  const Result<HttpAnswer> two = connection.post("/v3/kv/put", "{\"key\":2}", seconds(30), never);
  ASSERT_TRUE(two) << two.error().message;
  EXPECT_EQ(two->status, 400);
  server_.join();
  EXPECT_THAT(first, HasSubstr("POST /v3/kv/range HTTP/1.1\r\n"));
  EXPECT_THAT(first, HasSubstr("Content-Length: 9\r\n"));
  EXPECT_THAT(second, HasSubstr("POST /v3/kv/put HTTP/1.1\r\n"));
}

TEST_F(HttpConnectionTest, TellsWhatDidNotHappenFromWhatMayHave) {
  serve([](const TestSocket& client) { client.receive(1); });
  {
    HttpConnection connection(listener_.port());
    const Result<HttpAnswer> lost = connection.post("/", "{}", seconds(30), never);
    EXPECT_EQ(lost.error().fault, Fault::outcome_unknown);
    server_.join();
  }
  const uint16_t port = listener_.port();
  listener_.close();
  HttpConnection connection(port);
  EXPECT_EQ(connection.post("/", "{}", seconds(30), never).error().fault, Fault::io);
}

TEST_F(HttpConnectionTest, WaitsNoLongerThanItsPatienceOrUntilItIsStopped) {
  serve([](const TestSocket& client) { client.ending(); });
  HttpConnection connection(listener_.port());
  EXPECT_EQ(connection.post("/", "{}", milliseconds(20), never).error().fault,
            Fault::outcome_unknown);
  server_.join();
  serve([](const TestSocket& client) { client.ending(); });
  const Result<HttpAnswer> stopped =
      connection.post("/", "{}", seconds(3'600), [] { return true; });
  EXPECT_EQ(stopped.error().message, "stopped");
}

}  // namespace
}  // namespace coterie::torture
