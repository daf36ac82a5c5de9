// The bytes of a connection: replies in order, errors, limits, and the ends it can come to.
#include "coterie/server/client/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/server/client/test_client.h"

namespace coterie::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Connection, AnswersInTheOrderOfTheCommands) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("SET a 1\r\nPING\r\nSET b 2\r\nECHO x\r\n");
  EXPECT_EQ(client.take(), "");
  node.gateway.answer(1, "+second\r\n");
  EXPECT_EQ(client.take(), "");
  node.gateway.answer(0, "+first\r\n");
  EXPECT_EQ(client.take(), "+first\r\n+PONG\r\n+second\r\n$1\r\nx\r\n");
  EXPECT_GT(client.touches, 0u);
}

TEST(Connection, UnderstandsRequestsCutAnywhere) {
  const std::string bytes =
      request({"SET", "k", "v\r\n"}) + "PING\r\n" + request({"GET", "k"}) + "echo 'a b'\r\n";
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    FakeNode node;
    TestClient client(node.hub);
    if (cut > 0) client.send(bytes.substr(0, cut));
    if (cut < bytes.size()) client.send(bytes.substr(cut));
    EXPECT_THAT(node.gateway.lines(), ElementsAre("log: set k v\r\n", "log: get k")) << cut;
    node.gateway.answer(0, "+OK\r\n");
    node.gateway.answer(1, "$3\r\nv\r\n\r\n");
    EXPECT_EQ(client.take(), "+OK\r\n+PONG\r\n$3\r\nv\r\n\r\n$3\r\na b\r\n") << cut;
  }
}

TEST(Connection, ClosesAfterAProtocolErrorAndAnswersWhatCameBefore) {
  FakeNode node;
  TestClient client(node.hub), other(node.hub);
  client.send("SET a 1\r\n*1\r\n$-7\r\nPING\r\n");
  EXPECT_FALSE(client.closed());
  node.gateway.answer(0, "+OK\r\n");
  EXPECT_EQ(client.take(), "+OK\r\n-ERR Protocol error: invalid bulk length\r\n");
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(other.call({"PING"}), "+PONG\r\n");
  EXPECT_EQ(node.hub.counters().protocol_errors, 1u);
}

TEST(Connection, QuitAnswersAndCloses) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("SET a 1\r\nQUIT\r\nPING\r\n");
  EXPECT_FALSE(client.closed());
  EXPECT_FALSE(client.connection().wants_input());
  node.gateway.answer(0, "+OK\r\n");
  EXPECT_EQ(client.take(), "+OK\r\n+OK\r\n");
  EXPECT_TRUE(client.closed());
}

TEST(Connection, HangsUpOnHttp) {
  for (const std::string line : {"POST / HTTP/1.1\r\n", "Host: x\r\n"}) {
    FakeNode node;
    TestClient client(node.hub);
    client.send(line + "SET a 1\r\n");
    EXPECT_TRUE(client.closed());
    EXPECT_EQ(client.take(), "");
    EXPECT_TRUE(node.gateway.asked.empty());
  }
}

TEST(Connection, AtTheEndOfInputAnswersWhatWasAskedThenCloses) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("GET a\r\n");
  client.send("SET a 1\r\nGE");
  client.connection().on_end_of_input();
  EXPECT_FALSE(client.closed());
  node.gateway.answer(0, "_\r\n");
  node.turn();
  node.gateway.answer(1, "+OK\r\n");
  EXPECT_EQ(client.take(), "$-1\r\n+OK\r\n");
  EXPECT_TRUE(client.closed());
  EXPECT_THAT(node.gateway.lines(), ElementsAre("read: get a", "log: set a 1"));
}

TEST(Connection, AtTheEndOfInputWithNothingToDoCloses) {
  FakeNode node;
  TestClient client(node.hub);
  client.connection().on_end_of_input();
  EXPECT_TRUE(client.closed());
}

