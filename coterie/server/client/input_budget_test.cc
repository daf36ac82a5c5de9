// The bound on what all clients together have sent of incomplete requests: by its numbers, and with
// connections.
#include "coterie/server/client/input_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/server/client/test_client.h"

namespace coterie::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr InputLimits small{.total_bytes_max = 1'000, .free_bytes = 10, .turn_max = seconds(15)};

TEST(InputBudget, WhenItIsFullOneAtATimeMaySend) {
  InputBudget budget(small);
  budget.update(1, 0, 400, true);
  budget.update(2, 0, 400, true);
  budget.update(3, 0, 5, true);
  EXPECT_FALSE(budget.full());
  EXPECT_TRUE(budget.may_read(1, 400));
  budget.update(4, 0, 196, true);
  EXPECT_TRUE(budget.full());
  EXPECT_FALSE(budget.may_read(1, 400));
  EXPECT_FALSE(budget.may_read(4, 196));
  EXPECT_TRUE(budget.may_read(3, 5)) << "who holds little";
  EXPECT_TRUE(budget.may_read(9, 0));
  EXPECT_EQ(budget.decide({1}).reader, 1u);
  EXPECT_TRUE(budget.may_read(1, 400));
  EXPECT_EQ(budget.decide({2}).reader, 0u) << "it has its turn already";
  budget.update(1, 400, 500, true);
  budget.completed(1);
  EXPECT_FALSE(budget.may_read(1, 500));
  EXPECT_EQ(budget.decide({3}).reader, 2u) << "others first, although 1 would go on";
  budget.completed(2);
  EXPECT_EQ(budget.decide({4}).reader, 4u);
  budget.update(4, 196, 0, true);
  EXPECT_EQ(budget.decide({5}).reader, 1u);
}

TEST(InputBudget, WithRoomAgainAllMaySend) {
  InputBudget budget(small);
  for (ClientId id = 1; id <= 4; ++id) budget.update(id, 0, 300, true);
  EXPECT_TRUE(budget.take_released().empty());
  budget.update(1, 300, 0, false);
  EXPECT_TRUE(budget.full()) << "a little below the bound is not yet room";
  budget.update(2, 300, 150, true);
  EXPECT_FALSE(budget.full());
  EXPECT_THAT(budget.take_released(), ElementsAre(2u, 3u, 4u));
  EXPECT_TRUE(budget.take_released().empty());
  EXPECT_TRUE(budget.may_read(3, 300));
  EXPECT_EQ(budget.times_full(), 1u);
}

TEST(InputBudget, WhoDoesNotCompleteInItsTurnIsLate) {
  InputBudget budget(small);
  for (ClientId id = 1; id <= 3; ++id) budget.update(id, 0, 500, true);
  EXPECT_EQ(budget.decide({0}).reader, 1u);
  EXPECT_EQ(budget.decide({seconds(15).ns - 1}).late, 0u);
  const auto decision = budget.decide({seconds(15).ns});
  EXPECT_EQ(decision.late, 1u);
  EXPECT_EQ(decision.reader, 2u);
}

TEST(InputBudget, ThoseThatWaitForTheirAnswersHaveNoTurn) {
  InputBudget budget(small);
  budget.update(1, 0, 600, false);
  budget.update(2, 0, 600, false);
  EXPECT_TRUE(budget.full());
  EXPECT_EQ(budget.decide({0}).reader, 0u);
  EXPECT_EQ(budget.decide({seconds(99).ns}).late, 0u);
}

// --- With connections.

class SharedInput : public testing::Test {
 protected:
  static Settings settings() {
    Settings settings;
    settings.limits.input = small;
    return settings;
  }
  void turn(int64_t second = 0) { node_.hub.turn({{seconds(second).ns}, {}}); }
  static std::string set(size_t value_bytes) {
    return request({"SET", "k", std::string(value_bytes, 'v')});
  }

