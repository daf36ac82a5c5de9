// What is answered without the state, compared byte by byte with a real redis-server where one is
// installed.
#include <gtest/gtest.h>

#include "coterie/server/client/test_client.h"
#include "coterie/store/state/redis_server.h"

namespace coterie::server {
namespace {

using Script = std::vector<std::vector<std::string>>;

// Each script runs on a connection that RESET has made new.
const Script scripts[] = {
    {{"PING"}, {"PING", "a"}, {"PING", "a", "b"}, {"ECHO", "a"}, {"ECHO"}, {"ECHO", "a", "b"}},
    {{"foo"},
     {"foo", "a", "b"},
     {"FOO", "", "x y"},
     {"foo", std::string(200, 'x'), "y"},
     {"f\r\noo"},
     {std::string(300, 'z')}},
    {{"GET"},
     {"get", "a", "b"},
     {"Set", "a"},
     {"mset"},
     {"SELECT"},
     {"EXEC", "x"},
     {"MULTI", "x"},
     {"WATCH"}},
    {{"SELECT", "15"},
     {"SELECT", "16"},
     {"SELECT", "-1"},
     {"SELECT", "x"},
     {"SELECT", "99999999999"},
     {"SELECT", "01"}},
    {{"AUTH", "x"},
     {"AUTH", "default", "x"},
     {"AUTH", "nobody", "x"},
     {"AUTH", "a", "b", "c"},
     {"AUTH"}},
    {{"HELLO", "1"},
     {"HELLO", "4"},
     {"HELLO", "x"},
     {"HELLO", "2", "what"},
     {"HELLO", "2", "AUTH", "a"},
     {"HELLO", "2", "AUTH", "nobody", "x"},
     {"HELLO", "2", "SETNAME", "a b"},
     {"HELLO", "2", "SETNAME"}},
    {{"EXEC"}, {"DISCARD"}, {"UNWATCH"}, {"MULTI"}, {"MULTI"}, {"WATCH", "a"}, {"EXEC"}},
    {{"MULTI"}, {"foo"}, {"PING"}, {"EXEC"}, {"EXEC"}},
    {{"MULTI"},
     {"GET"},
     {"DISCARD"},
     {"MULTI"},
     {"PING"},
     {"ECHO", "a"},
     {"SELECT", "3"},
     {"SELECT", "33"},
     {"EXEC"}},
    {{"MULTI"}, {"EXEC"}, {"MULTI"}, {"CLIENT", "what"}, {"EXEC"}},
    {{"MULTI"}, {"PING", "a", "b"}, {"UNWATCH"}, {"READONLY", "x"}, {"DISCARD"}},
    {{"CLIENT"},
     {"CLIENT", "what"},
     {"CLIENT", "SETNAME"},
     {"CLIENT", "SETNAME", "a b"},
     {"CLIENT", "SETNAME", "me"},
     {"CLIENT", "GETNAME"},
     {"CLIENT", "SETNAME", ""},
     {"CLIENT", "GETNAME"},
     {"client", "getname", "x"}},
    {{"CLIENT", "KILL", "1.2.3.4:5"},
     {"CLIENT", "KILL", "ID", "x"},
     {"CLIENT", "KILL", "ID", "0"},
     {"CLIENT", "KILL", "ID", "99999"},
     {"CLIENT", "KILL", "WHAT", "x"},
     {"CLIENT", "KILL", "TYPE", "x"},
     {"CLIENT", "KILL", "ID", "1", "x"},
     {"CLIENT", "KILL", "USER", "nobody"}},
    {{"CLIENT", "NO-EVICT", "x"},
     {"CLIENT", "NO-EVICT", "ON"},
     {"CLIENT", "REPLY", "x"},
     {"CLIENT", "REPLY", "ON"}},
    {{"CLIENT", "LIST", "TYPE", "x"},
     {"CLIENT", "LIST", "ID", "x"},
     {"CLIENT", "LIST", "ID", "99999"},
     {"CLIENT", "LIST", "x"},
     {"CLIENT", "LIST", "TYPE", "replica"}},
    {{"CONFIG"},
     {"CONFIG", "what"},
     {"CONFIG", "GET"},
     {"CONFIG", "GET", "nosuch"},
     {"CONFIG", "GET", "maxmemory-policy"},
     {"CONFIG", "GET", "MaxMemory"},
     {"CONFIG", "SET", "x"},
     {"CONFIG", "RESETSTAT"},
     {"CONFIG", "RESETSTAT", "x"}},
    {{"COMMAND", "what"},
     {"COMMAND", "COUNT", "x"},
     {"COMMAND", "GETKEYS"},
     {"COMMAND", "GETKEYS", "MSET", "a", "1", "b", "2"},
     {"COMMAND", "INFO", "nosuch"},
     {"COMMAND", "DOCS", "nosuch"},
     {"COMMAND", "LIST", "x"},
     {"COMMAND", "LIST", "FILTERBY", "MODULE", "x"}},
    {{"ROLE", "x"}, {"INFO", "nosuch"}, {"READONLY", "x"}, {"RESET", "x"}},
    {{"SUBSCRIBE", "a"},
     {"GET", "a"},
     {"PING"},
     {"PING", "x"},
     {"ECHO", "x"},
     {"CLIENT", "ID"},
     {"foo"},
     {"MULTI"},
     {"HELLO", "3"},
     {"UNSUBSCRIBE", "a"},
     {"UNSUBSCRIBE"},
     {"PING"}},
    {{"PSUBSCRIBE", "a*"},
     {"SUBSCRIBE", "a*"},
     {"PUNSUBSCRIBE"},
     {"UNSUBSCRIBE"},
     {"PUNSUBSCRIBE", "x"}},
    {{"RESET"}, {"MULTI"}, {"RESET"}, {"EXEC"}},
};

std::string readable(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += word.substr(0, 40) + " ";
  return out;
}

TEST(ComparedWithRedis, AnswersAreTheSame) {
  if (!state::RedisServer::installed()) GTEST_SKIP() << "redis-server is not installed";
  const auto redis = state::RedisServer::start();
  ASSERT_NE(redis, nullptr);
  StateNode node;
  for (const Script& script : scripts) {
    TestClient client(node.hub);
    const auto link = redis->connect();
    for (const auto& words : script) {
      const std::string expected = link->ask(words);
      client.ask(words);
      node.gateway.settle(node.hub);
      EXPECT_EQ(client.take(), expected) << readable(words);
    }
  }
}

}  // namespace
}  // namespace coterie::server
