// Log time: never back, never far, and no single clock moves it.
#include "coterie/protocol/clock/log_time.h"

#include <gtest/gtest.h>

namespace coterie::clock {
namespace {

Now at(int64_t monotonic_ms, int64_t wall_ms) {
  return {Instant{0} + milliseconds(monotonic_ms), WallTime{wall_ms}};
}

TEST(LogTime, StartsAtTheMedianButNeverBelowTheLog) {
  LogTime time(NodeId(1));
  time.heard(NodeId(2), WallTime{5'000}, at(0, 1'000));
  time.heard(NodeId(3), WallTime{4'000}, at(0, 1'000));
  time.lead(100, 2, at(0, 1'000));
  EXPECT_EQ(time.stamp_ms(at(0, 1'000)), 4'000);
  time.lead(9'000, 2, at(0, 1'000));
  EXPECT_EQ(time.stamp_ms(at(0, 1'000)), 9'000);
}

TEST(LogTime, OneWrongClockMovesNothing) {
  for (int64_t wrong : {0, 1'000'000'000}) {
    LogTime time(NodeId(1));
    time.heard(NodeId(2), WallTime{10'000}, at(0, 10'001));
    time.heard(NodeId(3), WallTime{wrong}, at(0, 10'001));
    EXPECT_NEAR(static_cast<double>(time.estimate_ms(at(0, 10'001))), 10'000, 1);
  }
}

TEST(LogTime, RunsByTheMonotonicClockAndLeansAtMostOnePercent) {
  LogTime time(NodeId(1));
  time.lead(10'000, 1, at(0, 10'000));
  EXPECT_EQ(time.stamp_ms(at(1'000, 11'000)), 11'000);
  // The wall clock jumps an hour ahead: a second later log time has moved by 1.01 s and no more.
  EXPECT_EQ(time.stamp_ms(at(2'000, 12'000 + 3'600'000)), 12'010);
  // An hour back: it slows down, and never runs back.
  EXPECT_EQ(time.stamp_ms(at(3'000, 13'000 - 3'600'000)), 13'000);
  EXPECT_GE(time.stamp_ms(at(3'000, 0)), 13'000);
}

TEST(LogTime, NeverBackWhateverTheClocksDo) {
  LogTime time(NodeId(1));
  time.lead(1'000, 1, at(0, 500));
  int64_t last = 0;
  for (int64_t i = 0; i < 1'000; ++i) {
    const int64_t stamp = time.stamp_ms(at(i * 7, (i * 7919) % 100'000));
    EXPECT_GE(stamp, last);
    last = stamp;
  }
  EXPECT_NEAR(static_cast<double>(last), 1'000 + 999 * 7, 999 * 7 * 0.011 + 1);
}

TEST(LogTime, OldReadingsAreForgotten) {
  LogTime time(NodeId(1));
  time.heard(NodeId(2), WallTime{1}, at(0, 10'000));
  time.heard(NodeId(3), WallTime{1}, at(0, 10'000));
  EXPECT_EQ(time.estimate_ms(at(0, 10'000)), 1);
  EXPECT_EQ(time.estimate_ms(at(61'000, 71'000)), 71'000);
}

// Messages that were held up (a clogged link, a paused process) show their senders' clocks as late.
TEST(LogTime, TheReadingThatTookLeastCounts) {
  LogTime time(NodeId(1));
  time.heard(NodeId(2), WallTime{10'000}, at(0, 10'000));
  time.heard(NodeId(3), WallTime{10'000}, at(0, 10'000));
  time.heard(NodeId(2), WallTime{10'100}, at(3'000, 13'000));  // sent 2.9 s ago
  time.heard(NodeId(3), WallTime{10'100}, at(3'000, 13'000));
  EXPECT_EQ(time.estimate_ms(at(3'000, 13'000)), 13'000);
  // In the next window too, and no longer than that.
  for (int64_t now : {11'000, 15'000, 19'000}) {
    for (uint64_t peer : {2, 3})
      time.heard(NodeId(peer), WallTime{now + 7'100}, at(now, now + 10'000));
    EXPECT_EQ(time.estimate_ms(at(now, now + 10'000)), now + 10'000) << now;
  }
  for (uint64_t peer : {2, 3}) time.heard(NodeId(peer), WallTime{28'100}, at(21'000, 31'000));
  EXPECT_EQ(time.estimate_ms(at(21'000, 31'000)), 28'100);
}

TEST(LogTime, AClockThatWasSetBackIsBelievedAfterAWhile) {
  LogTime time(NodeId(1));
  for (int64_t now = 0; now <= 40'000; now += 500) {
    const int64_t wall = now < 10'000 ? 10'000 + now : now;  // ten seconds back
    for (uint64_t peer : {2, 3}) time.heard(NodeId(peer), WallTime{wall}, at(now, 10'000 + now));
  }
  EXPECT_EQ(time.estimate_ms(at(40'000, 50'000)), 40'000);
}

}  // namespace
}  // namespace coterie::clock