  FakeNode node_{settings()};
  TestClient one_{node_.hub}, two_{node_.hub}, three_{node_.hub}, poor_{node_.hub};
};

TEST_F(SharedInput, LargeRequestsAreCompletedOneAfterTheOtherAndSmallOnesAtOnce) {
  const std::string whole = set(500);
  one_.send(whole.substr(0, 450));
  two_.send(whole.substr(0, 450));
  EXPECT_TRUE(one_.connection().wants_input());
  three_.send(whole.substr(0, 450));
  EXPECT_EQ(node_.hub.input().total_bytes(), 1'350u);
  for (TestClient* client : {&one_, &two_, &three_})
    EXPECT_FALSE(client->connection().wants_input());
  EXPECT_TRUE(poor_.connection().wants_input());
  poor_.send("GET k\r\n");
  EXPECT_EQ(node_.gateway.asked.size(), 1u);

  const size_t touches = one_.touches;
  turn();
  EXPECT_GT(one_.touches, touches) << "its host must look at it again";
  EXPECT_TRUE(one_.connection().wants_input());
  EXPECT_FALSE(two_.connection().wants_input());
  one_.send(whole.substr(450));
  EXPECT_EQ(node_.gateway.asked.size(), 2u);
  EXPECT_EQ(node_.hub.input().total_bytes(), 900u);
  turn();
  EXPECT_TRUE(two_.connection().wants_input());
  EXPECT_FALSE(three_.connection().wants_input());
  const size_t touches_of_three = three_.touches;
  two_.send(whole.substr(450));
  turn();
  EXPECT_GT(three_.touches, touches_of_three);
  EXPECT_TRUE(three_.connection().wants_input());
  three_.send(whole.substr(450));
  EXPECT_EQ(node_.gateway.asked.size(), 4u);
  EXPECT_EQ(node_.hub.input().total_bytes(), 0u);
}

TEST_F(SharedInput, APipelineOfLargeRequestsTakesTurnsWithTheOthers) {
  const std::string whole = set(900);
  one_.send(whole.substr(0, 800));
  two_.send(whole.substr(0, 800));
  turn();
  one_.send(whole.substr(800) + whole.substr(0, 700));
  EXPECT_EQ(node_.gateway.asked.size(), 1u);
  EXPECT_FALSE(one_.connection().wants_input());
  turn();
  EXPECT_FALSE(one_.connection().wants_input());
  EXPECT_TRUE(two_.connection().wants_input());
}

TEST_F(SharedInput, WhatIsCompleteIsCarriedOutHoweverFullItIs) {
  one_.send(set(5'000).substr(0, 2'000));
  EXPECT_TRUE(node_.hub.input().full());
  two_.send(set(3'000));  // was on its way already
  EXPECT_EQ(node_.gateway.asked.size(), 1u);
  EXPECT_TRUE(two_.connection().wants_input());
}

TEST_F(SharedInput, WhoKeepsTheOthersWaitingIsTold) {
  const std::string whole = set(900);
  one_.send(whole.substr(0, 800));
  two_.send(whole.substr(0, 800));
  turn(1);
  EXPECT_TRUE(one_.connection().wants_input());
  turn(15);
  EXPECT_FALSE(one_.closed());
  turn(16);
  EXPECT_TRUE(one_.closed());
  EXPECT_THAT(one_.take(), HasSubstr("-ERR the rest of this request did not come in time"));
  EXPECT_TRUE(two_.connection().wants_input());
  one_.leave();
  EXPECT_EQ(node_.hub.input().total_bytes(), 800u);
  EXPECT_EQ(node_.gateway.asked.size(), 0u);
  two_.send(whole.substr(800));
  EXPECT_EQ(node_.gateway.asked.size(), 1u);
}

TEST_F(SharedInput, OfWhoLeavesNothingIsCounted) {
  one_.send(set(900).substr(0, 800));
  two_.send(set(900).substr(0, 800));
  turn();
  one_.leave();
  turn();
  EXPECT_EQ(node_.hub.input().total_bytes(), 800u);
  EXPECT_TRUE(two_.connection().wants_input()) << "the one whose turn it was is gone";
  two_.leave();
  EXPECT_EQ(node_.hub.input().total_bytes(), 0u);
  EXPECT_FALSE(node_.hub.input().full());
}

}  // namespace
}  // namespace coterie::server
