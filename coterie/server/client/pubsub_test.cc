// SUBSCRIBE and its kin, PUBLISH, and what a subscriber may do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/server/client/test_client.h"

namespace coterie::server {
namespace {

using testing::StartsWith;

void publish(FakeNode& node, std::string_view channel, std::string_view message) {
  node.hub.on_published(Payload::copy_of(channel), Payload::copy_of(message));
}

TEST(Subscribe, DeliversInBothProtocols) {
  FakeNode node;
  TestClient two(node.hub), three(node.hub), other(node.hub);
  three.call({"HELLO", "3"});
  EXPECT_EQ(two.call({"SUBSCRIBE", "a", "b"}),
            "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n");
  EXPECT_EQ(three.call({"SUBSCRIBE", "a"}), ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
  two.touches = 0;
  publish(node, "a", "hi");
  publish(node, "nobody", "hi");
  EXPECT_EQ(two.take(), "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n");
  EXPECT_EQ(three.take(), ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n");
  EXPECT_EQ(other.take(), "");
  EXPECT_EQ(two.touches, 1u);
  EXPECT_EQ(node.hub.counters().messages_delivered, 2u);
}

TEST(Subscribe, ToPatterns) {
  FakeNode node;
  TestClient client(node.hub);
  EXPECT_EQ(client.call({"PSUBSCRIBE", "n*"}), "*3\r\n$10\r\npsubscribe\r\n$2\r\nn*\r\n:1\r\n");
  client.call({"SUBSCRIBE", "news"});
  publish(node, "news", "x");
  EXPECT_EQ(client.take(),
            "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nx\r\n*4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$"
            "4\r\nnews\r\n$1\r\nx\r\n");
  EXPECT_EQ(client.call({"PUNSUBSCRIBE"}), "*3\r\n$12\r\npunsubscribe\r\n$2\r\nn*\r\n:1\r\n");
  publish(node, "news", "x");
  EXPECT_EQ(client.take(), "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nx\r\n");
}

TEST(Unsubscribe, OneAllAndNone) {
  FakeNode node;
  TestClient client(node.hub);
  client.call({"SUBSCRIBE", "a", "b", "c"});
  EXPECT_EQ(
      client.call({"UNSUBSCRIBE", "b", "x"}),
      "*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:2\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nx\r\n:2\r\n");
  EXPECT_EQ(
      client.call({"UNSUBSCRIBE"}),
      "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n");
  EXPECT_EQ(client.call({"UNSUBSCRIBE"}), "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n");
  EXPECT_EQ(node.hub.subscriptions().channels(), 0u);
  EXPECT_EQ(client.connection().subscription_bytes, 0u);
  client.ask({"GET", "a"});
  EXPECT_EQ(node.gateway.asked.size(), 1u) << "no longer a subscriber";
}

TEST(Subscriber, OfResp2MayDoLittleElse) {
  FakeNode node;
  TestClient client(node.hub);
  client.call({"SUBSCRIBE", "a"});
  EXPECT_EQ(client.call({"GET", "k"}),
            "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
            "RESET are allowed in this "
            "context\r\n");
  EXPECT_THAT(client.call({"CLIENT", "ID"}), StartsWith("-ERR Can't execute 'client"));
  EXPECT_EQ(client.call({"PING"}), "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
  EXPECT_EQ(client.call({"PING", "x"}), "*2\r\n$4\r\npong\r\n$1\r\nx\r\n");
  EXPECT_EQ(client.call({"RESET"}), "+RESET\r\n");
  EXPECT_EQ(client.call({"PING"}), "+PONG\r\n");
  client.call({"SUBSCRIBE", "a"});
  EXPECT_EQ(client.call({"QUIT"}), "+OK\r\n");
  EXPECT_TRUE(client.closed());
}

TEST(Subscriber, OfResp3MayDoEverything) {
  FakeNode node;
  TestClient client(node.hub);
  client.call({"HELLO", "3"});
  client.call({"SUBSCRIBE", "a"});
  client.ask({"GET", "k"});
  publish(node, "a", "m");
  node.gateway.answer(0, "_\r\n");
  EXPECT_EQ(client.take(), ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nm\r\n_\r\n");
  EXPECT_EQ(client.call({"PING"}), "+PONG\r\n");
}

TEST(Publish, GoesThroughTheLogAndCountsTheReceiversHere) {
  FakeNode node;
  TestClient publisher(node.hub), a(node.hub), b(node.hub);
  a.call({"SUBSCRIBE", "news"});
  b.call({"PSUBSCRIBE", "n*", "*s"});
  publisher.ask({"PUBLISH", "news", "x"});
  EXPECT_EQ(node.gateway.lines().back(), "log: publish news x");
  node.gateway.answer(0, ":0\r\n");
  EXPECT_EQ(publisher.take(), ":3\r\n");
  publisher.ask({"PUBLISH", "news", "x"});
  node.gateway.answer(1, "-UNKNOWN the outcome of this command is not known\r\n");
  EXPECT_EQ(publisher.take(), "-UNKNOWN the outcome of this command is not known\r\n");
}

TEST(Subscribe, EndsWithTheConnection) {
  FakeNode node;
  auto client = std::make_unique<TestClient>(node.hub);
  client->call({"SUBSCRIBE", "a"});
  client->call({"PSUBSCRIBE", "a*"});
  client.reset();
  publish(node, "a", "m");
  EXPECT_EQ(node.hub.subscriptions().channels() + node.hub.subscriptions().patterns(), 0u);
}

TEST(SubscribeLimits, RefusesTheOneAfterTheLast) {
  Settings settings;
  settings.limits.subscriptions_max = 2;
  settings.limits.subscription_bytes_max = 10;
  FakeNode node(settings);
  TestClient client(node.hub);
  const std::string error = "-ERR too many subscriptions: at most 2 of 10 bytes together\r\n";
  client.call({"SUBSCRIBE", "a"});
  EXPECT_EQ(client.call({"SUBSCRIBE", "eleven-byte"}), error);
  client.call({"PSUBSCRIBE", "b"});
  EXPECT_EQ(client.call({"SUBSCRIBE", "a"}), "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:2\r\n");
  EXPECT_EQ(client.call({"SUBSCRIBE", "c"}), error);
  EXPECT_EQ(client.call({"PSUBSCRIBE", "c"}), error);
  client.call({"UNSUBSCRIBE", "a"});
  EXPECT_THAT(client.call({"PSUBSCRIBE", "c"}), StartsWith("*3"));
}

}  // namespace
}  // namespace coterie::server