TEST(Connection, AtTheEndOfInputWithdrawsWhatWaitsForOthers) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("SET a 1\r\nBLPOP q 0\r\nSET b 2\r\n");
  client.connection().on_end_of_input();
  EXPECT_FALSE(node.gateway.asked[0].cancelled);
  EXPECT_TRUE(node.gateway.asked[1].cancelled);
  EXPECT_FALSE(client.closed());
  node.gateway.answer(0, "+OK\r\n");
  EXPECT_EQ(client.take(), "+OK\r\n");
  EXPECT_TRUE(client.closed());
  node.gateway.answer(1, "*-1\r\n");  // too late: nobody is told
  EXPECT_EQ(client.take(), "");
}

TEST(Connection, DoesNotBeginToWaitAfterTheEndOfInput) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("GET a\r\n");
  client.send("BLPOP q 0\r\n");  // held back by the read
  client.connection().on_end_of_input();
  node.gateway.answer(0, "_\r\n");
  node.turn();
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(node.gateway.asked.size(), 1u);
}

TEST(Connection, WhenTheClientIsGoneCancelsWhatIsUnderWay) {
  FakeNode node;
  auto client = std::make_unique<TestClient>(node.hub);
  client->send("SET a 1\r\nBLPOP q 0\r\n");
  client->leave();
  EXPECT_TRUE(node.gateway.asked[0].cancelled);
  EXPECT_TRUE(node.gateway.asked[1].cancelled);
  client.reset();
  node.gateway.answer(0, "+OK\r\n");
  node.gateway.answer(1, "*-1\r\n");
  EXPECT_TRUE(node.hub.connections().empty());
}

TEST(Connection, LeavesWithWorkScheduled) {
  Settings settings;
  settings.limits.commands_per_turn_max = 1;
  FakeNode node(settings);
  auto client = std::make_unique<TestClient>(node.hub);
  client->send("PING\r\nPING\r\n");
  EXPECT_TRUE(node.hub.has_work());
  client.reset();
  node.turn();
  EXPECT_FALSE(node.hub.has_work());
}

TEST(Connection, SendsLargeRepliesByReference) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("GET a\r\nGET b\r\n");
  const Reply large = [] {
    ReplyBuilder out;
    out.bulk(std::string(100'000, 'x'));
    return out.take();
  }();
  node.hub.on_reply(node.gateway.asked[0].ticket, large);
  node.gateway.answer(1, "$1\r\ny\r\n");
  const std::vector<Payload>& pieces = client.connection().output();
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].data(), large.data());
  EXPECT_EQ(pieces[1].view(), "$1\r\ny\r\n");
}

TEST(Connection, CountsCommandsAndErrors) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("PING\r\nNOSUCH\r\nGET\r\nSET a 1\r\n");
  node.gateway.answer(0, "-ERR x\r\n");
  EXPECT_EQ(node.hub.counters().commands, 4u);
  EXPECT_EQ(node.hub.counters().error_replies, 3u);
}

// --- Limits.

TEST(ConnectionLimits, RefusesTheClientAfterTheLast) {
  Settings settings;
  settings.limits.clients_max = 2;
  FakeNode node(settings);
  TestClient a(node.hub), b(node.hub), c(node.hub);
  EXPECT_TRUE(c.closed());
  EXPECT_EQ(c.take(), "-ERR max number of clients reached\r\n");
  EXPECT_EQ(node.hub.counters().connections_rejected, 1u);
  a.leave();
  TestClient d(node.hub);
  EXPECT_EQ(d.call({"PING"}), "+PONG\r\n");
}

