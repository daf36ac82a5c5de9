// MULTI, EXEC, DISCARD, WATCH, UNWATCH.
#include "coterie/server/client/transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/server/client/test_client.h"

namespace coterie::server {
namespace {

using testing::ElementsAre;

constexpr std::string_view queued = "+QUEUED\r\n";

// "incr n | set k v" of an EXEC that was asked.
std::string commands_of(const FakeGateway::Asked& exec) {
  std::string out, rest = exec.args.at(1);
  while (!rest.empty()) {
    const auto command = state::CommandView::check(rest);
    if (!command) return "malformed";
    if (!out.empty()) out += " | ";
    out += std::to_string(command->db()) + ":" +
           std::string(state::command_by_number(command->command())->name);
    for (uint32_t i = 0; i < command->argc(); ++i) out += " " + std::string(command->arg(i));
    rest.erase(0, command->size_bytes());
  }
  return out;
}

std::vector<state::Guard> guards_of(const FakeGateway::Asked& exec) {
  return *state::decode_guards(exec.args.at(0));
}

TEST(Transaction, GoesToTheLogAsOneCommand) {
  FakeNode node;
  TestClient client(node.hub);
  EXPECT_EQ(client.call({"MULTI"}), "+OK\r\n");
  EXPECT_EQ(client.call({"SET", "k", "v"}), queued);
  EXPECT_EQ(client.call({"BLPOP", "q", "0"}), queued);
  EXPECT_EQ(client.call({"GET", "k"}), queued);
  EXPECT_TRUE(node.gateway.asked.empty());
  client.ask({"EXEC"});
  ASSERT_EQ(node.gateway.asked.size(), 1u);
  EXPECT_EQ(node.gateway.asked[0].way, "log");
  EXPECT_EQ(commands_of(node.gateway.asked[0]), "0:set k v | 0:blpop q 0 | 0:get k");
  EXPECT_TRUE(guards_of(node.gateway.asked[0]).empty());
  node.gateway.answer(0, "*3\r\n+OK\r\n*-1\r\n_\r\n");
  EXPECT_EQ(client.take(), "*3\r\n+OK\r\n*-1\r\n$-1\r\n");
  EXPECT_EQ(client.call({"PING"}), "+PONG\r\n");
}

TEST(Transaction, WeavesInWhatTheConnectionAnswers) {
  FakeNode node;
  TestClient client(node.hub);
  client.send(
      "MULTI\r\nPING\r\nSET k v\r\nSELECT 7\r\nECHO x\r\nGET k\r\nSELECT 99\r\nCLIENT "
      "GETNAME\r\nEXEC\r\nGET after\r\n");
  client.take();
  ASSERT_EQ(node.gateway.asked.size(), 1u) << "what follows waits for the SELECT within";
  EXPECT_EQ(commands_of(node.gateway.asked[0]), "0:set k v | 7:get k");
  node.gateway.answer(0, "*2\r\n+OK\r\n*2\r\n$1\r\na\r\n_\r\n");
  EXPECT_EQ(client.take(),
            "*7\r\n+PONG\r\n+OK\r\n+OK\r\n$1\r\nx\r\n*2\r\n$1\r\na\r\n$-1\r\n-ERR DB index is out "
            "of range\r\n$-1\r\n");
  node.turn();
  ASSERT_EQ(node.gateway.asked.size(), 2u);
  EXPECT_EQ(node.gateway.asked[1].db, 7);
}

TEST(Transaction, WhenItFailsNothingOfItIsDone) {
  for (const std::string answer : {"*-1\r\n", "-CLUSTERDOWN not executed: no majority\r\n"}) {
    FakeNode node;
    TestClient client(node.hub);
    client.send("MULTI\r\nSELECT 7\r\nSET k v\r\nEXEC\r\n");
    client.take();
    node.gateway.answer(0, answer);
    EXPECT_EQ(client.take(), answer);
    client.ask({"GET", "k"});
    EXPECT_EQ(node.gateway.asked[1].db, 0);
  }
}

TEST(Transaction, OfTheConnectionAloneNeedsNoLog) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("MULTI\r\nPING\r\nECHO a\r\nEXEC\r\nMULTI\r\nEXEC\r\n");
  EXPECT_EQ(client.take(), "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+PONG\r\n$1\r\na\r\n+OK\r\n*0\r\n");
  EXPECT_TRUE(node.gateway.asked.empty());
}

TEST(Transaction, AnErrorWhileQueueingSpoilsIt) {
  for (const std::string wrong :
       {"NOSUCH a\r\n", "GET\r\n", "CLIENT NOSUCH\r\n", "SUBSCRIBE c\r\n", "ONCE c 1 BLPOP q 0\r\n",
        "COTERIE STATUS\r\n", "CLIENT REPLY OFF\r\n"}) {
    FakeNode node;
    TestClient client(node.hub);
    client.send("MULTI\r\nSET k v\r\n");
    client.take();
    client.send(wrong);
    EXPECT_TRUE(client.take().starts_with("-ERR ")) << wrong;
    EXPECT_EQ(client.call({"SET", "k", "v"}), queued);
    EXPECT_EQ(client.call({"EXEC"}),
              "-EXECABORT Transaction discarded because of previous errors.\r\n");
    EXPECT_TRUE(node.gateway.asked.empty());
    EXPECT_EQ(client.call({"EXEC"}), "-ERR EXEC without MULTI\r\n");
  }
}

TEST(Transaction, NestedMultiAndWatchAreErrorsThatDoNotSpoilIt) {
  FakeNode node;
  TestClient client(node.hub);
  client.call({"MULTI"});
  EXPECT_EQ(client.call({"MULTI"}), "-ERR MULTI calls can not be nested\r\n");
  EXPECT_EQ(client.call({"WATCH", "k"}), "-ERR WATCH inside MULTI is not allowed\r\n");
  client.call({"INCR", "n"});
  client.ask({"EXEC"});
  node.gateway.answer(0, "*1\r\n:1\r\n");
  EXPECT_EQ(client.take(), "*1\r\n:1\r\n");
}

TEST(Transaction, DiscardForgetsIt) {
  FakeNode node;
  TestClient client(node.hub);
  EXPECT_EQ(client.call({"DISCARD"}), "-ERR DISCARD without MULTI\r\n");
  client.call({"MULTI"});
  client.call({"SET", "k", "v"});
  EXPECT_EQ(client.call({"DISCARD"}), "+OK\r\n");
  EXPECT_EQ(client.call({"EXEC"}), "-ERR EXEC without MULTI\r\n");
}

TEST(Transaction, WaitsForReadsBeforeIt) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("GET a\r\n");
  client.send("MULTI\r\nSET a 1\r\nEXEC\r\n");
  EXPECT_EQ(node.gateway.asked.size(), 1u);
  node.gateway.answer(0, "_\r\n");
  node.turn();
  EXPECT_EQ(node.gateway.asked.size(), 2u);
  node.gateway.answer(1, "*1\r\n+OK\r\n");
  EXPECT_EQ(client.take(), "$-1\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
}

TEST(Transaction, CountsTheReceiversOfWhatItPublishes) {
  FakeNode node;
  TestClient client(node.hub), subscriber(node.hub);
  subscriber.call({"SUBSCRIBE", "c"});
  client.send("MULTI\r\nPUBLISH c m\r\nPUBLISH d m\r\nINCR n\r\nEXEC\r\n");
  client.take();
  node.gateway.answer(0, "*3\r\n:0\r\n:0\r\n:1\r\n");
  EXPECT_EQ(client.take(), "*3\r\n:1\r\n:0\r\n:1\r\n");
}

TEST(Watch, SendsTheRevisionsItSaw) {
  FakeNode node;
  TestClient client(node.hub);
  client.call({"SELECT", "2"});
  client.ask({"WATCH", "a", "b", "a"});
  EXPECT_THAT(node.gateway.lines(), ElementsAre("read: revisions a b"));
  EXPECT_EQ(client.take(), "");
  client.send("PING\r\n");
  EXPECT_EQ(client.take(), "") << "what follows waits";
  node.gateway.answer(0, "*2\r\n:17\r\n:0\r\n");
  EXPECT_EQ(client.take(), "+OK\r\n");
  node.turn();
  EXPECT_EQ(client.take(), "+PONG\r\n");
  EXPECT_EQ(client.call({"WATCH", "a"}), "+OK\r\n") << "it is watched already, since then";
  client.call({"MULTI"});
  client.call({"INCR", "a"});
  client.ask({"EXEC"});
  const auto guards = guards_of(node.gateway.asked[1]);
  ASSERT_EQ(guards.size(), 2u);
  EXPECT_EQ(guards[0].db, 2);
  EXPECT_EQ(guards[0].key, "a");
  EXPECT_EQ(guards[0].seen, Revision(17));
  EXPECT_EQ(guards[1].key, "b");
  EXPECT_EQ(guards[1].seen, Revision(0));
  node.gateway.answer(1, "*-1\r\n");
  EXPECT_EQ(client.take(), "*-1\r\n");
  // EXEC has ended the watch.
  client.send("MULTI\r\nINCR a\r\nEXEC\r\n");
  EXPECT_TRUE(guards_of(node.gateway.asked[2]).empty());
}

TEST(Watch, GuardsATransactionWithoutCommandsOfTheState) {
  FakeNode node;
  TestClient client(node.hub);
  client.ask({"WATCH", "a"});
  node.gateway.answer(0, "*1\r\n:1\r\n");
  client.take();
  client.send("MULTI\r\nPING\r\nEXEC\r\n");
  client.take();
  ASSERT_EQ(node.gateway.asked.size(), 2u);
  node.gateway.answer(1, "*0\r\n");
  EXPECT_EQ(client.take(), "*1\r\n+PONG\r\n");
}

TEST(Watch, EndsWithUnwatchDiscardAndReset) {
  for (const std::string end : {"UNWATCH\r\n", "MULTI\r\nDISCARD\r\n", "RESET\r\n"}) {
    FakeNode node;
    TestClient client(node.hub);
    client.ask({"WATCH", "a"});
    node.gateway.answer(0, "*1\r\n:1\r\n");
    client.send(end + "MULTI\r\nINCR a\r\nEXEC\r\n");
    ASSERT_EQ(node.gateway.asked.size(), 2u);
    EXPECT_TRUE(guards_of(node.gateway.asked[1]).empty()) << end;
  }
}

TEST(Watch, ThatCouldNotBeAnsweredLetsNoExecThrough) {
  FakeNode node;
  TestClient client(node.hub);
  client.ask({"WATCH", "a"});
  node.gateway.answer(0, "-CLUSTERDOWN not executed: no majority\r\n");
  EXPECT_EQ(client.take(), "-CLUSTERDOWN not executed: no majority\r\n");
  client.send("MULTI\r\nINCR a\r\nEXEC\r\n");
  EXPECT_EQ(client.take(),
            "+OK\r\n+QUEUED\r\n-EXECABORT Transaction discarded because WATCH could not be "
            "answered.\r\n");
  EXPECT_EQ(node.gateway.asked.size(), 1u);
  client.send("MULTI\r\nINCR a\r\nEXEC\r\n");
  EXPECT_EQ(node.gateway.asked.size(), 2u);
}

TEST(TransactionLimits, RefusesTooManyCommands) {
  Settings settings;
  settings.limits.transaction_commands_max = 3;
  FakeNode node(settings);
  TestClient client(node.hub);
  client.send("MULTI\r\nINCR n\r\nPING\r\nINCR n\r\n");
  client.take();
  EXPECT_EQ(client.call({"INCR", "n"}),
            "-ERR transaction is too large: queue fewer commands, or smaller ones\r\n");
  EXPECT_EQ(client.connection().transaction().bytes(), 0u) << "nothing is kept";
  EXPECT_EQ(client.call({"EXEC"}),
            "-EXECABORT Transaction discarded because of previous errors.\r\n");
}

TEST(TransactionLimits, RefusesTooManyBytes) {
  Settings settings;
  settings.limits.transaction_bytes_max = 1'000;
  for (const std::string command : {"SET k ", "ECHO "}) {
    FakeNode node(settings);
    TestClient client(node.hub);
    client.send("MULTI\r\n" + command + std::string(500, 'x') + "\r\n");
    EXPECT_EQ(client.take(), "+OK\r\n+QUEUED\r\n");
    client.send(command + std::string(500, 'x') + "\r\n");
    EXPECT_EQ(client.take(),
              "-ERR transaction is too large: queue fewer commands, or smaller ones\r\n");
  }
}

TEST(TransactionLimits, RefusesTooManyWatchedKeys) {
  Settings settings;
  settings.limits.watched_max = 2;
  settings.limits.watched_bytes_max = 10;
  FakeNode node(settings);
  TestClient client(node.hub);
  client.ask({"WATCH", "a", "b"});
  node.gateway.answer(0, "*2\r\n:1\r\n:1\r\n");
  client.take();
  EXPECT_EQ(client.call({"WATCH", "a", "b"}), "+OK\r\n");
  EXPECT_EQ(client.call({"WATCH", "c"}),
            "-ERR too many watched keys: at most 2 of 10 bytes together\r\n");
  client.call({"UNWATCH"});
  EXPECT_EQ(client.call({"WATCH", "eleven-byte"}),
            "-ERR too many watched keys: at most 2 of 10 bytes together\r\n");
}

TEST(TransactionLimits, FitIntoAnEntry) {
  const ConnectionLimits limits;
  EXPECT_LT(limits.transaction_bytes_max + limits.watched_bytes_max + limits.watched_max * 16 +
                (1u << 20),
            entry_bytes_max);
  EXPECT_LT(limits.request.request_bytes_max + limits.request.elements_max * sizeof(uint32_t) +
                (1u << 20),
            entry_bytes_max);
}

}  // namespace
}  // namespace coterie::server
