// Exactly-once, from the side of the state: numbers, gaps, kept replies, closing.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/store/state/log_driver.h"

namespace coterie::state {
namespace {

TEST(Sessions, ANumberIsAppliedOnce) {
  LogDriver log;
  const SessionId session = log.open(1);
  const std::string incr = encoded({"incr", "n"});
  const BlockHeader first{.session = session, .first_number = 1};
  log.apply(block_of(first, {incr, incr}));
  EXPECT_EQ(log.reply_of(session, 1), ":1\r\n");
  EXPECT_EQ(log.reply_of(session, 2), ":2\r\n");
  log.apply(block_of(first, {incr, incr, incr}));
  EXPECT_EQ(log.effects.replies.size(), 1u) << "only the third is new";
  EXPECT_EQ(log.reply_of(session, 3), ":3\r\n");
  log.apply(block_of({.session = session, .first_number = 0}, {incr, incr}));
  EXPECT_TRUE(log.effects.replies.empty());
  EXPECT_EQ(log.state.kept_reply(session, 2)->view(), ":2\r\n");
}

TEST(Sessions, BehindAGapNothingIsApplied) {
  LogDriver log;
  const SessionId session = log.open(1);
  const std::string incr = encoded({"incr", "n"});
  log.apply(block_of({.session = session, .first_number = 2}, {incr, incr}));
  EXPECT_TRUE(log.effects.replies.empty());
  EXPECT_EQ(log.last(session), 0u);
  log.apply(block_of({.session = session, .first_number = 1}, {incr}) +
            block_of({.session = session, .first_number = 3}, {incr}) +
            block_of({.session = session, .first_number = 2}, {incr}));
  EXPECT_EQ(log.last(session), 2u);
}

TEST(Sessions, AcknowledgedRepliesAreDropped) {
  LogDriver log;
  const SessionId session = log.open(1);
  for (int i = 0; i < 5; ++i) log.run(session, {"incr", "n"});
  EXPECT_EQ(log.state.session(session)->kept_bytes, 5 * 4u);
  log.apply(block_of({.session = session, .first_number = 6, .acknowledged = 3}, {}));
  EXPECT_FALSE(log.state.kept_reply(session, 3));
  EXPECT_EQ(log.state.kept_reply(session, 4)->view(), ":4\r\n");
  EXPECT_EQ(log.state.session(session)->kept_bytes, 2 * 4u);
  log.apply(block_of({.session = session, .first_number = 6, .acknowledged = UINT64_MAX}, {}));
  EXPECT_EQ(log.state.session(session)->acknowledged, 5u)
      << "what was not applied cannot have been received";
  EXPECT_EQ(log.state.session(session)->kept_bytes, 0u);
}

TEST(Sessions, ANewerOneOfTheNodeClosesTheOlder) {
  LogDriver log;
  const SessionId first = log.open(1, 1);
  const SessionId other = log.open(2, 1);
  EXPECT_EQ(first, SessionId(1)) << "its id is the index of its entry";
  const SessionId second = log.open(1, 2);
  EXPECT_EQ(log.effects.closed, std::vector<SessionId>{first});
  EXPECT_FALSE(log.state.session(first));
  EXPECT_TRUE(log.state.session(other));
  EXPECT_EQ(log.state.sessions_of(NodeId(1)), std::vector<SessionId>{second});
  log.apply(block_of({.session = first, .first_number = 1}, {encoded({"incr", "n"})}));
  EXPECT_TRUE(log.effects.replies.empty());
}

TEST(Sessions, AskedForTwiceItIsOpenedOnce) {
  LogDriver log;
  const SessionId first = log.open(1, 5);
  log.run(first, {"incr", "n"});
  EXPECT_EQ(log.open(1, 5), first);
  EXPECT_TRUE(log.effects.closed.empty());
  EXPECT_EQ(log.last(first), 1u);
}

TEST(Sessions, TwoOpenedByOneEntryHaveDifferentIds) {
  LogDriver log;
  const std::string replica = "000102030405060708090a0b0c0d0e0f";
  log.apply(block_of({}, {encoded({"#1", "1", replica, "9"}), encoded({"#1", "2", replica, "9"})}));
  ASSERT_EQ(log.effects.opened.size(), 2u);
  EXPECT_NE(log.effects.opened[0].session, log.effects.opened[1].session);
  EXPECT_EQ(log.effects.opened[0].replica.text(), replica);
  const SessionId later = log.open(3);
  EXPECT_GT(later, log.effects.opened[0].session - 1);
  EXPECT_EQ(log.state.sessions_of(NodeId(3)), std::vector<SessionId>{later});
}

TEST(Sessions, MalformedRequestsAboutSessionsChangeNothing) {
  LogDriver log;
  const SessionId session = log.open(1);
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"#1"},
                                             {"#1", "x", "000102030405060708090a0b0c0d0e0f", "1"},
                                             {"#1", "1", "00", "1"},
                                             {"#1", "1", "zz0102030405060708090a0b0c0d0e0f", "1"},
                                             {"#1", "1", "000102030405060708090a0b0c0d0e0f", "-1"},
                                             {"#2"},
                                             {"#2", "99"},
                                             {"#2", ""},
                                             {"incr", "n"},
                                             {"#60000"}}) {
    log.apply(block_of({}, {encoded(words)}));
    EXPECT_TRUE(log.effects.opened.empty());
    EXPECT_TRUE(log.effects.closed.empty());
    EXPECT_TRUE(log.effects.replies.empty());
  }
  EXPECT_TRUE(log.state.session(session));
  EXPECT_EQ(log.state.keys(), 0u);
}

