#include "coterie/base/time.h"

#include <type_traits>

#include <gtest/gtest.h>

namespace coterie {
namespace {

static_assert(!std::is_convertible_v<WallTime, Instant>, "the wall clock is never a timeout");

TEST(Time, UnitsAgree) {
  EXPECT_EQ(seconds(2), milliseconds(2'000));
  EXPECT_EQ(milliseconds(3), microseconds(3'000));
  EXPECT_EQ(microseconds(4), nanoseconds(4'000));
  EXPECT_EQ(nanoseconds(1'999'999).ms(), 1);
  EXPECT_DOUBLE_EQ(milliseconds(1'500).seconds(), 1.5);
}

TEST(Time, InstantsAndDurations) {
  const Instant start{1'000};
  EXPECT_EQ((start + nanoseconds(5)) - start, nanoseconds(5));
  EXPECT_EQ(start - nanoseconds(1), Instant{999});
  EXPECT_EQ(seconds(3) / 3 * 2 + seconds(1) - seconds(2), seconds(1));
  EXPECT_LT(start, Instant::never());
}

}  // namespace
}  // namespace coterie
