// Histories that start in the middle: the first result of a key says what it held.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/proof/judge.h"
#include "coterie/proof/random_history.h"

namespace coterie::proof {
namespace {

constexpr size_t histories = 100'000;

// Some one thing that the key may have held explains all. What the results do not mention is like
// what they do not mention either, so one of those is enough.
bool legal_from_something(const History& history) {
  for (int held = -12; held <= 12; ++held) {
    reference::Objects objects;
    objects["k0"].text = {std::to_string(held)};
    if (reference::Search(history).legal(objects)) return true;
  }
  return reference::Search(history).legal();
}

TEST(InitialUnknown, IsOneThingThatTheKeyMayHaveHeld) {
  Random random(1985);
  size_t legal = 0, illegal = 0;
  for (size_t i = 0; i < histories; ++i) {
    RandomHistoryOptions options;
    options.names = {"get", "get", "set", "getset"};
    if (random.chance(0.5)) options.names.insert(options.names.end(), {"incr", "decr"});
    if (random.chance(0.5)) options.names.insert(options.names.end(), {"del", "getdel"});
    options.operations = static_cast<size_t>(random.between(2, 7));
    options.clients = static_cast<uint32_t>(random.between(1, 4));
    RandomHistory maker(options, random);
    History history = maker.make();
    const int64_t changes = random.between(0, 8);
    for (int64_t c = 0; c < changes; ++c) maker.change(history);
    const bool right = legal_from_something(history);
    Bounds bounds;
    bounds.initial_unknown = true;
    bounds.narrow_sweeps = random.chance(0.5);
    const Ruling ruling = judge(history, Model::kv, bounds);
    std::string text;
    for (const Operation& operation : history) text += describe(operation) + "\n";
    ASSERT_EQ(ruling.verdict, right ? Verdict::holds : Verdict::violated) << text << ruling.why;
    ++(right ? legal : illegal);
  }
  EXPECT_GE(legal, histories / 5);
  EXPECT_GE(illegal, histories / 5);
}

TEST(InitialUnknown, IsRefusedWhereAResultIsHalfAnAnswer) {
  const History history = {{1, {{"cas", "x", {"1", "2"}}}, Value::of("0"), 0, 1, Outcome::ok, {}}};
  Bounds bounds;
  bounds.initial_unknown = true;
  const Ruling ruling = judge(history, Model::kv, bounds);
  EXPECT_EQ(ruling.bound, Bound::vocabulary);
  EXPECT_THAT(ruling.why, testing::HasSubstr("'cas' cannot be judged"));
}

}  // namespace
}  // namespace coterie::proof
