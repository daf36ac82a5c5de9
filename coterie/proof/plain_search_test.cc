// Histories whose verdict is known, legal and illegal.
#include "coterie/proof/plain_search.h"

#include <gtest/gtest.h>

namespace coterie::proof {
namespace {

Operation op(uint32_t client, std::string name, std::string value, std::string result,
             int64_t called, int64_t returned, Outcome outcome = Outcome::ok) {
  Operation operation;
  operation.client = client;
  operation.calls = {{std::move(name), "x", {std::move(value)}}};
  if (!result.empty()) operation.result = Value::of(std::move(result));
  operation.called_ns = called;
  operation.returned_ns = returned;
  operation.outcome = outcome;
  return operation;
}

TEST(PlainSearch, ConcurrentOperationsMayGoEitherWay) {
  for (const char* read : {"", "1"}) {
    EXPECT_EQ(
        linearizable_strings({op(1, "set", "1", "", 0, 10), op(2, "get", "", read, 5, 6)}).verdict,
        Verdict::holds);
  }
}

TEST(PlainSearch, AStaleReadIsFound) {
  const Ruling ruling = linearizable_strings(
      {op(1, "set", "1", "", 0, 1), op(1, "set", "2", "", 2, 3), op(2, "get", "", "1", 4, 5)});
  EXPECT_EQ(ruling.verdict, Verdict::violated);
  EXPECT_NE(ruling.why.find("get x"), std::string::npos) << ruling.why;
}

TEST(PlainSearch, ReadsMayNotRunBack) {
  EXPECT_EQ(linearizable_strings({op(1, "set", "1", "", 0, 100), op(2, "get", "", "1", 5, 10),
                                  op(3, "get", "", "", 20, 30)})
                .verdict,
            Verdict::violated);
}

TEST(PlainSearch, AnUnknownOutcomeMayTakeEffectLateOrNever) {
  const Operation unknown = op(1, "set", "1", "", 0, 1, Outcome::unknown);
  EXPECT_EQ(linearizable_strings({unknown, op(2, "get", "", "", 5, 6), op(2, "get", "", "1", 7, 8)})
                .verdict,
            Verdict::holds);
  EXPECT_EQ(linearizable_strings({unknown, op(2, "get", "", "1", 5, 6), op(2, "get", "", "", 7, 8)})
                .verdict,
            Verdict::violated);
}

TEST(PlainSearch, ALostOrDoubledIncrementIsFound) {
  EXPECT_EQ(
      linearizable_strings({op(1, "incr", "", "1", 0, 1), op(2, "incr", "", "1", 2, 3)}).verdict,
      Verdict::violated);
  EXPECT_EQ(
      linearizable_strings({op(1, "incr", "", "1", 0, 1), op(2, "incr", "", "3", 2, 3)}).verdict,
      Verdict::violated);
  EXPECT_EQ(linearizable_strings(
                {op(1, "incr", "", "", 0, 1, Outcome::unknown), op(2, "incr", "", "2", 2, 3)})
                .verdict,
            Verdict::holds);
}

TEST(PlainSearch, KeysAreJudgedApart) {
  History history;
  for (int key = 0; key < 50; ++key) {
    for (int i = 1; i <= 20; ++i) {
      Operation incr =
          op(static_cast<uint32_t>(i % 4), "incr", "", std::to_string(i), i * 10, i * 10 + 15);
      incr.calls[0].key = std::to_string(key);
      history.push_back(incr);
    }
  }
  EXPECT_EQ(linearizable_strings(history).verdict, Verdict::holds);
  history[500].result = Value::of(std::string("7"));
  EXPECT_EQ(linearizable_strings(history).verdict, Verdict::violated);
}

TEST(PlainSearch, BoundsAreSaid) {
  History history;
  for (int i = 0; i < 40; ++i) history.push_back(op(1, "set", std::to_string(i), "", 0, 100));
  history.push_back(op(2, "get", "", "nothing wrote this", 200, 201));
  const Ruling ruling =
      linearizable_strings(history, {.operations_max = 4'096, .steps_max = 1'000});
  EXPECT_EQ(ruling.verdict, Verdict::bound_met);
  EXPECT_NE(ruling.why.find("1000 steps"), std::string::npos);
  EXPECT_EQ(linearizable_strings(history, {.operations_max = 40, .steps_max = 1}).verdict,
            Verdict::bound_met);
}

}  // namespace
}  // namespace coterie::proof
