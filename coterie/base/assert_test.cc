#include "coterie/base/assert.h"

#include <gtest/gtest.h>

namespace coterie {
namespace {

TEST(Assert, ATrueExpressionIsEvaluatedOnceAndPasses) {
  int evaluated = 0;
  COTERIE_ASSERT(++evaluated > 0);
  EXPECT_EQ(evaluated, 1);
}

TEST(AssertDeathTest, ABrokenInvariantStopsTheProcessAndNamesThePlace) {
  EXPECT_DEATH(COTERIE_ASSERT(1 + 1 == 3),
               "1 \\+ 1 == 3.*assert_test\\.cc|assert_test\\.cc.*1 \\+ 1 == 3");
}

}  // namespace
}  // namespace coterie
