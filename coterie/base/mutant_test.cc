#include "coterie/base/mutant.h"

#include <gtest/gtest.h>

namespace coterie {
namespace {

#ifdef COTERIE_MUTANTS
TEST(Mutant, OnlyTheChosenOneActs) {
  EXPECT_FALSE(choose_mutant("there is none of this name"));
  EXPECT_FALSE(COTERIE_MUTANT("first"));
  choose_mutant("first");
  EXPECT_TRUE(COTERIE_MUTANT("first"));
  EXPECT_FALSE(COTERIE_MUTANT("second"));
  choose_mutant("");
  EXPECT_FALSE(COTERIE_MUTANT("first"));
}
#else
static_assert(!COTERIE_MUTANT("anything"),
              "an ordinary build has no planted bug, and pays nothing for it");
TEST(Mutant, IsConstantInAnOrdinaryBuild) { EXPECT_FALSE(COTERIE_MUTANT("anything")); }
#endif

}  // namespace
}  // namespace coterie
