#include "coterie/base/result.h"

#include <memory>

#include <gtest/gtest.h>

namespace coterie {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) return fail(Fault::invalid, "odd");
  return number / 2;
}

Result<int> quarter_of(int number, int& reached) {
  COTERIE_TRY(half, half_of(number));
  ++reached;
  COTERIE_TRY(quarter, half_of(half));
  ++reached;
  return quarter;
}

Result<void> demand_even(int number) {
  if (number % 2 != 0) return fail(Fault::refused, "odd");
  return {};
}

Result<int> count_even(int first, int second) {
  COTERIE_CHECK(demand_even(first));
  COTERIE_CHECK(demand_even(second));
  return 2;
}

TEST(Result, TryGivesTheValue) {
  int reached = 0;
  const Result<int> result = quarter_of(12, reached);
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, 3);
  EXPECT_EQ(reached, 2);
}

TEST(Result, TryReturnsTheFirstErrorUnchanged) {
  int reached = 0;
  const Result<int> result = quarter_of(6, reached);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), (Error{Fault::invalid, "odd"}));
  EXPECT_EQ(reached, 1);
}

TEST(Result, CheckReturnsTheErrorOfAnyOfSeveralInOneFunction) {
  EXPECT_EQ(count_even(2, 4).value(), 2);
  EXPECT_EQ(count_even(1, 4).error().fault, Fault::refused);
  EXPECT_EQ(count_even(2, 3).error().fault, Fault::refused);
}

TEST(Result, TryMovesTheValueOut) {
  const auto unwrap = []() -> Result<std::unique_ptr<int>> {
    COTERIE_TRY(owned, Result<std::unique_ptr<int>>(std::make_unique<int>(7)));
    return owned;
  };
  EXPECT_EQ(**unwrap(), 7);
}

TEST(Result, EveryFaultHasAWordOfItsOwn) {
  const Fault all[] = {Fault::refused,         Fault::invalid, Fault::not_found, Fault::timed_out,
                       Fault::outcome_unknown, Fault::corrupt, Fault::no_space,  Fault::io};
  for (const Fault one : all) {
    EXPECT_STRNE(fault_name(one), "?");
    for (const Fault other : all) {
      if (one != other) {
        EXPECT_STRNE(fault_name(one), fault_name(other));
      }
    }
  }
}

}  // namespace
}  // namespace coterie
