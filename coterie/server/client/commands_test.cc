// The commands that are answered without the state, and the checks before all commands.
#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/server/client/local_command.h"
#include "coterie/server/client/test_client.h"

namespace coterie::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

resp::Value value_of(const std::string& bytes) {
  resp::ReplyParser parser;
  parser.feed(bytes);
  auto next = parser.next();
  EXPECT_TRUE(next && next->has_value()) << bytes;
  EXPECT_EQ(parser.waiting_bytes(), 0u) << bytes;
  return next && next->has_value() ? **next : resp::Value{};
}

resp::Value ask(TestClient& client, const std::vector<std::string>& words) {
  return value_of(client.call(words));
}

std::string shown(TestClient& client, const std::vector<std::string>& words) {
  return describe(ask(client, words));
}

TEST(Commands, EveryCommandOfTheTableIsAnsweredSomewhere) {
  for (const state::CommandSpec& spec : state::all_commands()) {
    const bool local =
        spec.kind == state::CommandClass::connection || spec.kind == state::CommandClass::cluster;
    EXPECT_EQ(local_command(spec) != nullptr, local) << spec.name;
  }
}

TEST(Commands, InternalOnesAreUnknown) {
  FakeNode node;
  TestClient client(node.hub);
  for (const state::CommandSpec& spec : state::all_commands()) {
    if (spec.kind != state::CommandClass::internal) continue;
    EXPECT_THAT(client.call({std::string(spec.name), "a", "b", "c"}),
                StartsWith("-ERR unknown command"));
  }
}

TEST(Commands, PingAndEcho) {
  FakeNode node;
  TestClient client(node.hub);
  EXPECT_EQ(shown(client, {"PING"}), "PONG");
  EXPECT_EQ(shown(client, {"ping", "hello"}), "\"hello\"");
  EXPECT_EQ(shown(client, {"PING", "a", "b"}),
            "(error) ERR wrong number of arguments for 'ping' command");
  EXPECT_EQ(shown(client, {"ECHO", ""}), "\"\"");
}

TEST(Commands, SelectChoosesOneOfSixteen) {
  FakeNode node;
  TestClient client(node.hub);
  EXPECT_EQ(shown(client, {"SELECT", "15"}), "OK");
  client.ask({"SET", "a", "1"});
  EXPECT_EQ(node.gateway.asked[0].db, 15);
  node.gateway.answer(0, "+OK\r\n");
  client.take();
  EXPECT_EQ(shown(client, {"SELECT", "16"}), "(error) ERR DB index is out of range");
  EXPECT_EQ(shown(client, {"SELECT", "-1"}), "(error) ERR DB index is out of range");
  EXPECT_EQ(shown(client, {"SELECT", "x"}), "(error) ERR value is not an integer or out of range");
}

TEST(Auth, IsAskedForWhenThereIsAPassword) {
  Settings settings;
  settings.password = "secret";
  FakeNode node(settings);
  TestClient client(node.hub);
  EXPECT_EQ(shown(client, {"GET", "a"}), "(error) NOAUTH Authentication required.");
  EXPECT_EQ(shown(client, {"PING"}), "(error) NOAUTH Authentication required.");
  EXPECT_EQ(shown(client, {"NOSUCH"}),
            "(error) ERR unknown command 'NOSUCH', with args beginning with: ");
  EXPECT_THAT(shown(client, {"HELLO", "3"}), StartsWith("(error) NOAUTH HELLO must be called"));
  for (const std::string wrong : {"", "s", "secres", "secretx", "secretsecret", "SECRET"}) {
    EXPECT_EQ(shown(client, {"AUTH", wrong}),
              "(error) WRONGPASS invalid username-password pair or user is disabled.");
  }
  EXPECT_THAT(shown(client, {"AUTH", "somebody", "secret"}), StartsWith("(error) WRONGPASS"));
  EXPECT_THAT(shown(client, {"AUTH", "a", "b", "c"}), StartsWith("(error) ERR syntax error"));
  EXPECT_TRUE(node.gateway.asked.empty());
  EXPECT_EQ(shown(client, {"AUTH", "secret"}), "OK");
  EXPECT_EQ(shown(client, {"PING"}), "PONG");
  EXPECT_EQ(shown(client, {"RESET"}), "RESET");
  EXPECT_EQ(shown(client, {"PING"}), "(error) NOAUTH Authentication required.");
  EXPECT_EQ(shown(client, {"AUTH", "default", "secret"}), "OK");
  EXPECT_EQ(shown(client, {"PING"}), "PONG");
}

