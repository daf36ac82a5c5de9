// ONCE and FENCE, their limits included.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/store/state/fence.h"
#include "coterie/store/state/log_driver.h"
#include "coterie/store/state/once.h"

namespace coterie::state {
namespace {

using Words = std::vector<std::string>;

class OnceTest : public testing::Test {
 protected:
  std::string run(const Words& words) { return log.run(session, words); }
  std::string once(const std::string& client, uint64_t number, Words words) {
    words.insert(words.begin(), {"once", client, std::to_string(number)});
    return run(words);
  }
  bool expired(const std::string& reply) { return reply.starts_with("-ONCEEXPIRED"); }

  LogDriver log;
  SessionId session = log.open(1);
};
using FenceTest = OnceTest;

TEST_F(OnceTest, ANumberIsAppliedOnceAndItsReplyReplayed) {
  log.acknowledge_all = true;
  EXPECT_EQ(once("c", 1, {"incr", "n"}), ":1\r\n");
  EXPECT_EQ(once("c", 1, {"incr", "n"}), ":1\r\n");
  EXPECT_EQ(once("c", 2, {"incr", "n"}), ":2\r\n");
  EXPECT_EQ(once("c", 1, {"incr", "n"}), ":1\r\n");
  EXPECT_EQ(once("d", 1, {"incr", "n"}), ":3\r\n");
  EXPECT_EQ(run({"get", "n"}), bulk("3"));
}

TEST_F(OnceTest, NumbersMayComeInAnyOrder) {
  EXPECT_EQ(once("c", 7, {"incr", "n"}), ":1\r\n");
  EXPECT_EQ(once("c", 3, {"incr", "n"}), ":2\r\n");
  EXPECT_EQ(once("c", 0, {"incr", "n"}), ":3\r\n");
  EXPECT_EQ(once("c", 7, {"incr", "n"}), ":1\r\n");
}

TEST_F(OnceTest, ErrorsOfTheCommandAreRepliesToo) {
  run({"set", "k", "text"});
  EXPECT_EQ(once("c", 1, {"incr", "k"}), "-ERR value is not an integer or out of range\r\n");
  run({"set", "k", "5"});
  EXPECT_EQ(once("c", 1, {"incr", "k"}), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(once("c", 2, {"get", "k"}), bulk("5"));
}

TEST_F(OnceTest, WhatItCannotHoldIsRefusedAndTheNumberStaysFree) {
  for (const Words& words : std::vector<Words>{{"blpop", "q", "0"},
                                               {"multi"},
                                               {"select", "1"},
                                               {"subscribe", "c"},
                                               {"nonsense"},
                                               {"get"},
                                               {"once", "d", "1", "incr", "n"},
                                               {"exec"},
                                               {"open_session"},
                                               {""}}) {
    EXPECT_EQ(once("c", 1, words).substr(0, 4), "-ERR") << words[0];
  }
  EXPECT_EQ(once("c", 1, {"incr", "n"}), ":1\r\n");
  EXPECT_EQ(run({"once", "c", "-1", "incr", "n"}).substr(0, 4), "-ERR");
  EXPECT_EQ(run({"once", "c", "9223372036854775808", "incr", "n"}).substr(0, 4), "-ERR");
  EXPECT_EQ(run({"once", "c", "x", "incr", "n"}).substr(0, 4), "-ERR");
  EXPECT_EQ(run({"once", "", "1", "incr", "n"}).substr(0, 4), "-ERR");
  EXPECT_EQ(run({"once", std::string(257, 'c'), "1", "incr", "n"}).substr(0, 4), "-ERR");
  EXPECT_EQ(run({"once", "c", "1"}).substr(0, 4), "-ERR");
  EXPECT_EQ(once("c", INT64_MAX, {"incr", "n"}), ":2\r\n");
  EXPECT_EQ(once("c", INT64_MAX, {"incr", "n"}), ":2\r\n");
}

TEST_F(OnceTest, OnlyTheHighestNumbersOfAClientAreKept) {
  for (uint64_t i = 1; i <= Limits::once_replies_max; ++i) once("c", i, {"incr", "n"});
  EXPECT_EQ(once("c", 1, {"incr", "n"}), ":1\r\n");
  once("c", 1'000, {"incr", "n"});
  EXPECT_TRUE(expired(once("c", 1, {"incr", "n"})));
  EXPECT_TRUE(expired(once("c", 0, {"incr", "n"}))) << "lower than one that is no longer kept";
  EXPECT_EQ(once("c", 2, {"incr", "n"}), ":2\r\n");
  EXPECT_EQ(once("c", 500, {"incr", "n"}), ":130\r\n");
  EXPECT_TRUE(expired(once("c", 2, {"incr", "n"})));
  EXPECT_EQ(run({"get", "n"}), bulk("130"));
}

TEST_F(OnceTest, ASilentClientsRepliesExpireByLogTime) {
  once("c", 5, {"incr", "n"});
  log.stamp(log.now_ms + Limits::once_silence_ms_max - 1);
  EXPECT_EQ(once("c", 5, {"incr", "n"}), ":1\r\n") << "which is a use";
  log.now_ms += Limits::once_silence_ms_max;
  EXPECT_TRUE(expired(once("c", 5, {"incr", "n"})));
  EXPECT_TRUE(expired(once("c", 4, {"incr", "n"})));
  EXPECT_EQ(once("c", 6, {"incr", "n"}), ":2\r\n");
  EXPECT_EQ(once("c", 6, {"incr", "n"}), ":2\r\n");
  EXPECT_EQ(run({"get", "n"}), bulk("2"));
}

TEST_F(OnceTest, TheTableIsBoundedAndForgetsWhoWasSilentLongest) {
  OnceTable table;
  const Reply reply = reply_ok();
  for (uint64_t i = 0; i < Limits::once_clients_max; ++i) {
    const std::string client = std::to_string(i);
    ASSERT_EQ(table.ask(client, 1, 0).fate, OnceTable::Fate::fresh);
    table.keep(client, 1, reply, 0);
  }
  EXPECT_EQ(table.clients(), Limits::once_clients_max);
  EXPECT_EQ(table.ask("0", 1, 0).fate, OnceTable::Fate::known);
  table.keep("new", 1, reply, 0);
  EXPECT_EQ(table.clients(), Limits::once_clients_max);
  EXPECT_EQ(table.ask("0", 1, 0).fate, OnceTable::Fate::known);
  EXPECT_EQ(table.ask("1", 1, 0).fate, OnceTable::Fate::fresh) << "forgotten altogether";
  EXPECT_EQ(table.ask("2", 1, 0).fate, OnceTable::Fate::known);
  table.expire(Limits::once_silence_ms_max, 1);
  table.keep("newer", 1, reply, 0);
  EXPECT_EQ(table.ask("3", 1, 0).fate, OnceTable::Fate::fresh)
      << "who has no replies left goes first";
  EXPECT_EQ(table.ask("4", 1, 0).fate, OnceTable::Fate::known);
}

// Expiry is a matter of log time, not of when the replies are cleared away.
TEST_F(OnceTest, SilenceCountsWhetherClearedAwayOrNot) {
  OnceTable table;
  table.keep("c", 5, reply_ok(), 100);
  EXPECT_EQ(table.ask("c", 5, 99 + Limits::once_silence_ms_max).fate, OnceTable::Fate::known);
  const int64_t later = 99 + 2 * Limits::once_silence_ms_max;
  EXPECT_EQ(table.ask("c", 5, later).fate, OnceTable::Fate::expired);
  EXPECT_EQ(table.kept_bytes(), 0u);
}

TEST_F(OnceTest, TheBytesOfAllRepliesAreBounded) {
  OnceTable table;
  const auto reply_of = [](size_t size_bytes) {  // whose bytes nobody looks at
    PayloadBuilder bytes;
    bytes.extend(size_bytes);
    return bytes.take();
  };
  const Reply large = reply_of(Limits::once_bytes_max / 4);
  for (uint64_t i = 0; i < 4; ++i) table.keep(std::to_string(i), 1, large, 0);
  EXPECT_EQ(table.ask("0", 1, 0).fate, OnceTable::Fate::known);
  table.keep("4", 1, large, 0);
  EXPECT_LE(table.kept_bytes(), Limits::once_bytes_max);
  EXPECT_EQ(table.ask("0", 1, 0).fate, OnceTable::Fate::known);
  EXPECT_EQ(table.ask("1", 1, 0).fate, OnceTable::Fate::expired);
  table.keep("5", 1, reply_of(Limits::once_bytes_max + 1), 0);
  EXPECT_EQ(table.kept_bytes(), 0u);
  EXPECT_EQ(table.ask("5", 1, 0).fate, OnceTable::Fate::expired);
  EXPECT_EQ(table.ask("5", 2, 0).fate, OnceTable::Fate::fresh);
}

TEST_F(FenceTest, ALowerTokenIsRefused) {
  EXPECT_EQ(run({"fence", "r", "5", "set", "k", "a"}), "+OK\r\n");
  EXPECT_EQ(run({"fence", "r", "5", "set", "k", "b"}), "+OK\r\n");
  EXPECT_EQ(run({"fence", "r", "4", "set", "k", "c"}).substr(0, 11), "-STALETOKEN");
  EXPECT_EQ(run({"fence", "r", "9", "get", "k"}), bulk("b"));
  EXPECT_EQ(run({"fence", "r", "8", "get", "k"}).substr(0, 11), "-STALETOKEN");
  EXPECT_EQ(run({"fence", "other", "1", "get", "k"}), bulk("b"));
}

TEST_F(FenceTest, TheTokenOfALockRises) {
  const std::string first = run({"set", "lock", "a", "NX", "PX", "100", "TOKEN"});
  ASSERT_EQ(first[0], ':');
  log.now_ms += 100;
  const std::string second = run({"set", "lock", "b", "NX", "PX", "100", "TOKEN"});
  const auto number = [](const std::string& reply) { return reply.substr(1, reply.size() - 3); };
  EXPECT_GT(std::stoll(number(second)), std::stoll(number(first)));
  EXPECT_EQ(run({"fence", "r", number(second), "set", "k", "b"}), "+OK\r\n");
  EXPECT_EQ(run({"fence", "r", number(first), "set", "k", "a"}).substr(0, 11), "-STALETOKEN");
}

TEST_F(FenceTest, WhatItCannotHoldIsRefusedAndRaisesNothing) {
  for (const Words& words : std::vector<Words>{{"blpop", "q", "0"},
                                               {"multi"},
                                               {"nonsense"},
                                               {"get"},
                                               {"once", "c", "1", "incr", "n"},
                                               {"ONCE", "c", "1", "incr", "n"},
                                               {"fence", "r", "1", "incr", "n"}}) {
    Words all{"fence", words[0] == "fence" ? "outer" : "r", "9"};
    all.insert(all.end(), words.begin(), words.end());
    EXPECT_EQ(run(all).substr(0, 4), "-ERR") << words[0];
  }
  EXPECT_EQ(run({"fence", "r", "1", "incr", "n"}), ":1\r\n");
  EXPECT_EQ(run({"fence", "r", "x", "incr", "n"}).substr(0, 4), "-ERR");
  EXPECT_EQ(run({"fence", "", "1", "incr", "n"}).substr(0, 4), "-ERR");
  EXPECT_EQ(run({"fence", std::string(257, 'r'), "1", "incr", "n"}).substr(0, 4), "-ERR");
}

TEST_F(FenceTest, OnceAroundFenceKeepsTheRefusalToo) {
  run({"fence", "r", "5", "incr", "n"});
  EXPECT_EQ(run({"once", "c", "1", "fence", "r", "5", "incr", "n"}), ":2\r\n");
  EXPECT_EQ(run({"once", "c", "1", "fence", "r", "5", "incr", "n"}), ":2\r\n");
  EXPECT_EQ(run({"once", "c", "2", "fence", "r", "4", "incr", "n"}).substr(0, 11), "-STALETOKEN");
  EXPECT_EQ(run({"once", "c", "2", "fence", "r", "4", "incr", "n"}).substr(0, 11), "-STALETOKEN");
  EXPECT_EQ(run({"get", "n"}), bulk("2"));
}

TEST_F(FenceTest, AFullTableRefusesNewResources) {
  for (uint64_t i = 0; i < Limits::fence_resources_max; ++i) {
    log.acknowledge_all = true;
    ASSERT_EQ(run({"fence", "r" + std::to_string(i), "1", "exists", "k"}), ":0\r\n");
  }
  EXPECT_EQ(run({"fence", "one more", "1", "incr", "n"}).substr(0, 4), "-ERR");
  EXPECT_EQ(run({"fence", "r7", "2", "incr", "n"}), ":1\r\n");
  EXPECT_EQ(run({"fence", "r7", "1", "incr", "n"}).substr(0, 11), "-STALETOKEN");
}

}  // namespace
}  // namespace coterie::state
