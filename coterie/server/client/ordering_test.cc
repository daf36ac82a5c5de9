// The order of a connection's commands (connection.h, rules 1 to 5) against gateways that answer
// when it hurts most.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/base/random.h"
#include "coterie/server/client/test_client.h"

namespace coterie::server {
namespace {

using testing::ElementsAre;

TEST(Ordering, ReadsAloneDoNotGoThroughTheLog) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("GET a\r\nMGET b c\r\n");
  EXPECT_THAT(node.gateway.lines(), ElementsAre("read: get a", "read: mget b c"));
}

TEST(Ordering, ReadsGoThroughTheLogWhenAWriteIsInTheSameTurn) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("GET a\r\nPING\r\nGET b\r\nSET a 1\r\nGET a\r\n");
  EXPECT_THAT(node.gateway.lines(),
              ElementsAre("log: get a", "log: get b", "log: set a 1", "log: get a"));
}

TEST(Ordering, ReadsGoThroughTheLogWhileAWriteIsUnderWay) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("SET a 1\r\n");
  client.send("GET a\r\n");
  EXPECT_THAT(node.gateway.lines(), ElementsAre("log: set a 1", "log: get a"));
  node.gateway.answer(0, "+OK\r\n");
  client.send("GET b\r\n");
  EXPECT_EQ(node.gateway.lines().back(), "log: get b") << "the read in the log is still under way";
  node.gateway.answer(1, "$1\r\n1\r\n");
  node.gateway.answer(2, "_\r\n");
  client.send("GET c\r\n");
  EXPECT_EQ(node.gateway.lines().back(), "read: get c");
}

TEST(Ordering, AWriteWaitsForTheReadsBeforeIt) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("GET a\r\nGET b\r\n");
  client.send("GET c\r\nSET a 1\r\nGET a\r\n");
  EXPECT_THAT(node.gateway.lines(), ElementsAre("read: get a", "read: get b", "read: get c"));
  node.gateway.answer(2, "$1\r\nC\r\n");
  node.gateway.answer(0, "$1\r\nA\r\n");
  node.turn();
  EXPECT_EQ(node.gateway.asked.size(), 3u);
  node.gateway.answer(1, "$1\r\nB\r\n");
  EXPECT_EQ(node.gateway.asked.size(), 3u) << "the gateway is not called from within its own call";
  EXPECT_TRUE(node.hub.has_work());
  node.turn();
  EXPECT_THAT(node.gateway.lines(), ElementsAre("read: get a", "read: get b", "read: get c",
                                                "log: set a 1", "log: get a"));
  node.gateway.answer(3, "+OK\r\n");
  node.gateway.answer(4, "$1\r\n1\r\n");
  EXPECT_EQ(client.take(), "$1\r\nA\r\n$1\r\nB\r\n$1\r\nC\r\n+OK\r\n$1\r\n1\r\n");
}

TEST(Ordering, OtherConnectionsDoNotWait) {
  FakeNode node;
  TestClient client(node.hub), other(node.hub);
  client.send("GET a\r\n");
  client.send("SET a 1\r\n");
  other.send("SET b 1\r\n");
  EXPECT_THAT(node.gateway.lines(), ElementsAre("read: get a", "log: set b 1"));
}

TEST(Ordering, NothingOvertakesACommandThatWaits) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("RPUSH p 1\r\nBLPOP q 0\r\nSET a 1\r\nPING\r\n");
  EXPECT_THAT(node.gateway.lines(), ElementsAre("log: rpush p 1", "log: blpop q 0"));
  node.gateway.answer(0, ":1\r\n");
  EXPECT_EQ(client.take(), ":1\r\n");
  node.turn();
  EXPECT_EQ(node.gateway.asked.size(), 2u);
  node.gateway.answer(1, "*2\r\n$1\r\nq\r\n$1\r\nx\r\n");
  node.turn();
  EXPECT_EQ(node.gateway.lines().back(), "log: set a 1");
  node.gateway.answer(2, "+OK\r\n");
  EXPECT_EQ(client.take(), "*2\r\n$1\r\nq\r\n$1\r\nx\r\n+OK\r\n+PONG\r\n");
}

TEST(Ordering, StaleReadsAreAskedForOnlyAfterReadonly) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("GET a\r\nREADONLY\r\nGET b\r\nREADWRITE\r\nGET c\r\n");
  EXPECT_THAT(node.gateway.lines(), ElementsAre("read: get a", "stale: get b", "read: get c"));
}

TEST(Ordering, EachReadUsesTheDatabaseOfItsPlace) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("GET a\r\nSELECT 5\r\nGET a\r\nSET a 1\r\nSELECT 0\r\nSET a 1\r\n");
  ASSERT_EQ(node.gateway.asked.size(), 4u);
  EXPECT_EQ(node.gateway.asked[0].db, 0);
  EXPECT_EQ(node.gateway.asked[1].db, 5);
  EXPECT_EQ(node.gateway.asked[2].db, 5);
  EXPECT_EQ(node.gateway.asked[3].db, 0);
}