TEST(Auth, LimitsRequestsUntilThen) {
  Settings settings;
  settings.password = "secret";
  FakeNode node(settings);
  TestClient client(node.hub);
  client.send(request({"AUTH", "secret"}) +
              request({"MGET", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}));
  EXPECT_EQ(client.take(), "+OK\r\n");
  EXPECT_EQ(node.gateway.asked.size(), 1u);
  TestClient other(node.hub);
  EXPECT_EQ(other.call({"MGET", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}),
            "-ERR Protocol error: unauthenticated multibulk length\r\n");
  EXPECT_TRUE(other.closed());
}

TEST(Auth, WithoutAPasswordSaysSo) {
  FakeNode node;
  TestClient client(node.hub);
  EXPECT_THAT(shown(client, {"AUTH", "x"}),
              StartsWith("(error) ERR AUTH <password> called without any password configured for "
                         "the default user."));
  EXPECT_EQ(shown(client, {"AUTH", "default", "x"}), "OK");
  EXPECT_THAT(shown(client, {"AUTH", "nobody", "x"}), StartsWith("(error) WRONGPASS"));
}

TEST(Hello, ChoosesTheProtocol) {
  FakeNode node;
  TestClient client(node.hub);
  const resp::Value three = ask(client, {"HELLO", "3"});
  EXPECT_EQ(three.kind, resp::Value::Kind::map);
  EXPECT_EQ(three.find("server")->text, "redis");
  EXPECT_EQ(three.find("version")->text, "7.2.0");
  EXPECT_EQ(three.find("proto")->integer, 3);
  EXPECT_EQ(three.find("id")->integer, 1);
  EXPECT_EQ(three.find("mode")->text, "standalone");
  EXPECT_EQ(three.find("role")->text, "master");
  EXPECT_TRUE(three.find("modules")->elements.empty());
  EXPECT_EQ(client.call({"CLIENT", "GETNAME"}), "_\r\n");
  const resp::Value two = ask(client, {"HELLO", "2", "SETNAME", "me"});
  EXPECT_EQ(two.kind, resp::Value::Kind::array);
  EXPECT_EQ(two.elements.size(), 14u);
  EXPECT_EQ(client.call({"CLIENT", "GETNAME"}), "$2\r\nme\r\n");
  EXPECT_EQ(ask(client, {"HELLO"}).kind, resp::Value::Kind::array);
}

TEST(Hello, LeavesEarlierRepliesInTheirProtocol) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("GET a\r\nHELLO 3\r\nGET a\r\n");
  node.gateway.answer(0, "_\r\n");
  node.gateway.answer(1, "_\r\n");
  const std::string out = client.take();
  EXPECT_THAT(out, StartsWith("$-1\r\n%7\r\n"));
  EXPECT_TRUE(out.ends_with("_\r\n"));
}

TEST(Hello, Refuses) {
  Settings settings;
  settings.password = "secret";
  FakeNode node(settings);
  TestClient client(node.hub);
  EXPECT_EQ(shown(client, {"HELLO", "4"}), "(error) NOPROTO unsupported protocol version");
  EXPECT_EQ(shown(client, {"HELLO", "1"}), "(error) NOPROTO unsupported protocol version");
  EXPECT_EQ(shown(client, {"HELLO", "x"}),
            "(error) ERR Protocol version is not an integer or out of range");
  EXPECT_EQ(shown(client, {"HELLO", "3", "WHAT"}),
            "(error) ERR Syntax error in HELLO option 'WHAT'");
  EXPECT_EQ(shown(client, {"HELLO", "3", "AUTH", "default"}),
            "(error) ERR Syntax error in HELLO option 'AUTH'");
  EXPECT_THAT(shown(client, {"HELLO", "3", "AUTH", "default", "wrong"}),
              StartsWith("(error) WRONGPASS"));
  EXPECT_EQ(ask(client, {"HELLO", "3", "AUTH", "default", "secret", "SETNAME", "a b"}).text,
            "ERR Client names cannot contain spaces, newlines or special characters.");
  EXPECT_EQ(ask(client, {"HELLO", "3", "AUTH", "default", "secret", "SETNAME", "me"})
                .find("proto")
                ->integer,
            3);
  EXPECT_EQ(client.connection().info().name, "me");
}

