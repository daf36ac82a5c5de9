// Blocking commands in the log: who is served, when, and in which order.
#include "coterie/store/state/waiters.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/store/state/log_driver.h"

namespace coterie::state {
namespace {

using Words = std::vector<std::string>;

std::string popped(std::string_view key, std::string_view element) {
  return "*2\r\n" + bulk(key) + bulk(element);
}

// A transaction of commands without guards.
std::string exec(const std::vector<Words>& commands, const std::vector<Guard>& guards = {}) {
  std::string all;
  for (const Words& words : commands) all += encoded(words);
  return encoded({"#5", encode_guards(guards), all});
}

class WaitersTest : public testing::Test {
 protected:
  std::string kept(SessionId session, uint64_t number) {
    const auto reply = log.state.kept_reply(session, number);
    return reply ? reply->text() : "";
  }

  LogDriver log;
  SessionId a = log.open(1);
  SessionId b = log.open(2);
  SessionId c = log.open(3);
};

TEST_F(WaitersTest, WhoCameFirstIsServedFirst) {
  EXPECT_EQ(log.run(a, {"blpop", "q", "0"}), "");
  EXPECT_EQ(log.run(b, {"blpop", "q", "0"}), "");
  EXPECT_TRUE(log.state.waiting(a, 1));
  EXPECT_FALSE(log.state.kept_reply(a, 1));
  EXPECT_EQ(log.run(c, {"rpush", "q", "x"}), ":1\r\n");
  EXPECT_EQ(log.reply_of(a, 1), popped("q", "x"));
  EXPECT_EQ(log.reply_of(b, 1), "");
  EXPECT_FALSE(log.state.waiting(a, 1));
  EXPECT_EQ(kept(a, 1), popped("q", "x"));
  EXPECT_EQ(log.run(c, {"rpush", "q", "y", "z"}), ":2\r\n");
  EXPECT_EQ(log.reply_of(b, 1), popped("q", "y"));
  EXPECT_EQ(log.run(c, {"lrange", "q", "0", "-1"}), "*1\r\n" + bulk("z"));
}

TEST_F(WaitersTest, OnePushServesAsManyAsItHasElements) {
  EXPECT_EQ(log.run(a, {"blpop", "q", "0"}), "");
  EXPECT_EQ(log.run(b, {"brpop", "q", "0"}), "");
  log.run(c, {"rpush", "q", "1", "2", "3"});
  EXPECT_EQ(log.reply_of(a, 1), popped("q", "1"));
  EXPECT_EQ(log.reply_of(b, 1), popped("q", "3"));
  EXPECT_EQ(log.effects.replies.size(), 3u);
  EXPECT_EQ(log.effects.replies[0].session, c) << "the push is answered before those it serves";
}

TEST_F(WaitersTest, AKeyWithElementsIsTakenAtOnceInArgumentOrder) {
  log.run(c, {"rpush", "q2", "x"});
  log.run(c, {"rpush", "q1", "y"});
  EXPECT_EQ(log.run(a, {"blpop", "q0", "q1", "q2", "0"}), popped("q1", "y"));
}

TEST_F(WaitersTest, AWaiterOfSeveralKeysLeavesAllLinesWhenServed) {
  EXPECT_EQ(log.run(a, {"blpop", "q1", "q2", "q1", "0"}), "");
  log.run(c, {"rpush", "q2", "x"});
  EXPECT_EQ(log.reply_of(a, 1), popped("q2", "x"));
  log.run(c, {"rpush", "q1", "y"});
  EXPECT_EQ(log.effects.replies.size(), 1u);
  EXPECT_EQ(log.run(c, {"llen", "q1"}), ":1\r\n");
}

// As Redis says of BLPOP: of several keys pushed to within one transaction, the first that was
// pushed to serves.
TEST_F(WaitersTest, AfterATransactionTheFirstKeyPushedToServes) {
  EXPECT_EQ(log.run(a, {"blpop", "q1", "q2", "0"}), "");
  log.run_encoded(c, exec({{"rpush", "q2", "x"}, {"rpush", "q1", "y"}, {"lpush", "q2", "z"}}));
  EXPECT_EQ(log.reply_of(a, 1), popped("q2", "z"))
      << "served at the end of the transaction, not within";
  EXPECT_EQ(log.run(c, {"lrange", "q2", "0", "-1"}), "*1\r\n" + bulk("x"));
}

TEST_F(WaitersTest, APushTakenBackWithinTheTransactionServesNobody) {
  EXPECT_EQ(log.run(a, {"blpop", "q", "0"}), "");
  log.run_encoded(c, exec({{"rpush", "q", "x"}, {"del", "q"}, {"set", "q", "a string"}}));
  EXPECT_EQ(log.effects.replies.size(), 1u);
  EXPECT_TRUE(log.state.waiting(a, 1));
  EXPECT_EQ(log.run(c, {"get", "q"}), bulk("a string"));
  log.run(c, {"del", "q"});
  log.run(c, {"rpush", "q", "y"});
  EXPECT_EQ(log.reply_of(a, 1), popped("q", "y"));
}

TEST_F(WaitersTest, InATransactionNobodyWaits) {
  EXPECT_EQ(log.run_encoded(a, exec({{"blpop", "q", "0"}, {"incr", "n"}})), "*2\r\n*-1\r\n:1\r\n");
  EXPECT_FALSE(log.state.waiting(a, 1));
}

TEST_F(WaitersTest, TimeIsOverWhenTheStampReachesTheDeadline) {
  log.now_ms = 10'000;
  EXPECT_EQ(log.run(a, {"blpop", "q", "1.5"}), "");
  EXPECT_EQ(log.state.next_deadline_ms(), 11'500);
  log.stamp(11'499);
  EXPECT_TRUE(log.effects.replies.empty());
  log.stamp(11'500);
  EXPECT_EQ(log.reply_of(a, 1), "*-1\r\n");
  EXPECT_EQ(kept(a, 1), "*-1\r\n");
  log.run(c, {"rpush", "q", "x"});
  EXPECT_EQ(log.effects.replies.size(), 1u);
}

TEST_F(WaitersTest, APushInTheEntryWhoseStampEndsTheWaitComesTooLate) {
  EXPECT_EQ(log.run(a, {"blpop", "q", "1"}), "");
  log.now_ms += 1'000;
  EXPECT_EQ(log.run(c, {"rpush", "q", "x"}), ":1\r\n");
  EXPECT_EQ(log.reply_of(a, 1), "*-1\r\n");
}

TEST_F(WaitersTest, ACancelledRequestLeavesTheLine) {
  EXPECT_EQ(log.run(a, {"blpop", "q", "0"}), "");
  EXPECT_EQ(log.run(a, {"#3", "1"}), ":1\r\n");
  EXPECT_EQ(log.reply_of(a, 1).substr(0, 10), "-UNBLOCKED");
  log.run(c, {"rpush", "q", "x"});
  EXPECT_EQ(log.effects.replies.size(), 1u);
  EXPECT_EQ(log.run(a, {"#3", "1"}), ":0\r\n");
  EXPECT_EQ(log.run(a, {"#3", "x"}).substr(0, 4), "-ERR");
  EXPECT_EQ(log.run(a, {"#3"}).substr(0, 4), "-ERR");
}

TEST_F(WaitersTest, OnlyTheSessionItselfCancels) {
  EXPECT_EQ(log.run(a, {"blpop", "q", "0"}), "");
  EXPECT_EQ(log.run(b, {"#3", "1"}), ":0\r\n");
  EXPECT_TRUE(log.state.waiting(a, 1));
}

TEST_F(WaitersTest, AClosedSessionsWaitersAreGone) {
  EXPECT_EQ(log.run(a, {"blpop", "q", "0"}), "");
  EXPECT_EQ(log.run(b, {"blpop", "q", "0"}), "");
  log.close(a);
  EXPECT_EQ(log.effects.closed, std::vector<SessionId>{a});
  log.run(c, {"rpush", "q", "x"});
  EXPECT_EQ(log.reply_of(b, 1), popped("q", "x"));
}

TEST_F(WaitersTest, DatabasesHaveTheirOwnLines) {
  EXPECT_EQ(log.run(a, {"blpop", "q", "0"}, 1), "");
  log.run(c, {"rpush", "q", "x"}, 0);
  EXPECT_EQ(log.effects.replies.size(), 1u);
  log.run(c, {"rpush", "q", "y"}, 1);
  EXPECT_EQ(log.reply_of(a, 1), popped("q", "y"));
}

TEST_F(WaitersTest, WrongTypeIsAnsweredAtOnce) {
  log.run(c, {"set", "s", "v"});
  EXPECT_EQ(log.run(a, {"blpop", "s", "0"}).substr(0, 10), "-WRONGTYPE");
  EXPECT_EQ(log.run(a, {"blpop", "q", "x"}).substr(0, 4), "-ERR");
  EXPECT_EQ(log.run(a, {"blpop", "q"}).substr(0, 4), "-ERR");
}

// The node acknowledges past a waiting request. Its reply must survive acknowledgements that were
// under way before it was given, and go with the first that shows that the node has seen it.
TEST_F(WaitersTest, ALateReplyIsKeptUntilTheNodeHasSeenIt) {
  EXPECT_EQ(log.run(a, {"blpop", "q", "0"}), "");
  log.run(a, {"incr", "n"});
  log.run(a, {"incr", "n"});
  log.run(c, {"rpush", "q", "x"});
  EXPECT_EQ(log.reply_of(a, 1), popped("q", "x"));
  log.apply(
      block_of({.session = a, .first_number = 4, .acknowledged = 3}, {encoded({"incr", "n"})}));
  EXPECT_EQ(kept(a, 1), popped("q", "x"));
  EXPECT_FALSE(log.state.kept_reply(a, 2));
  log.apply(block_of({.session = a, .first_number = 5, .acknowledged = 4}, {}));
  EXPECT_FALSE(log.state.kept_reply(a, 1));
  EXPECT_EQ(log.state.session(a)->kept_bytes, 0u);
}

TEST_F(WaitersTest, ACancellationDropsALateReply) {
  EXPECT_EQ(log.run(a, {"blpop", "q", "0"}), "");
  log.run(c, {"rpush", "q", "x"});
  EXPECT_TRUE(log.state.kept_reply(a, 1));
  EXPECT_EQ(log.run(a, {"#3", "1"}), ":0\r\n");
  EXPECT_FALSE(log.state.kept_reply(a, 1));
}

TEST_F(WaitersTest, ServingIsAChangeWithARevisionOfItsOwn) {
  EXPECT_EQ(log.run(a, {"blpop", "q", "0"}), "");
  const Revision before = log.state.revision();
  log.run(c, {"rpush", "q", "x", "y"});
  EXPECT_EQ(log.state.revision(), before + 2);
}

TEST_F(WaitersTest, ManyWaitersOfManyKeysAreServedInTheirOrder) {
  constexpr int keys = 20;
  constexpr int waiters = 500;
  for (int i = 0; i < waiters; ++i) {
    ASSERT_EQ(log.run(a, {"blpop", "q" + std::to_string(i % keys),
                          "q" + std::to_string((i * 7) % keys), "0"}),
              "");
  }
  const uint64_t digest = log.state.digest();
  std::vector<uint64_t> served;
  for (int i = 0; i < waiters; ++i) {
    log.run(c, {"rpush", "q" + std::to_string(i % keys), "e" + std::to_string(i)});
    for (const SessionReply& reply : log.effects.replies) {
      if (reply.session == a) served.push_back(reply.number);
    }
  }
  EXPECT_NE(log.state.digest(), digest);
  std::vector<uint64_t> sorted = served;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(std::unique(sorted.begin(), sorted.end()), sorted.end()) << "nobody is served twice";
  for (uint64_t number = 1; number <= waiters; ++number) {
    const bool is_served = std::binary_search(sorted.begin(), sorted.end(), number);
    EXPECT_EQ(log.state.waiting(a, number), !is_served);
  }
}

}  // namespace
}  // namespace coterie::state
