#include "coterie/torture/pipe.h"

#include <gtest/gtest.h>

namespace coterie::torture {
namespace {

constexpr Instant start{seconds(100).ns};

// All that has arrived by then.
std::string arrived(Pipe& pipe, Instant now) {
  std::string all;
  for (std::string_view due = pipe.due(now); !due.empty(); due = pipe.due(now)) {
    all += due;
    pipe.handed_on(due.size());
  }
  return all;
}

TEST(Pipe, WithoutFaultsBytesArriveAtOnce) {
  Pipe pipe(1);
  pipe.take("one", start);
  pipe.take("two", start);
  EXPECT_EQ(arrived(pipe, start), "onetwo");
  EXPECT_FALSE(pipe.finished());
  pipe.end();
  EXPECT_TRUE(pipe.finished());
}

TEST(Pipe, DelaysEachByte) {
  Pipe pipe(1);
  pipe.set({.delay = milliseconds(10)}, start);
  pipe.take("one", start);
  pipe.take("two", start + milliseconds(4));
  EXPECT_EQ(arrived(pipe, start + milliseconds(9)), "");
  EXPECT_EQ(pipe.next(start), start + milliseconds(10));
  EXPECT_EQ(arrived(pipe, start + milliseconds(10)), "one");
  EXPECT_EQ(pipe.next(start + milliseconds(10)), start + milliseconds(14));
  EXPECT_EQ(arrived(pipe, start + milliseconds(14)), "two");
  EXPECT_EQ(pipe.next(start + milliseconds(14)), Instant::never());
}

TEST(Pipe, JitterKeepsTheOrder) {
  Pipe pipe(7);
  pipe.set({.delay = milliseconds(5), .jitter = milliseconds(20)}, start);
  std::string sent;
  for (int i = 0; i < 200; ++i) {
    const std::string one(1, static_cast<char>('a' + i % 26));
    sent += one;
    pipe.take(one, start + microseconds(100 * i));
  }
  EXPECT_EQ(arrived(pipe, start + milliseconds(4)), "");
  EXPECT_EQ(arrived(pipe, start + milliseconds(46)), sent);
}

TEST(Pipe, ASlowWireTakesItsTime) {
  Pipe pipe(1);
  pipe.set({.bytes_per_second = 100 << 10}, start);
  pipe.take(std::string(50 << 10, 'x'), start);
  EXPECT_NEAR(static_cast<double>(arrived(pipe, start + milliseconds(250)).size()), 25 << 10,
              1 << 10);
  arrived(pipe, start + milliseconds(499));
  EXPECT_NE(pipe.next(start + milliseconds(499)), Instant::never());
  arrived(pipe, start + milliseconds(500));
  EXPECT_EQ(pipe.next(start + milliseconds(500)), Instant::never());
}

TEST(Pipe, ACutThatHoldsDeliversAfterwards) {
  Pipe pipe(1);
  pipe.take("before", start);
  pipe.set({.cut = Cut::held}, start);
  pipe.take("meanwhile", start);
  pipe.end();
  EXPECT_EQ(arrived(pipe, start + seconds(60)), "");
  EXPECT_EQ(pipe.next(start), Instant::never());
  EXPECT_FALSE(pipe.finished()) << "nobody learns of an end through a cut";
  pipe.set({}, start + seconds(60));
  EXPECT_EQ(arrived(pipe, start + seconds(60)), "beforemeanwhile");
  EXPECT_TRUE(pipe.finished());
  EXPECT_FALSE(pipe.broken());
}

TEST(Pipe, WhatIsSwallowedBreaksTheStreamWhenTheCutIsOver) {
  Pipe pipe(1);
  pipe.set({.cut = Cut::swallowed}, start);
  pipe.set({}, start);
  EXPECT_FALSE(pipe.broken()) << "nothing was lost";
  pipe.set({.cut = Cut::swallowed}, start);
  pipe.take("lost", start);
  EXPECT_EQ(arrived(pipe, start + seconds(60)), "");
  EXPECT_FALSE(pipe.broken());
  pipe.set({}, start + seconds(60));
  EXPECT_TRUE(pipe.broken());
  EXPECT_EQ(arrived(pipe, start + seconds(60)), "");
}

TEST(Pipe, HoldsSoMuchAndNoMore) {
  Pipe pipe(1);
  pipe.set({.cut = Cut::held}, start);
  EXPECT_EQ(pipe.room(), pipe_bytes_max);
  pipe.take(std::string(pipe_bytes_max - 1, 'x'), start);
  EXPECT_EQ(pipe.room(), 1u);
  pipe.take("x", start);
  EXPECT_EQ(pipe.room(), 0u);
  EXPECT_DEATH(pipe.take("x", start), "room");
  pipe.set({}, start);
  pipe.handed_on(pipe.due(start).size() - 5);
  EXPECT_EQ(pipe.room(), pipe_bytes_max - 6);
}

TEST(Pipe, WhatIsUnderWayFollowsTheNewFaults) {
  Pipe pipe(1);
  pipe.set({.delay = seconds(60)}, start);
  pipe.take("slow", start);
  pipe.set({}, start + seconds(1));
  EXPECT_EQ(arrived(pipe, start + seconds(1)), "slow");
}

}  // namespace
}  // namespace coterie::torture