TEST(Reset, MakesTheConnectionNew) {
  FakeNode node;
  TestClient client(node.hub);
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"HELLO", "3", "SETNAME", "me"},
                                             {"SELECT", "3"},
                                             {"READONLY"},
                                             {"SUBSCRIBE", "c"},
                                             {"MULTI"},
                                             {"GET", "a"}}) {
    client.call(words);
  }
  EXPECT_EQ(client.call({"RESET"}), "+RESET\r\n");
  EXPECT_EQ(client.call({"EXEC"}), "-ERR EXEC without MULTI\r\n");
  EXPECT_EQ(client.call({"CLIENT", "GETNAME"}), "$-1\r\n");
  client.ask({"GET", "a"});
  EXPECT_EQ(node.gateway.lines().back(), "read: get a");
  EXPECT_EQ(node.gateway.asked.back().db, 0);
  EXPECT_EQ(node.hub.subscriptions().channels(), 0u);
}

// --- CLIENT

TEST(Client, TellsAndTakesNames) {
  FakeNode node;
  TestClient a(node.hub), b(node.hub);
  EXPECT_EQ(shown(a, {"CLIENT", "ID"}), "1");
  EXPECT_EQ(shown(b, {"CLIENT", "ID"}), "2");
  EXPECT_EQ(shown(a, {"CLIENT", "SETNAME", "alice"}), "OK");
  EXPECT_EQ(shown(a, {"CLIENT", "GETNAME"}), "\"alice\"");
  EXPECT_EQ(shown(a, {"CLIENT", "SETNAME", ""}), "OK");
  EXPECT_EQ(shown(a, {"CLIENT", "GETNAME"}), "nil");
  EXPECT_THAT(shown(a, {"CLIENT", "SETNAME", "a b"}),
              StartsWith("(error) ERR Client names cannot"));
  EXPECT_THAT(shown(a, {"CLIENT", "SETNAME", "a\n"}),
              StartsWith("(error) ERR Client names cannot"));
  EXPECT_THAT(shown(a, {"CLIENT", "SETNAME", std::string(1'025, 'x')}),
              StartsWith("(error) ERR Client names cannot"));
  EXPECT_EQ(shown(a, {"CLIENT", "SETINFO", "LIB-NAME", "redis-py"}), "OK");
  EXPECT_EQ(shown(a, {"CLIENT", "SETINFO", "lib-ver", "5.0.1"}), "OK");
  EXPECT_EQ(shown(a, {"CLIENT", "SETINFO", "lib-ver", "5 0"}),
            "(error) ERR lib-ver cannot contain spaces, newlines or special characters.");
  EXPECT_EQ(shown(a, {"CLIENT", "SETINFO", "what", "5"}), "(error) ERR Unrecognized option 'what'");
  EXPECT_EQ(shown(a, {"CLIENT", "NO-EVICT", "on"}), "OK");
  EXPECT_EQ(shown(a, {"CLIENT", "NO-TOUCH", "OFF"}), "OK");
  EXPECT_EQ(shown(a, {"CLIENT", "NO-TOUCH", "maybe"}), "(error) ERR syntax error");
}

TEST(Client, ListsTheConnections) {
  Settings settings;
  settings.listen = "127.0.0.1:7379";
  FakeNode node(settings);
  TestClient a(node.hub, "127.0.0.1:1000"), b(node.hub, "127.0.0.1:2000");
  a.call({"CLIENT", "SETNAME", "alice"});
  a.call({"SELECT", "4"});
  a.call({"MULTI"});
  a.call({"GET", "x"});
  b.call({"SUBSCRIBE", "c", "d"});
  TestClient c(node.hub, "127.0.0.1:3000");
  node.hub.turn({.monotonic = Instant{5'000'000'000}, .wall = {}});
  const std::string list = ask(c, {"CLIENT", "LIST"}).text;
  EXPECT_THAT(list, StartsWith("id=1 addr=127.0.0.1:1000 laddr=127.0.0.1:7379 fd=-1 name=alice "
                               "age=5 idle=5 flags=x db=4 "
                               "sub=0 psub=0 ssub=0 multi=1 "));
  EXPECT_THAT(list, HasSubstr("\nid=2 addr=127.0.0.1:2000 "));
  EXPECT_THAT(list, HasSubstr("flags=P db=0 sub=2 psub=0"));
  EXPECT_THAT(list, HasSubstr("cmd=client|list user=default"));
  EXPECT_EQ(std::count(list.begin(), list.end(), '\n'), 3);
  EXPECT_THAT(ask(c, {"CLIENT", "LIST", "TYPE", "pubsub"}).text, StartsWith("id=2 "));
  EXPECT_THAT(ask(c, {"CLIENT", "LIST", "ID", "3", "1", "77"}).text, StartsWith("id=3 "));
  EXPECT_EQ(ask(c, {"CLIENT", "LIST", "TYPE", "what"}).text, "ERR Unknown client type 'what'");
  EXPECT_EQ(ask(c, {"CLIENT", "LIST", "ID", "x"}).text, "ERR Invalid client ID");
  EXPECT_EQ(ask(c, {"CLIENT", "LIST", "x"}).text, "ERR syntax error");
  EXPECT_THAT(ask(c, {"CLIENT", "INFO"}).text, StartsWith("id=3 "));
}

TEST(Client, Kills) {
  FakeNode node;
  TestClient a(node.hub, "127.0.0.1:1000"), b(node.hub, "127.0.0.1:2000"),
      c(node.hub, "127.0.0.1:3000");
  EXPECT_EQ(shown(a, {"CLIENT", "KILL", "127.0.0.1:2000"}), "OK");
  EXPECT_TRUE(b.closed());
  EXPECT_GT(b.touches, 0u);
  EXPECT_EQ(shown(a, {"CLIENT", "KILL", "127.0.0.1:9"}), "(error) ERR No such client");
  EXPECT_EQ(shown(a, {"CLIENT", "KILL", "ID", "3"}), "1");
  EXPECT_TRUE(c.closed());
  b.leave(), c.leave();
  EXPECT_EQ(shown(a, {"CLIENT", "KILL", "TYPE", "normal"}), "0") << "not oneself, unless asked for";
  EXPECT_EQ(shown(a, {"CLIENT", "KILL", "ID", "0"}),
            "(error) ERR client-id should be greater than 0");
  EXPECT_EQ(shown(a, {"CLIENT", "KILL", "ID"}), "(error) ERR No such client");
  EXPECT_EQ(shown(a, {"CLIENT", "KILL", "WHAT", "x"}), "(error) ERR syntax error");
  EXPECT_EQ(shown(a, {"CLIENT", "KILL", "ID", "1", "SKIPME", "no"}), "1");
  EXPECT_TRUE(a.closed());
}

TEST(Client, MayWantNoReplies) {
  FakeNode node;
  TestClient client(node.hub);
  client.send("CLIENT REPLY SKIP\r\nPING\r\nECHO a\r\n");
  EXPECT_EQ(client.take(), "$1\r\na\r\n");
  client.send("CLIENT REPLY OFF\r\nPING\r\nGET a\r\nCLIENT REPLY SKIP\r\nPING\r\nPING\r\n");
  node.gateway.answer(0, "_\r\n");
  EXPECT_EQ(client.take(), "");
  client.send("CLIENT REPLY ON\r\nPING\r\n");
  EXPECT_EQ(client.take(), "+OK\r\n+PONG\r\n");
}

TEST(Client, KnowsItsSubcommands) {
  FakeNode node;
  TestClient client(node.hub);
  EXPECT_EQ(shown(client, {"CLIENT"}),
            "(error) ERR wrong number of arguments for 'client' command");
  EXPECT_EQ(shown(client, {"CLIENT", "what"}),
            "(error) ERR unknown subcommand 'what'. Try CLIENT HELP.");
  EXPECT_EQ(shown(client, {"CLIENT", "SETNAME"}),
            "(error) ERR wrong number of arguments for 'client|setname' command");
  for (const std::string command : {"CLIENT", "CONFIG", "COMMAND", "COTERIE"}) {
    EXPECT_GT(ask(client, {command, "HELP"}).elements.size(), 4u);
  }
}

// --- CONFIG, INFO, ROLE, COMMAND, COTERIE

TEST(Config, ShowsWhatTheNodeWasToldAtItsStart) {
  Settings settings;
  settings.config = [] {
    return ConfigTable{{"appendfsync", "everysec"}, {"request-timeout", "10s"}};
  };
  FakeNode node(settings);
  TestClient client(node.hub);
  EXPECT_EQ(shown(client, {"CONFIG", "GET", "maxmemory-policy"}),
            "[\"maxmemory-policy\", \"noeviction\"]");
  EXPECT_EQ(shown(client, {"CONFIG", "GET", "APPEND*"}),
            "[\"appendfsync\", \"everysec\", \"appendonly\", \"yes\"]");
  EXPECT_EQ(shown(client, {"CONFIG", "GET", "save", "request-*"}),
            "[\"request-timeout\", \"10s\", \"save\", \"\"]");
  EXPECT_EQ(shown(client, {"CONFIG", "GET", "nosuch"}), "[]");
  client.call({"HELLO", "3"});
  EXPECT_EQ(shown(client, {"CONFIG", "GET", "save"}), "{\"save\": \"\"}");
  EXPECT_THAT(shown(client, {"CONFIG", "SET", "save", ""}),
              StartsWith("(error) ERR CONFIG SET is not supported"));
  EXPECT_THAT(shown(client, {"CONFIG", "REWRITE"}),
              StartsWith("(error) ERR CONFIG REWRITE is not supported"));
}

TEST(Config, ResetsTheCounters) {
  FakeNode node;
  TestClient client(node.hub);
  client.call({"PING"});
  EXPECT_EQ(shown(client, {"CONFIG", "RESETSTAT"}), "OK");
  EXPECT_EQ(node.hub.counters().connections_accepted, 0u);
  EXPECT_LT(node.hub.output_bytes(), 10u);
}

node::NodeStatus some_status() {
  node::NodeStatus status;
  status.node = NodeId(2);
  status.process_id = 123;
  status.cluster = "c0ffee";
  status.replica = "beef";
  status.role = "follower";
  status.leader = NodeId(1);
  status.term = Term(7);
  status.commit = Index(41), status.applied = Index(40), status.first = Index(5),
  status.last = Index(42);
  status.keys = 3;
  status.databases = {{2, 1}, {0, 0}, {1, 0}};
  status.memory_bytes = 2'048;
  status.ready = true;
  status.members = {{NodeId(1), "h1:7579", "h1:7379", "h1:7479", true, true, Index(0)},
                    {NodeId(2), "h2:7579", "h2:7379", "h2:7479", true, false, Index(0)}};
  return status;
}

TEST(Info, HasWhatClientsLookForAndTheTruth) {
  FakeNode node;
  node.gateway.current = some_status();
  TestClient client(node.hub);
  const std::string all = ask(client, {"INFO"}).text;
  for (const std::string line :
       {"redis_version:7.2.0", "redis_mode:standalone", "process_id:123", "connected_clients:1",
        "used_memory:2048", "used_memory_human:2.00K", "maxmemory_policy:noeviction",
        "aof_enabled:1", "role:master", "connected_slaves:0", "db0:keys=2,expires=1,avg_ttl=0",
        "db2:keys=1,expires=0,avg_ttl=0", "raft_role:follower", "leader:1", "term:7", "commit:41",
        "applied:40",
        "member1:peer=h1:7579,resp=h1:7379,http=h1:7479,voter=1,connected=1,match=0"}) {
    EXPECT_THAT(all, HasSubstr("\r\n" + line + "\r\n"));
  }
  for (const std::string section : {"Server", "Clients", "Memory", "Persistence", "Stats",
                                    "Replication", "Keyspace", "Coterie"}) {
    EXPECT_THAT(all, HasSubstr("# " + section + "\r\n"));
    const std::string alone = ask(client, {"INFO", section}).text;
    EXPECT_THAT(alone, StartsWith("# " + section));
    EXPECT_EQ(std::count(alone.begin(), alone.end(), '#'), 1);
  }
  EXPECT_THAT(ask(client, {"INFO", "server", "CLIENTS"}).text, HasSubstr("\r\n\r\n# Clients\r\n"));
  EXPECT_THAT(ask(client, {"INFO", "everything"}).text, HasSubstr("# Coterie"));
  EXPECT_EQ(ask(client, {"INFO", "nosuch"}).text, "");
  client.call({"HELLO", "3"});
  EXPECT_THAT(client.call({"INFO"}), StartsWith("="));
}

TEST(Info, MeasuresTheRate) {
  FakeNode node;
  TestClient client(node.hub);
  for (int i = 0; i < 50; ++i) client.call({"PING"});
  node.hub.turn({.monotonic = Instant{500'000'000}, .wall = {}});
  node.hub.turn({.monotonic = Instant{2'000'000'000}, .wall = {}});
  EXPECT_THAT(ask(client, {"INFO", "stats"}).text, HasSubstr("instantaneous_ops_per_sec:25\r\n"));
}

TEST(Role, IsMasterOnEveryNode) {
  FakeNode node;
  node.gateway.current = some_status();
  TestClient client(node.hub);
  EXPECT_EQ(shown(client, {"ROLE"}), "[\"master\", 40, []]");
}

TEST(Command, DescribesTheTable) {
  FakeNode node;
  TestClient client(node.hub);
  const resp::Value all = ask(client, {"COMMAND"});
  EXPECT_EQ(static_cast<int64_t>(all.elements.size()), ask(client, {"COMMAND", "COUNT"}).integer);
  EXPECT_EQ(ask(client, {"COMMAND", "LIST"}).elements.size(), all.elements.size());
  EXPECT_EQ(ask(client, {"COMMAND", "INFO"}), all);
  EXPECT_THAT(shown(client, {"COMMAND", "INFO", "get", "nosuch"}),
              StartsWith("[[\"get\", 2, [readonly, fast], 1, 1, 1, [@read, @fast, @string], [], "
                         "[[\"flags\", [RO, ACCESS]"));
  EXPECT_THAT(shown(client, {"COMMAND", "INFO", "get", "nosuch"}), HasSubstr(", nil]"));
  EXPECT_THAT(shown(client, {"COMMAND", "DOCS", "GET"}),
              StartsWith("[\"get\", [\"summary\", \"The value of a key.\""));
  EXPECT_EQ(ask(client, {"COMMAND", "DOCS"}).elements.size(), all.elements.size() * 2);
  EXPECT_THAT(shown(client, {"COMMAND", "DOCS", "set"}), HasSubstr("[\"name\", \"key value [NX"));
  EXPECT_EQ(shown(client, {"COMMAND", "DOCS", "nosuch"}), "[]");
  EXPECT_EQ(shown(client, {"COMMAND", "LIST", "FILTERBY", "PATTERN", "setn*"}), "[\"setnx\"]");
  EXPECT_THAT(shown(client, {"COMMAND", "LIST", "FILTERBY", "ACLCAT", "list"}),
              HasSubstr("\"lpush\""));
  EXPECT_EQ(shown(client, {"COMMAND", "LIST", "FILTERBY", "MODULE", "json"}), "[]");
  EXPECT_EQ(shown(client, {"COMMAND", "LIST", "FILTERBY", "x", "y"}), "(error) ERR syntax error");
  EXPECT_EQ(shown(client, {"COMMAND", "GETKEYS", "MSET", "a", "1", "b", "2"}), "[\"a\", \"b\"]");
  EXPECT_EQ(shown(client, {"COMMAND", "GETKEYS", "BLPOP", "a", "b", "0"}), "[\"a\", \"b\"]");
  EXPECT_EQ(shown(client, {"COMMAND", "GETKEYS", "PING"}),
            "(error) ERR The command has no key arguments");
  EXPECT_EQ(shown(client, {"COMMAND", "GETKEYS", "NOSUCH"}),
            "(error) ERR Invalid command specified");
  EXPECT_EQ(shown(client, {"COMMAND", "GETKEYS", "GET"}),
            "(error) ERR Invalid number of arguments specified for command");
}

TEST(CoterieCommand, StatusIsJson) {
  FakeNode node;
  node.gateway.current = some_status();
  TestClient client(node.hub);
  const auto status = boost::json::parse(ask(client, {"COTERIE", "STATUS"}).text).as_object();
  EXPECT_EQ(status.at("id").as_int64(), 2);
  EXPECT_EQ(status.at("pid").as_int64(), 123);
  EXPECT_EQ(status.at("alive").as_bool(), true);
  EXPECT_EQ(status.at("role").as_string(), "follower");
  EXPECT_EQ(status.at("leader").as_int64(), 1);
  EXPECT_EQ(status.at("term").as_int64(), 7);
  EXPECT_EQ(status.at("commit").as_int64(), 41);
  EXPECT_EQ(status.at("applied").as_int64(), 40);
  EXPECT_EQ(status.at("last").as_int64(), 42);
  EXPECT_EQ(status.at("resp").as_string(), "h2:7379");
  EXPECT_EQ(status.at("http").as_string(), "h2:7479");
  EXPECT_EQ(status.at("keys").as_int64(), 3);
  EXPECT_EQ(status.at("members").as_array().size(), 2u);
  node.gateway.current.leader = NodeId{};
  EXPECT_THAT(ask(client, {"COTERIE", "STATUS"}).text, HasSubstr("\"leader\":null"));
}

// All keys may have to be read for it, in the thread that serves everybody.
TEST(CoterieCommand, TheDigestIsComputedOnlyWhenAskedFor) {
  FakeNode node;
  node.gateway.current = some_status();
  TestClient client(node.hub);
  for (const std::vector<std::string>& cheap : std::vector<std::vector<std::string>>{
           {"COTERIE", "STATUS"}, {"INFO"}, {"INFO", "everything"}, {"ROLE"}}) {
    EXPECT_THAT(client.call(cheap), Not(HasSubstr("digest"))) << cheap[0];
  }
  EXPECT_EQ(node.gateway.digests_asked, 0);
  EXPECT_THAT(shown(client, {"COTERIE", "STATUS", "digest"}),
              HasSubstr("\"state_digest\":\"0000000000abcdef\""));
  EXPECT_EQ(node.gateway.digests_asked, 1);
  EXPECT_EQ(shown(client, {"COTERIE", "STATUS", "NOW"}), "(error) ERR syntax error");
  EXPECT_EQ(shown(client, {"COTERIE", "STATUS", "DIGEST", "NOW"}), "(error) ERR syntax error");
  EXPECT_EQ(node.gateway.digests_asked, 1);
}

TEST(CoterieCommand, TransfersLeadership) {
  FakeNode node;
  node.gateway.current = some_status();
  TestClient client(node.hub);
  EXPECT_THAT(shown(client, {"COTERIE", "TRANSFER", "3"}),
              StartsWith("(error) ERR this node does not lead"));
  node.gateway.current.leader = NodeId(2);
  EXPECT_EQ(shown(client, {"COTERIE", "TRANSFER"}), "OK");
  EXPECT_THAT(node.gateway.transfers, ElementsAre(3u, 0u));
  EXPECT_THAT(shown(client, {"COTERIE", "TRANSFER", "x"}),
              StartsWith("(error) ERR a node is a number"));
  EXPECT_THAT(shown(client, {"COTERIE", "TRANSFER", "1", "2"}),
              StartsWith("(error) ERR wrong number"));
}

// --- ONCE and FENCE

TEST(Nested, IsCheckedBeforeTheLog) {
  FakeNode node;
  TestClient client(node.hub);
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"ONCE", "c", "1", "INCR", "n"},
           {"FENCE", "r", "5", "SET", "k", "v"},
           {"ONCE", "c", "1", "GET", "n"},
           {"ONCE", "c", "1", "FENCE", "r", "5", "SET", "k", "v"}}) {
    client.ask(words);
  }
  EXPECT_THAT(node.gateway.lines(),
              ElementsAre("log: once c 1 INCR n", "log: fence r 5 SET k v", "log: once c 1 GET n",
                          "log: once c 1 FENCE r 5 SET k v"));
  for (size_t i = 0; i < 4; ++i) node.gateway.answer(i, "+OK\r\n");
  client.take();
  const std::pair<std::vector<std::string>, std::string> refused[] = {
      {{"ONCE", "c", "1"}, "ERR wrong number of arguments for 'once' command"},
      {{"ONCE", "c", "1", "NOSUCH", "a"},
       "ERR unknown command 'NOSUCH', with args beginning with: 'a' "},
      {{"ONCE", "c", "1", "transaction", "a", "b"}, "ERR unknown command 'transaction'"},
      {{"ONCE", "c", "1", "GET"}, "ERR wrong number of arguments for 'get' command"},
      {{"ONCE", "c", "1", "BLPOP", "q", "0"}, "ERR 'once' cannot hold 'blpop', which waits"},
      {{"FENCE", "r", "1", "SELECT", "1"}, "ERR 'fence' cannot hold 'select'"},
      {{"FENCE", "r", "1", "INFO"}, "ERR 'fence' cannot hold 'info'"},
      {{"FENCE", "r", "1", "ONCE", "c", "1", "INCR", "n"}, "ERR 'fence' cannot hold 'once'"},
      {{"ONCE", "c", "1", "ONCE", "c", "1", "INCR", "n"}, "ERR 'once' cannot hold 'once'"},
      {{"FENCE", "r", "1", "FENCE", "r", "1", "INCR", "n"}, "ERR 'fence' cannot hold 'fence'"},
      {{"ONCE", "c", "1", "FENCE", "r", "1", "FENCE", "r", "1", "INCR", "n"},
       "ERR 'fence' cannot hold 'fence'"},
  };
  for (const auto& [words, error] : refused)
    EXPECT_THAT(ask(client, words).text, StartsWith(error));
  EXPECT_EQ(node.gateway.asked.size(), 4u);
}

// --- The checks before all commands

TEST(Checks, UnknownCommandsAsRedis) {
  FakeNode node;
  TestClient client(node.hub);
  EXPECT_EQ(shown(client, {"foo", "a", "b"}),
            "(error) ERR unknown command 'foo', with args beginning with: 'a' 'b' ");
  EXPECT_EQ(shown(client, {"foo\r\nbar"}),
            "(error) ERR unknown command 'foo  bar', with args beginning with: ");
  EXPECT_EQ(
      shown(client, {std::string(200, 'f'), std::string(100, 'a'), std::string(100, 'b'), "c"}),
      "(error) ERR unknown command '" + std::string(128, 'f') + "', with args beginning with: '" +
          std::string(100, 'a') + "' '" + std::string(25, 'b') + "' ");
  EXPECT_EQ(shown(client, {"foo", std::string("a\0b", 3)}),
            "(error) ERR unknown command 'foo', with args beginning with: 'a' ");
}

TEST(Checks, ArityAsRedis) {
  FakeNode node;
  TestClient client(node.hub);
  EXPECT_EQ(shown(client, {"GET"}), "(error) ERR wrong number of arguments for 'get' command");
  EXPECT_EQ(shown(client, {"GET", "a", "b"}),
            "(error) ERR wrong number of arguments for 'get' command");
  EXPECT_EQ(shown(client, {"mSet", "a"}),
            "(error) ERR wrong number of arguments for 'mset' command");
  EXPECT_TRUE(node.gateway.asked.empty());
}

}  // namespace
}  // namespace coterie::server
