// The pages, and the server that gives them: what it answers, refuses and bounds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/server/http/health_pages.h"
#include "coterie/server/http/http_server.h"
#include "coterie/world/net/loop_for_test.h"

namespace coterie::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using world::PlainSocket;

TEST(HealthPages, SayWhatTheSourcesSay) {
  std::optional<std::string> reason = "no leader is known";
  const HealthSources sources{.not_ready_reason = [&] { return reason; },
                              .status_json = [] { return R"({"node":1})"; }};
  EXPECT_EQ(health_page(sources, "GET", "/healthz").status, 200u);
  EXPECT_EQ(health_page(sources, "GET", "/healthz").body, "ok\n");
  EXPECT_EQ(health_page(sources, "GET", "/readyz").status, 503u);
  EXPECT_EQ(health_page(sources, "GET", "/readyz").body, "not ready: no leader is known\n");
  reason.reset();
  EXPECT_EQ(health_page(sources, "HEAD", "/readyz").status, 200u);
  const HttpReply status = health_page(sources, "GET", "/status.json");
  EXPECT_EQ(status.body, R"({"node":1})");
  EXPECT_EQ(status.content_type, "application/json");
  EXPECT_EQ(health_page(sources, "POST", "/status.json").status, 405u);
  EXPECT_EQ(health_page(sources, "GET", "/").status, 404u);
  EXPECT_EQ(health_page(sources, "GET", "/status.json/").status, 404u);
}

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    world::NetOptions options = world::options_for_test(scratch_, 1);
    options.listen.clear();
    world_ = world::open_for_test(options);
    world_->attach(tenant_);
  }
  void serve(HttpLimits limits = {}) {
    auto opened = HttpServer::open(
        *world_, "127.0.0.1:0", limits,
        health_handler({.not_ready_reason = [] { return std::optional<std::string>("starting"); },
                        .status_json = [] { return R"({"node":1})"; }}));
    ASSERT_TRUE(opened) << opened.error().message;
    server_ = std::move(*opened);
  }
  bool until(const std::function<bool()>& condition) {
    return world::run_until({world_.get()}, condition);
  }
  // The whole answer to a request after which the server closes.
  std::string answer(const std::string& request) {
    PlainSocket client(server_->port());
    client.send(request);
    until([&] { return client.ended(); });
    EXPECT_FALSE(client.was_reset());
    return client.received();
  }
  static std::string get(const std::string& path, const std::string& method = "GET") {
    return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  }

  world::ScratchDir scratch_;
  world::RecordingTenant tenant_;
  std::unique_ptr<world::NetWorld> world_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, Answers) {
  serve();
  const std::string health = answer(get("/healthz?probe=1"));
  EXPECT_THAT(health, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(health, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(health, EndsWith("\r\n\r\nok\n"));
  EXPECT_THAT(answer(get("/readyz")), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer(get("/status.json")), EndsWith("\r\n\r\n{\"node\":1}"));
  EXPECT_THAT(answer(get("/nothing")), StartsWith("HTTP/1.1 404 "));
  const std::string posted = answer(get("/healthz", "DELETE"));
  EXPECT_THAT(posted, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(posted, HasSubstr("Allow: GET, HEAD\r\n"));
  const std::string head = answer(get("/healthz", "HEAD"));
  EXPECT_THAT(head, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(head, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, AConnectionServesManyRequestsInOrder) {
  serve();
  PlainSocket client(server_->port());
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  client.send(request + "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" + request.substr(0, 10));
  const auto count = [&](const std::string& text) {
    int found = 0;
    for (size_t at = 0; (at = client.received().find(text, at)) != std::string::npos; ++at) ++found;
    return found;
  };
  until([&] { return count("200 OK") == 1 && count("404 Not Found") == 1; });
  client.send(request.substr(10));
  until([&] { return count("200 OK") == 2; });
  EXPECT_FALSE(client.ended());
}

TEST_F(HttpServerTest, MalformedAndOversizedRequestsAreRefused) {
  serve();
  EXPECT_THAT(answer("*1\r\n$4\r\nPING\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(
      answer("GET /healthz HTTP/1.1\r\nHost: x\r\nLong: " + std::string(20'000, 'x') + "\r\n\r\n"),
      StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(answer("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"),
              StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, IdleConnectionsAreClosed) {
  serve({.idle_max = milliseconds(100), .request_time_max = seconds(60)});
  PlainSocket idle(server_->port());
  until([&] { return idle.ended(); });
  EXPECT_EQ(idle.received(), "");
}

TEST_F(HttpServerTest, SlowRequestsAreGivenUp) {
  serve({.idle_max = seconds(60), .request_time_max = milliseconds(100)});
  PlainSocket slow(server_->port());
  slow.send("GET /healthz HT");
  until([&] { return slow.ended(); });
  EXPECT_EQ(slow.received(), "");
}

TEST_F(HttpServerTest, ConnectionsAreLimited) {
  serve({.connections_max = 2});
  auto one = std::make_unique<PlainSocket>(server_->port());
  PlainSocket two(server_->port());
  two.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return !two.received().empty(); });
  PlainSocket three(server_->port());
  until([&] { return three.ended(); });
  one.reset();
  until([&] {  // its place is free as soon as its end has been noticed
    PlainSocket four(server_->port());
    four.send(get("/healthz"));
    until([&] { return four.ended(); });
    return !four.received().empty();
  });
}

TEST_F(HttpServerTest, TheEndClosesConnections) {
  serve();
  PlainSocket client(server_->port());
  client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return !client.received().empty(); });
  server_.reset();
  for (int i = 0; i < 5; ++i) world_->turn(milliseconds(1));
  EXPECT_TRUE(client.ended());
}

}  // namespace
}  // namespace coterie::http
