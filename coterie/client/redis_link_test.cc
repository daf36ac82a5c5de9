// Against a listener that answers as it is told: what is asked arrives, what breaks is told apart
// from what did not happen.
#include "coterie/client/redis_link.h"

#include <functional>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace coterie::client {
namespace {

// Accepts one connection on a free port and lets `serve` have it.
class OneConnection {
 public:
  explicit OneConnection(std::function<void(int)> serve)
      : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    url.port = ntohs(address.sin_port);
    server_ = std::thread([this, serve = std::move(serve)] {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      serve(socket);
      ::close(socket);
    });
  }
  ~OneConnection() {
    ::shutdown(listener_, SHUT_RDWR);
    server_.join();
    ::close(listener_);
  }

  RedisUrl url;

 private:
  int listener_;
  std::thread server_;
};

std::string read_until(int socket, std::string_view end) {
  std::string text;
  char byte = 0;
  while (!text.ends_with(end) && ::recv(socket, &byte, 1, 0) == 1) text += byte;
  return text;
}

void write_text(int socket, std::string_view text) {
  ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
}

TEST(RedisLink, AsksAndHears) {
  std::string asked;
  OneConnection server([&](int socket) {
    asked = read_until(socket, "\r\nb\r\n");
    write_text(socket, "$5\r\nhel");
    write_text(socket, "lo\r\n");
  });
  Result<RedisLink> link = RedisLink::connect(server.url);
  ASSERT_TRUE(link);
  const Result<resp::Value> reply = link->command({"GET", "b"});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->text, "hello");
  EXPECT_EQ(asked, "*2\r\n$3\r\nGET\r\n$1\r\nb\r\n");
}

TEST(RedisLink, AnErrorOfTheNodeIsAnAnswer) {
  OneConnection server([](int socket) {
    read_until(socket, "PING\r\n");
    write_text(socket, "-ERR no\r\n");
    read_until(socket, "PING\r\n");
    write_text(socket, "+PONG\r\n");
  });
  Result<RedisLink> link = RedisLink::connect(server.url);
  ASSERT_TRUE(link);
  EXPECT_TRUE(link->command({"PING"})->is_error());
  EXPECT_EQ(link->command({"PING"})->text, "PONG");
}

TEST(RedisLink, GivesThePasswordAndSaysWhenItIsWrong) {
  OneConnection server([](int socket) {
    read_until(socket, "secret\r\n");
    write_text(socket, "-WRONGPASS invalid\r\n");
  });
  server.url.password = "secret";
  const Result<RedisLink> link = RedisLink::connect(server.url);
  ASSERT_FALSE(link);
  EXPECT_EQ(link.error().fault, Fault::refused);
}

TEST(RedisLink, NobodyThereMeansThatNothingHappened) {
  RedisUrl url;
  {
    url.port = OneConnection([](int) {}).url.port;
  }  // nobody listens there any more
  const Result<RedisLink> link = RedisLink::connect(url);
  ASSERT_FALSE(link);
  EXPECT_EQ(link.error().fault, Fault::io);
}

TEST(RedisLink, AConnectionThatBreaksLeavesTheOutcomeUnknown) {
  OneConnection server([](int socket) {
    read_until(socket, "INCR\r\n");
    write_text(socket, ":1");
  });
  Result<RedisLink> link = RedisLink::connect(server.url);
  ASSERT_TRUE(link);
  EXPECT_EQ(link->command({"INCR"}).error().fault, Fault::outcome_unknown);
  EXPECT_TRUE(link->broken());
  EXPECT_EQ(link->command({"INCR"}).error().fault, Fault::io) << "this one was not even sent";
}

TEST(RedisLink, ALateReplyIsNotTakenForTheNext) {
  OneConnection server([](int socket) { read_until(socket, "never\r\n"); });
  Result<RedisLink> link = RedisLink::connect(server.url, {.reply = milliseconds(30)});
  ASSERT_TRUE(link);
  EXPECT_EQ(link->command({"GET", "a"}).error().fault, Fault::outcome_unknown);
  EXPECT_TRUE(link->broken());
}

TEST(RedisLink, WaitingForAMessageInVainKeepsTheLink) {
  OneConnection server([](int socket) {
    read_until(socket, "PING\r\n");
    write_text(socket, "+PONG\r\n");
    read_until(socket, "never\r\n");
  });
  Result<RedisLink> link = RedisLink::connect(server.url);
  ASSERT_TRUE(link);
  EXPECT_EQ(link->receive(milliseconds(20)).error().fault, Fault::timed_out);
  EXPECT_FALSE(link->broken());
  EXPECT_EQ(link->command({"PING"})->text, "PONG");
}

TEST(RedisLink, BytesThatAreNoReplyBreakIt) {
  OneConnection server([](int socket) {
    read_until(socket, "PING\r\n");
    write_text(socket, "HTTP/1.1 400 Bad Request\r\n");
  });
  Result<RedisLink> link = RedisLink::connect(server.url);
  ASSERT_TRUE(link);
  EXPECT_FALSE(link->command({"PING"}));
  EXPECT_TRUE(link->broken());
}

TEST(RedisLink, CanBeMoved) {
  OneConnection server([](int socket) {
    read_until(socket, "PING\r\n");
    write_text(socket, "+PONG\r\n");
  });
  Result<RedisLink> first = RedisLink::connect(server.url);
  ASSERT_TRUE(first);
  RedisLink second = std::move(*first);
  EXPECT_EQ(second.command({"PING"})->text, "PONG");
}

}  // namespace
}  // namespace coterie::client