TEST(Sessions, NotMoreThanTheirMostAreOpened) {
  LogDriver log;
  for (uint64_t node = 1; node <= Limits::sessions_max; ++node) log.open(node);
  log.apply(block_of({}, {encoded({"#1", "99999", "000102030405060708090a0b0c0d0e0f", "1"})}));
  EXPECT_TRUE(log.effects.opened.empty());
  EXPECT_TRUE(log.open(1, 2)) << "one that replaces another is welcome";
}

TEST(Sessions, SilenceIsMeasuredInLogTime) {
  LogDriver log;
  const SessionId first = log.open(1);
  log.now_ms += 10;
  const SessionId second = log.open(2);
  const int64_t due = 1'000 + Limits::session_silence_ms_max;
  EXPECT_EQ(log.state.next_deadline_ms(), due);
  EXPECT_TRUE(log.state.silent_sessions(due - 1).empty());
  EXPECT_EQ(log.state.silent_sessions(due), std::vector<SessionId>{first});
  EXPECT_EQ(log.state.silent_sessions(due + 10), (std::vector<SessionId>{first, second}));
  log.stamp(due - 1);
  log.apply(block_of({.session = first, .first_number = 1}, {}));
  EXPECT_TRUE(log.state.silent_sessions(due).empty()) << "an empty block is a sign of life";
  log.close(second);
  EXPECT_EQ(log.effects.closed, std::vector<SessionId>{second});
}

TEST(Sessions, AFullWindowOfNumbersStopsTheBlock) {
  LogDriver log;
  const SessionId session = log.open(1);
  const std::vector<std::string> many(3 * Limits::session_window, encoded({"incr", "n"}));
  log.apply(block_of({.session = session, .first_number = 1}, many));
  EXPECT_EQ(log.last(session), 2 * Limits::session_window);
  log.apply(block_of(
      {.session = session, .first_number = 2 * Limits::session_window + 1, .acknowledged = 10},
      many));
  EXPECT_EQ(log.last(session), 2 * Limits::session_window + 10);
}

TEST(Sessions, AFullWindowOfBytesStopsTheBlock) {
  LogDriver log;
  const SessionId session = log.open(1);
  log.run(session, {"set", "k", std::string(10u << 20, 'x')});
  const std::vector<std::string> gets(10, encoded({"get", "k"}));
  log.apply(block_of({.session = session, .first_number = 2, .acknowledged = 1}, gets));
  EXPECT_EQ(log.last(session), 8u) << "seven replies of 10 MiB are more than 64 MiB";
  EXPECT_EQ(log.effects.replies.size(), 7u);
  log.apply(block_of({.session = session, .first_number = 9, .acknowledged = 8}, {gets[0]}));
  EXPECT_EQ(log.last(session), 9u);
}

TEST(Sessions, UnknownCommandsAreAnswered) {
  LogDriver log;
  const SessionId session = log.open(1);
  EXPECT_EQ(log.run(session, {"#60000", "x"}), "-ERR unknown command number 60000\r\n");
  EXPECT_EQ(log.run(session, {"ping"}).substr(0, 4), "-ERR");
  EXPECT_EQ(log.run(session, {"get"}), "-ERR wrong number of arguments for 'get' command\r\n");
  EXPECT_EQ(log.run(session, {"#1", "1", "000102030405060708090a0b0c0d0e0f", "1"}).substr(0, 4),
            "-ERR");
  EXPECT_TRUE(log.effects.opened.empty());
  EXPECT_EQ(log.run(session, {"incr", "n"}), ":1\r\n");
}

TEST(Apply, TimeNeverGoesBack) {
  LogDriver log;
  log.stamp(5'000);
  log.stamp(4'000);
  EXPECT_EQ(log.state.now_ms(), 5'000);
  log.stamp(INT64_MAX);
  log.stamp(INT64_MIN);
  EXPECT_EQ(log.state.now_ms(), INT64_MAX);
  const SessionId session = log.open(1);
  EXPECT_EQ(log.run(session, {"set", "k", "v"}), "+OK\r\n");
  EXPECT_EQ(log.state.next_deadline_ms(), INT64_MAX);
}

TEST(Apply, AMalformedBlockEndsTheEntryAndNothingElse) {
  LogDriver log;
  const SessionId session = log.open(1);
  const std::string incr = encoded({"incr", "n"});
  log.apply(block_of({.session = session, .first_number = 1}, {incr}) + "rubbish" +
            block_of({.session = session, .first_number = 2}, {incr}));
  EXPECT_EQ(log.last(session), 1u);
  EXPECT_EQ(log.run(session, {"incr", "n"}), ":2\r\n");
}

}  // namespace
}  // namespace coterie::state