TEST(ConnectionLimits, StartsOnlySoManyCommandsATurn) {
  Settings settings;
  settings.limits.commands_per_turn_max = 3;
  size_t turns_wanted = 0;
  settings.want_turn = [&] { ++turns_wanted; };
  FakeNode node(settings);
  TestClient client(node.hub);
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += "ECHO " + std::to_string(i) + "\r\n";
  client.send(bytes);
  EXPECT_EQ(client.take(), "$1\r\n0\r\n$1\r\n1\r\n$1\r\n2\r\n");
  EXPECT_EQ(turns_wanted, 1u);
  node.turn();
  EXPECT_EQ(client.take(), "$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n");
  node.turn();
  EXPECT_EQ(client.take(), "$1\r\n6\r\n$1\r\n7\r\n");
  EXPECT_FALSE(node.hub.has_work());
  EXPECT_EQ(turns_wanted, 2u);
}

TEST(ConnectionLimits, ResumesOnlySoManyCommandsATurn) {
  Settings settings;
  settings.limits.commands_per_turn_max = 2;
  settings.limits.commands_resumed_per_turn_max = 2;
  size_t turns_wanted = 0;
  settings.want_turn = [&] { ++turns_wanted; };
  FakeNode node(settings);
  TestClient a(node.hub), b(node.hub), c(node.hub);
  for (TestClient* client : {&a, &b, &c}) client->send("ECHO 1\r\nECHO 2\r\nECHO 3\r\nECHO 4\r\n");
  for (TestClient* client : {&a, &b, &c}) client->take();
  const std::string rest = "$1\r\n3\r\n$1\r\n4\r\n";
  EXPECT_EQ(turns_wanted, 3u);
  for (TestClient* client : {&a, &b, &c}) {
    for (TestClient* other : {&a, &b, &c}) EXPECT_EQ(other->take(), "");
    EXPECT_TRUE(node.hub.has_work());
    node.turn();
    EXPECT_EQ(client->take(), rest);
  }
  EXPECT_EQ(turns_wanted, 5u);
  EXPECT_FALSE(node.hub.has_work());
}

TEST(ConnectionLimits, HasOnlySoManyCommandsUnderWay) {
  Settings settings;
  settings.limits.unanswered_max = 2;
  FakeNode node(settings);
  TestClient client(node.hub);
  client.send("SET a 1\r\nSET b 2\r\nSET c 3\r\n");
  EXPECT_EQ(node.gateway.asked.size(), 2u);
  node.gateway.answer(0, "+OK\r\n");
  EXPECT_EQ(node.gateway.asked.size(), 2u) << "the gateway is not called from within its own call";
  node.turn();
  EXPECT_EQ(node.gateway.asked.size(), 3u);
}

TEST(ConnectionLimits, HasOnlySoManyBytesUnderWay) {
  Settings settings;
  settings.limits.unanswered_bytes_max = 100;
  FakeNode node(settings);
  TestClient client(node.hub);
  client.ask({"SET", "a", std::string(100, 'x')});
  client.send("SET b 2\r\n");
  EXPECT_EQ(node.gateway.asked.size(), 1u);
  node.gateway.answer(0, "+OK\r\n");
  node.turn();
  EXPECT_EQ(node.gateway.asked.size(), 2u);
}

TEST(ConnectionLimits, ReadsNoMoreWhileTheNodeHasTooMuchToDo) {
  Settings settings;
  settings.limits.pending_bytes_max = 1'000;
  FakeNode node(settings);
  TestClient client(node.hub), other(node.hub);
  client.send("SET a 1\r\n");
  EXPECT_TRUE(client.connection().wants_input());
  node.gateway.pending = 1'001;
  client.send("SET b 2\r\n");
  EXPECT_FALSE(client.connection().wants_input());
  EXPECT_FALSE(other.connection().wants_input());
  client.send("SET c 3\r\n");  // was on its way
  EXPECT_EQ(node.gateway.asked.size(), 2u);
  node.gateway.pending = 501;
  node.gateway.answer(0, "+OK\r\n");
  EXPECT_FALSE(client.connection().wants_input());
  node.gateway.pending = 500;
  other.touches = 0;
  node.gateway.answer(1, "+OK\r\n");
  EXPECT_TRUE(client.connection().wants_input());
  EXPECT_GT(other.touches, 0u);
  node.turn();
  EXPECT_EQ(node.gateway.asked.size(), 3u);
}