TEST(Ordering, WatchAndSubscribeWaitForAllBeforeThem) {
  for (const std::string command : {"WATCH k\r\n", "SUBSCRIBE c\r\n"}) {
    for (const std::string before : {"SET a 1\r\n", "GET a\r\n"}) {
      FakeNode node;
      TestClient client(node.hub);
      client.send(before + command);
      EXPECT_EQ(node.gateway.asked.size(), 1u);
      node.hub.on_published(Payload::copy_of("c"), Payload::copy_of("m"));
      EXPECT_EQ(client.take(), "");
      node.gateway.answer(0, "+before\r\n");
      EXPECT_EQ(client.take(), "+before\r\n");
      node.turn();
      if (command.starts_with("WATCH")) {
        EXPECT_EQ(node.gateway.lines().back(), "read: revisions k");
      } else {
        EXPECT_EQ(client.take(), "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
      }
    }
  }
}

// A client's program: commands on keys of its own, so that its replies depend on nothing but their
// order.
class Program {
 public:
  explicit Program(Random random) : random_(random) {}

  std::vector<std::vector<std::string>> make(size_t commands) {
    while (out_.size() < commands) add();
    return out_;
  }

 private:
  std::string key() { return std::string(1, static_cast<char>('a' + random_.below(4))); }
  std::string number() { return std::to_string(random_.below(100)); }

  void add() {
    switch (random_.below(16)) {
      case 0:
      case 1:
      case 2:
        return say({"GET", key()});
      case 3:
        return say({"MGET", key(), key(), key()});
      case 4:
        return say({"SET", key(), number()});
      case 5:
        return say({"APPEND", key(), number()});
      case 6:
        return say({"INCR", key()});
      case 7:
        return say({"DEL", key()});
      case 8:
        return say({"PING"});
      case 9:
        return say({"SELECT", random_.chance(0.5) ? "0" : "3"});
      case 10:
        return say({"STRLEN", key()});
      case 11:
        return say({"LPUSH", "list", number()});
      case 12:
        return say({"LRANGE", "list", "0", "-1"});
      case 13:
        say({"LPUSH", "queue", number()});
        return say({"BRPOP", "queue", "0"});
      case 14:
        return transaction();
      case 15:
        return say({"NOSUCHCOMMAND", key()});
    }
  }

  void transaction() {
    if (random_.chance(0.5)) say({"WATCH", key(), key()});
    if (random_.chance(0.3)) say({"INCR", key()});
    if (random_.chance(0.3)) say({"GET", key()});
    say({"MULTI"});
    for (uint64_t i = random_.below(4); i > 0; --i) {
      switch (random_.below(5)) {
        case 0:
          say({"SELECT", random_.chance(0.5) ? "0" : "3"});
          break;
        case 1:
          say({"ECHO", number()});
          break;
        case 2:
          say({"GET", key()});
          break;
        case 3:
          say({"RPOP", "list"});
          break;
        case 4:
          say({"APPEND", key(), number()});
          break;
      }
    }
    say({random_.chance(0.8) ? "EXEC" : "DISCARD"});
  }

  void say(std::vector<std::string> words) { out_.push_back(std::move(words)); }

  Random random_;
  std::vector<std::vector<std::string>> out_;
};

// What a client gets that waits for each reply before its next command.
std::string replies_to_the_patient(const std::vector<std::vector<std::string>>& program) {
  StateNode node;
  TestClient client(node.hub);
  std::string out;
  for (const auto& words : program) {
    client.ask(words);
    node.gateway.settle(node.hub);
    out += client.take();
  }
  return out;
}

TEST(Ordering, ImpatientClientsGetTheRepliesOfPatientOnes) {
  constexpr uint64_t seeds = 400;
  constexpr size_t clients = 3, commands = 60;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    Random random(seed);
    Settings settings;
    settings.limits.commands_per_turn_max = 1 + random.below(8);
    settings.limits.unanswered_max = 1 + random.below(20);
    // A node for each, so that they do not share keys; the same turns for all.
    for (size_t c = 0; c < clients; ++c) {
      const auto program = Program(random.fork()).make(commands);
      std::string bytes, received;
      for (const auto& words : program) bytes += request(words);
      StateNode node(settings);
      TestClient client(node.hub);
      StateGateway& gateway = node.gateway;
      size_t sent = 0;
      for (int idle = 0; idle < 50;) {
        const bool can_send = sent < bytes.size() && client.connection().wants_input();
        const bool busy = can_send || gateway.log_waiting() > 0 || gateway.reads_waiting() > 0 ||
                          gateway.answers_waiting() > 0 || node.hub.has_work();
        idle = busy ? 0 : idle + 1;
        switch (random.below(5)) {
          case 0:
            if (can_send) {
              const size_t size = std::min<size_t>(bytes.size() - sent,
                                                   1 + random.below(random.chance(0.5) ? 30 : 600));
              client.send(std::string_view(bytes).substr(sent, size));
              sent += size;
            }
            break;
          case 1:
            if (gateway.log_waiting() > 0) gateway.apply_next();
            break;
          case 2:
            if (gateway.reads_waiting() > 0) gateway.serve(random.below(gateway.reads_waiting()));
            break;
          case 3:
            if (gateway.answers_waiting() > 0)
              gateway.deliver(random.below(gateway.answers_waiting()));
            break;
          case 4:
            node.turn();
            break;
        }
        received += client.take();
      }
      ASSERT_EQ(sent, bytes.size()) << "seed " << seed;
      ASSERT_EQ(received, replies_to_the_patient(program)) << "seed " << seed << " client " << c;
    }
  }
}

}  // namespace
}  // namespace coterie::server
