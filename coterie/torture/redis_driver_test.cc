// Against a server that answers as it is told: what a client sees of a store that fails it.
#include "coterie/torture/redis_driver.h"

#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/torture/socket_for_test.h"

namespace coterie::torture {
namespace {

workload::Step step(std::vector<std::string> words, Duration patience = seconds(30)) {
  workload::Step one;
  one.words = std::move(words);
  one.patience = patience;
  return one;
}

class RedisDriverTest : public testing::Test {
 protected:
  // Accepts connections, one after the other, until `work` says that it is done.
  void serve(std::function<bool(const TestSocket&)> work) {
    server_ = std::thread([this, work = std::move(work)] {
      while (work(listener_.accept())) {
      }
    });
  }
  ~RedisDriverTest() override {
    if (server_.joinable()) server_.join();
  }
  client::RedisUrl url() const {
    client::RedisUrl url;
    url.port = listener_.port();
    return url;
  }

  TestSocket listener_ = TestSocket::listen();
  std::thread server_;
};

TEST_F(RedisDriverTest, KeepsItsConnectionAndHandsOverWhatWasPushed) {
  serve([](const TestSocket& client) {
    client.receive_through("PING\r\n");
    client.send(
        ">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$3\r\none\r\n"
        ">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$3\r\ntwo\r\n+PONG\r\n");
    client.receive_through("GET\r\n$1\r\nk\r\n");
    client.send("$-1\r\n");
    client.ending();
    return false;
  });
  RedisDriver driver({url()}, 1);
  const workload::Answer pong = driver.perform(step({"PING"}));
  ASSERT_TRUE(pong.value);
  EXPECT_EQ(pong.value->text, "PONG");
  ASSERT_EQ(pong.pushed.size(), 2u);
  EXPECT_EQ(pong.pushed[1].elements[2].text, "two");
  workload::Step get = step({"GET", "k"});
  get.same_connection = true;
  const workload::Answer nothing = driver.perform(get);
  ASSERT_TRUE(nothing.value);
  EXPECT_TRUE(nothing.value->is_null());
  EXPECT_EQ(nothing.connection, pong.connection);
  EXPECT_TRUE(nothing.pushed.empty());
}

TEST_F(RedisDriverTest, ALostAnswerIsNotAnUnsentCommand) {
  serve([connection = 0](const TestSocket& client) mutable {
    client.receive_through("\r\nk\r\n");
    if (++connection == 2) client.send(":1\r\n");
    return connection < 2;
  });
  RedisDriver driver({url()}, 1);
  const workload::Answer lost = driver.perform(step({"INCR", "k"}));
  EXPECT_FALSE(lost.value);
  EXPECT_TRUE(lost.sent);
  workload::Step belongs = step({"EXEC"});
  belongs.same_connection = true;
  const workload::Answer not_sent = driver.perform(belongs);
  EXPECT_FALSE(not_sent.value);
  EXPECT_FALSE(not_sent.sent) << "its connection is gone";
  const workload::Answer again = driver.perform(step({"INCR", "k"}));
  ASSERT_TRUE(again.value);
  EXPECT_GT(again.connection, lost.connection);
}

TEST_F(RedisDriverTest, ClosesTheConnectionWhenItsPatienceIsOver) {
  std::string ending;
  serve([&](const TestSocket& client) {
    client.receive_through("PING\r\n");
    ending = client.ending();
    return false;
  });
  RedisDriver driver({url()}, 1);
  const workload::Answer late = driver.perform(step({"PING"}, milliseconds(20)));
  EXPECT_FALSE(late.value);
  EXPECT_TRUE(late.sent);
  server_.join();
  EXPECT_EQ(ending, "closed");
}

TEST_F(RedisDriverTest, StopsWaiting) {
  serve([](const TestSocket& client) {
    client.ending();
    return false;
  });
  auto driver = std::make_unique<RedisDriver>(std::vector{url()}, 1);
  std::thread stopper([&] { driver->stop(); });
  EXPECT_FALSE(driver->perform(step({"BLPOP", "k", "0"}, seconds(3'600))).value);
  stopper.join();
  EXPECT_FALSE(driver->perform(step({"PING"})).sent) << "and does not begin again";
  driver.reset();
  // The server has seen a connection, or sees this one.
  TestSocket::connect(listener_.port());
}

TEST_F(RedisDriverTest, GoesToAnotherNode) {
  const uint16_t nobody = TestSocket::listen().port();
  client::RedisUrl dead;
  dead.port = nobody;
  serve([](const TestSocket& client) {
    client.receive_through("PING\r\n");
    client.send("+PONG\r\n");
    client.ending();
    return false;
  });
  RedisDriver driver({dead, url()}, 1);
  for (int i = 0; i < 1'000; ++i) {
    const workload::Answer answer = driver.perform(step({"PING"}));
    if (answer.value) return;
    EXPECT_FALSE(answer.sent);
  }
  FAIL() << "it never came to the node that is there";
}

}  // namespace
}  // namespace coterie::torture
