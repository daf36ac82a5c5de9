// EXEC: guards, atomicity, replies.
#include "coterie/store/state/transaction.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/store/state/log_driver.h"

namespace coterie::state {
namespace {

using Words = std::vector<std::string>;

class ExecTest : public testing::Test {
 protected:
  std::string exec(const std::vector<Words>& commands, const std::vector<Guard>& guards = {}) {
    std::string all;
    for (const Words& words : commands) all += encoded(words);
    return log.run_encoded(session, encoded({"#5", encode_guards(guards), all}));
  }
  Revision revision(std::string_view key, uint8_t db = 0) {
    const Reply reply = log.state.read(*command_by_number(number::revisions), db, {&key, 1});
    EXPECT_EQ(reply.view().substr(0, 5), "*1\r\n:");
    return Revision(std::stoull(std::string(reply.view().substr(5))));
  }
  Guard watch(const std::string& key, uint8_t db = 0) { return {db, key, revision(key, db)}; }

  LogDriver log;
  SessionId session = log.open(1);
};

constexpr const char* aborted = "*-1\r\n";

TEST_F(ExecTest, CommandsAreAppliedInOrderAndErrorsAbortNothing) {
  EXPECT_EQ(exec({{"set", "k", "v"},
                  {"lpush", "k", "x"},
                  {"get", "k"},
                  {"#60000"},
                  {"get"},
                  {"incr", "n"}}),
            "*6\r\n+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" +
                bulk("v") +
                "-ERR unknown command number 60000\r\n-ERR wrong number of arguments for 'get' "
                "command\r\n:1\r\n");
  EXPECT_EQ(exec({}), "*0\r\n");
}

TEST_F(ExecTest, AChangedGuardAborts) {
  log.run(session, {"set", "k", "1"});
  const Guard guard = watch("k");
  EXPECT_EQ(exec({{"set", "k", "2"}}, {guard}), "*1\r\n+OK\r\n");
  EXPECT_EQ(exec({{"set", "k", "3"}}, {guard}), aborted);
  EXPECT_EQ(log.run(session, {"get", "k"}), bulk("2"));
  log.run(session, {"set", "k", "2"});
  EXPECT_EQ(exec({{"set", "k", "3"}}, {guard}), aborted) << "set to what it was is a change too";
}

TEST_F(ExecTest, AbsentKeysAreGuardedToo) {
  const Guard guard = watch("k");
  EXPECT_EQ(guard.seen, Revision(0));
  EXPECT_EQ(exec({{"incr", "n"}}, {guard}), "*1\r\n:1\r\n");
  log.run(session, {"set", "k", "1"});
  EXPECT_EQ(exec({{"incr", "n"}}, {guard}), aborted);
  log.run(session, {"del", "k"});
  EXPECT_EQ(exec({{"incr", "n"}}, {guard}), "*1\r\n:2\r\n");
  const Guard deleted = watch("k");
  log.run(session, {"del", "k"});
  EXPECT_EQ(exec({{"incr", "n"}}, {deleted}), "*1\r\n:3\r\n")
      << "deleting what is not there is no change";
}

TEST_F(ExecTest, AKeyThatExpiresHasChangedWhetherRemovedOrNot) {
  log.run(session, {"set", "k", "1", "PX", "50"});
  const Guard guard = watch("k");
  EXPECT_EQ(exec({{"incr", "n"}}, {guard}), "*1\r\n:1\r\n");
  log.now_ms += 50;
  EXPECT_EQ(revision("k"), guard.seen) << "log time moves by entries alone";
  EXPECT_EQ(exec({{"incr", "n"}}, {guard}), aborted);
  const Guard gone = watch("k");
  EXPECT_EQ(gone.seen, Revision(0));
  EXPECT_EQ(exec({{"incr", "n"}}, {gone}), "*1\r\n:2\r\n");
}

// A watched key that has expired already stays absent while its removal is still to come, and
// thereafter.
TEST_F(ExecTest, RemovalOfExpiredKeysIsNoChange) {
  std::vector<Words> sets;
  for (int i = 0; i < 200; ++i) sets.push_back({"set", "k" + std::to_string(i), "v", "PX", "10"});
  exec(sets);
  log.now_ms += 10;
  log.stamp(log.now_ms);
  std::vector<Guard> guards;
  for (int i = 0; i < 200; ++i) guards.push_back(watch("k" + std::to_string(i)));
  EXPECT_LE(log.state.next_deadline_ms(), log.now_ms) << "some are still to be removed";
  const Revision before = log.state.revision();
  for (int i = 0; i < 5; ++i) log.stamp(log.now_ms);
  EXPECT_GT(log.state.next_deadline_ms(), log.now_ms);
  EXPECT_EQ(log.state.revision(), before);
  EXPECT_EQ(exec({{"incr", "n"}}, guards), "*1\r\n:1\r\n");
}

TEST_F(ExecTest, GuardsHoldInTheirDatabase) {
  const Guard guard = watch("k", 3);
  log.run(session, {"set", "k", "1"}, 0);
  EXPECT_EQ(exec({{"incr", "n"}}, {guard}), "*1\r\n:1\r\n");
  log.run(session, {"set", "k", "1"}, 3);
  EXPECT_EQ(exec({{"incr", "n"}}, {guard}), aborted);
}

TEST_F(ExecTest, FlushChangesWhatItRemoves) {
  log.run(session, {"set", "k", "1"});
  const Guard guard = watch("k");
  log.run(session, {"flushall"});
  EXPECT_EQ(exec({{"incr", "n"}}, {guard}), aborted);
}

TEST_F(ExecTest, EveryChangingCommandTakesOneRevision) {
  const Revision before = log.state.revision();
  exec({{"mset", "a", "1", "b", "2"},
        {"get", "a"},
        {"incr", "a"},
        {"del", "nothing"},
        {"lpush", "a", "x"}});
  EXPECT_EQ(log.state.revision(), before + 2);
  EXPECT_EQ(revision("a"), before + 2);
  EXPECT_EQ(revision("b"), before + 1);
}

TEST_F(ExecTest, MalformedOnesAreRefusedAsAWhole) {
  const std::string incr = encoded({"incr", "n"});
  const std::string none = encode_guards({});
  EXPECT_EQ(log.run_encoded(session, encoded({"#5", none, incr + "x"})),
            "-ERR malformed transaction\r\n");
  EXPECT_EQ(log.run_encoded(session, encoded({"#5", "xx", incr})),
            "-ERR malformed transaction\r\n");
  EXPECT_EQ(log.run_encoded(session, encoded({"#5", none})).substr(0, 4), "-ERR");
  EXPECT_EQ(log.run(session, {"exists", "n"}), ":0\r\n");
}

TEST_F(ExecTest, WhatBelongsElsewhereIsRefusedByItself) {
  const std::string inner = encoded({"#5", encode_guards({}), ""});
  std::string reply =
      log.run_encoded(session, encoded({"#5", encode_guards({}),
                                        inner + encoded({"#3", "1"}) + encoded({"#2", "1"}) +
                                            encoded({"ping"}) + encoded({"incr", "n"})}));
  EXPECT_EQ(reply.substr(0, 4), "*5\r\n");
  EXPECT_EQ(reply.substr(reply.size() - 4), ":1\r\n");
  size_t errors = 0;
  for (size_t at = 0; (at = reply.find("-ERR", at)) != std::string::npos; ++at) ++errors;
  EXPECT_EQ(errors, 4u);
  EXPECT_TRUE(log.state.session(session));
}

}  // namespace
}  // namespace coterie::state