TEST(ConnectionLimits, ReadsNoMoreWhileInputHasToWait) {
  Settings settings;
  settings.limits.held_input_bytes_max = 1'000;
  FakeNode node(settings);
  TestClient client(node.hub);
  client.send("BLPOP q 0\r\n");
  EXPECT_TRUE(client.connection().wants_input());
  client.send(std::string(990, '\n') + "SET a 1\r\n");
  EXPECT_TRUE(client.connection().wants_input());
  client.send("SET b 1\r\n");
  EXPECT_FALSE(client.connection().wants_input());
  node.gateway.answer(0, "*-1\r\n");
  node.turn();
  EXPECT_TRUE(client.connection().wants_input());
  EXPECT_EQ(node.gateway.asked.size(), 3u);
}

TEST(ConnectionLimits, ClosesAClientThatDoesNotTakeItsReplies) {
  Settings settings;
  settings.limits.output_bytes_max = 1'000;
  FakeNode node(settings);
  TestClient client(node.hub);
  client.unsent = 600;
  client.ask({"ECHO", std::string(200, 'x')});
  EXPECT_FALSE(client.closed());
  client.ask({"ECHO", std::string(200, 'x')});
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(client.take(), "") << "nothing more is kept for it";
  EXPECT_EQ(node.hub.counters().output_limit_closed, 1u);
}

TEST(ConnectionLimits, ClosesASubscriberThatDoesNotTakeItsMessages) {
  Settings settings;
  settings.limits.output_bytes_subscribed_max = 1'000;
  FakeNode node(settings);
  TestClient client(node.hub), other(node.hub);
  client.call({"SUBSCRIBE", "c"});
  other.call({"SUBSCRIBE", "c"});
  for (int i = 0; i < 10; ++i) {
    node.hub.on_published(Payload::copy_of("c"), Payload::copy_of(std::string(100, 'm')));
    other.take();
  }
  EXPECT_TRUE(client.closed());
  EXPECT_FALSE(other.closed());
}

TEST(ConnectionLimits, KeepsTheLimitsOfRequests) {
  Settings settings;
  settings.limits.request.elements_max = 3;
  FakeNode node(settings);
  TestClient client(node.hub);
  EXPECT_EQ(client.call({"MGET", "a", "b", "c"}),
            "-ERR Protocol error: invalid multibulk length\r\n");
  EXPECT_TRUE(client.closed());
}

// --- Who may come in.

TEST(ProtectedMode, RefusesOtherMachinesWithoutAPassword) {
  FakeNode node;
  for (const std::string remote : {"10.0.0.1:50000", "[2001:db8::1]:50000", "0.0.0.0:1"}) {
    TestClient client(node.hub, remote);
    EXPECT_TRUE(client.closed());
    EXPECT_THAT(client.take(), StartsWith("-DENIED Redis is running in protected mode"));
  }
  for (const std::string remote :
       {"127.0.0.1:50000", "127.8.9.10:1", "[::1]:50000", "[::ffff:127.0.0.1]:5", ""}) {
    TestClient client(node.hub, remote);
    EXPECT_EQ(client.call({"PING"}), "+PONG\r\n") << remote;
  }
}

TEST(ProtectedMode, LetsThemInWithAPasswordOrWhenItIsOff) {
  Settings with_password;
  with_password.password = "secret";
  FakeNode guarded(with_password);
  TestClient a(guarded.hub, "10.0.0.1:50000");
  EXPECT_EQ(a.call({"PING"}), "-NOAUTH Authentication required.\r\n");
  Settings off;
  off.protected_mode = false;
  FakeNode open(off);
  TestClient b(open.hub, "10.0.0.1:50000");
  EXPECT_EQ(b.call({"PING"}), "+PONG\r\n");
}

}  // namespace
}  // namespace coterie::server
