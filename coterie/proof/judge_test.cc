// Histories whose verdict is known, for what the differential tests do not cover: leases, channels,
// hints, bounds, vocabulary, and what is said of a violation.
#include "coterie/proof/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/base/random.h"
#include "coterie/proof/timeline.h"

namespace coterie::proof {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t ms = 1'000'000;

Operation op(uint32_t client, Call call, Value result, int64_t called, int64_t returned,
             Outcome outcome = Outcome::ok) {
  return {client, {std::move(call)}, std::move(result), called, returned, outcome, {}};
}
Value text(std::string value) { return Value::of(std::move(value)); }
Operation unknown(uint32_t client, Call call, int64_t called) {
  return op(client, std::move(call), {}, called, called, Outcome::unknown);
}

Verdict verdict(const History& history, Model model = Model::automatic, const Bounds& bounds = {}) {
  return judge(history, model, bounds).verdict;
}

TEST(Judge, AStaleReadIsToldWithItsOperations) {
  const History history = {
      op(1, {"set", "x", {"1"}}, text("OK"), 0, 1), op(1, {"set", "x", {"2"}}, text("OK"), 2, 3),
      op(3, {"get", "x", {}}, text("2"), 4, 5), op(2, {"get", "x", {}}, text("1"), 6, 7)};
  const Ruling ruling = judge(history, Model::automatic);
  EXPECT_EQ(ruling.verdict, Verdict::violated);
  EXPECT_EQ(ruling.key, "x");
  EXPECT_THAT(ruling.why, HasSubstr("client 2's read of '1' began after client 1's write of '2'"));
  EXPECT_THAT(ruling.operations, ElementsAre(0, 1, 3));
  EXPECT_THAT(timeline(history, ruling.operations), HasSubstr("client 2  get x -> 1       "));
}

TEST(Judge, AViolationAmongManyOperationsIsShownByFew) {
  History history;
  Random random(7);
  int64_t now = 0;
  std::string held;
  for (int i = 0; i < 3'000; ++i, now += 10) {
    const std::string value = std::to_string(random.below(5));
    if (random.chance(0.5)) {
      history.push_back(op(1, {"set", "x", {value}}, text("OK"), now, now + 5));
      held = value;
    } else {
      history.push_back(op(2, {"get", "x", {}}, held.empty() ? Value() : text(held), now, now + 5));
    }
  }
  history.push_back(op(1, {"set", "x", {"old"}}, text("OK"), now, now + 5));
  history.push_back(op(1, {"set", "x", {"new"}}, text("OK"), now + 10, now + 15));
  history.push_back(op(2, {"get", "x", {}}, text("old"), now + 20, now + 25));
  const Ruling ruling = judge(history, Model::automatic);
  EXPECT_EQ(ruling.verdict, Verdict::violated);
  EXPECT_THAT(ruling.why, HasSubstr("client 2: get x -> old"));
  EXPECT_THAT(ruling.why, HasSubstr("there could only be new"));
  EXPECT_THAT(ruling.operations, ElementsAre(3'000, 3'001, 3'002));
}

TEST(Judge, AnAcknowledgedWriteThatIsLostAndReadAsNothing) {
  const History history = {op(1, {"set", "x", {"1"}}, text("OK"), 0, 1),
                           op(2, {"get", "x", {}}, {}, 2, 3)};
  const Ruling ruling = judge(history, Model::automatic);
  EXPECT_EQ(ruling.verdict, Verdict::violated);
  EXPECT_THAT(ruling.why, HasSubstr("client 2's read of nothing began after client 1's write"));
}

TEST(Judge, TransactionsJoinTheirKeys) {
  const auto pair = [](std::string a, std::string b) {
    return Value::of(std::vector<Value>{text(std::move(a)), text(std::move(b))});
  };
  const std::vector<Call> reads = {{"get", "a", {}}, {"get", "b", {}}};
  History history = {
      op(1, {"set", "a", {"1"}}, text("OK"), 0, 1),
      op(1, {"set", "b", {"1"}}, text("OK"), 2, 3),
      {2, {{"set", "a", {"2"}}, {"set", "b", {"2"}}}, pair("OK", "OK"), 10, 50, Outcome::ok, {}},
      {3, reads, pair("2", "1"), 20, 30, Outcome::ok, {}}};
  EXPECT_EQ(verdict(history), Verdict::violated) << "half a transaction was seen";
  history[3].result = pair("2", "2");
  EXPECT_EQ(verdict(history), Verdict::holds);
  history[3].result = pair("1", "1");
  EXPECT_EQ(verdict(history), Verdict::holds) << "what was written alone counts too";
}

TEST(Judge, ADeadlineIsNeitherTooEarlyNorTooLate) {
  Bounds bounds;
  bounds.slack = {10'000, 10 * ms, true};
  // Set between 0 and 10 ms for 100 ms: there until 89 ms at least, gone at 121 ms.
  const auto at = [&](int64_t read_ms, Value value) {
    const History history = {op(1, {"setpx", "x", {"1", "100"}}, text("OK"), 0, 10 * ms),
                             op(2, {"get", "x", {}}, std::move(value), read_ms * ms, read_ms * ms)};
    return verdict(history, Model::expiry, bounds);
  };
  EXPECT_EQ(at(88, text("1")), Verdict::holds);
  EXPECT_EQ(at(88, {}), Verdict::violated);
  EXPECT_EQ(at(100, text("1")), Verdict::holds);
  EXPECT_EQ(at(100, {}), Verdict::holds);
  EXPECT_EQ(at(122, {}), Verdict::holds);
  EXPECT_EQ(at(122, text("1")), Verdict::violated);
  bounds.slack.ends = false;
  EXPECT_EQ(at(10'000, text("1")), Verdict::holds);
  EXPECT_EQ(at(88, {}), Verdict::violated);
}

TEST(Judge, ASetEndsTheDeadlineBeforeItAndNoOther) {
  History history = {op(1, {"setpx", "x", {"1", "100"}}, text("OK"), 0, 1),
                     op(1, {"set", "x", {"2"}}, text("OK"), 20 * ms, 21 * ms),
                     op(2, {"get", "x", {}}, {}, 5'000 * ms, 5'001 * ms)};
  EXPECT_EQ(verdict(history), Verdict::violated);
  history[2].result = text("2");
  EXPECT_EQ(verdict(history), Verdict::holds);
}

History two_holders(int64_t second_at) {
  return {op(1, {"acquire", "l", {"a", "1000"}}, text("1"), 0, ms),
          op(2, {"acquire", "l", {"b", "1000"}}, text("2"), second_at, second_at + ms)};
}

TEST(Judge, ALockIsHeldByOneUntilItsLeaseMayBeOver) {
  for (const Model model : {Model::automatic, Model::lock, Model::mutex}) {
    const Ruling ruling = judge(two_holders(500 * ms), model);
    EXPECT_EQ(ruling.verdict, Verdict::violated);
    EXPECT_THAT(ruling.why, HasSubstr("client 2 was given the lock while client 1 surely held"));
    EXPECT_EQ(verdict(two_holders(950 * ms), model), Verdict::holds) << "overlap after expiry";
  }
  History released = two_holders(500 * ms);
  released.push_back(op(1, {"release", "l", {"a"}}, text("1"), 300 * ms, 301 * ms));
  EXPECT_EQ(verdict(released, Model::mutex), Verdict::holds);
  EXPECT_EQ(verdict(released), Verdict::holds);
  released.back().outcome = Outcome::unknown;
  EXPECT_EQ(verdict(released), Verdict::holds);
  released.back() = op(1, {"release", "l", {"a"}}, text("0"), 300 * ms, 301 * ms);
  EXPECT_EQ(verdict(released), Verdict::violated);
}

TEST(Judge, AStaleTokenIsNotAccepted) {
  History history = {op(1, {"use", "r", {"7"}}, text("1"), 0, 1),
                     op(2, {"use", "r", {"6"}}, text("1"), 2, 3)};
  for (const Model model : {Model::automatic, Model::lock, Model::mutex}) {
    EXPECT_THAT(judge(history, model).why, HasSubstr("the stale token 6 of client 2"));
  }
  history[1].result = text("0");
  EXPECT_EQ(verdict(history), Verdict::holds);
}

TEST(Judge, TokensGrow) {
  History history = two_holders(5'000 * ms);
  history[1].result = text("1");
  EXPECT_THAT(judge(history, Model::mutex).why, HasSubstr("token 1 after client 1"));
  history = two_holders(ms / 2);
  history[1].result = text("1");
  EXPECT_EQ(verdict(history, Model::mutex), Verdict::violated) << "the same token, at one time";
}

TEST(Judge, BooksOfAQueue) {
  const auto push = [](std::string item, int64_t at, std::string length) {
    return op(1, {"rpush", "q", {std::move(item)}}, text(std::move(length)), at, at + 1);
  };
  const auto pop = [](Value item, int64_t at) {
    return op(2, {"lpop", "q", {}}, std::move(item), at, at + 1);
  };
  for (const Model model : {Model::automatic, Model::queue, Model::queue_accounting}) {
    const auto why = [&](const History& history) { return judge(history, model).why; };
    EXPECT_THAT(why({push("a", 0, "1"), pop({}, 10)}), HasSubstr("lost: 'a'"));
    EXPECT_THAT(why({push("a", 0, "1"), pop(text("a"), 10), pop(text("a"), 20)}),
                HasSubstr("duplicated: 'a' was put in once and taken 2 times"));
    EXPECT_THAT(
        why({push("a", 0, "1"), push("b", 10, "2"), pop(text("b"), 20), pop(text("a"), 30)}),
        HasSubstr("out of order: 'a' was put in before 'b'"));
    EXPECT_THAT(why({pop(text("a"), 0)}), HasSubstr("which nobody has put in"));
    EXPECT_THAT(why({pop(text("a"), 0), push("a", 10, "1")}), HasSubstr("before it was put in"));
    EXPECT_THAT(why({push("a", 0, "1"), pop({}, 10), pop(text("a"), 20)}),
                HasSubstr("found the queue empty while 'a' was in it"));
    EXPECT_EQ(why({push("a", 0, "1"), unknown(3, {"lpop", "q", {}}, 5), pop({}, 10)}), "");
    EXPECT_THAT(
        why({push("a", 0, "1"), push("b", 2, "2"), unknown(3, {"lpop", "q", {}}, 5), pop({}, 10)}),
        HasSubstr("2 are missing, of which 1 unknown pops"));
    EXPECT_EQ(why({push("a", 0, "1"), push("b", 10, "2"), pop(text("a"), 20), pop(text("b"), 30),
                   pop({}, 40)}),
              "");
  }
}

Operation published(std::string message, int64_t called, int64_t returned) {
  return op(1, {"publish", "c", {std::move(message)}}, text("OK"), called, returned);
}
Operation received(uint32_t client, std::vector<std::string> messages, int64_t at) {
  return op(client, {"received", "c", std::move(messages)}, text("OK"), at - 1, at);
}

TEST(Judge, SubscribersSeeOneOrder) {
  History history = {published("a", 0, 100), published("b", 0, 100), received(5, {"a", "b"}, 200),
                     received(6, {"a"}, 200), received(6, {"b"}, 300)};
  EXPECT_EQ(verdict(history, Model::pubsub), Verdict::holds);
  history[3].calls[0].args = {"b"}, history[4].calls[0].args = {"a"};
  const Ruling ruling = judge(history, Model::automatic);
  EXPECT_EQ(ruling.verdict, Verdict::violated);
  EXPECT_THAT(ruling.why, HasSubstr("client 5 was given 'a' before 'b'"));
  EXPECT_THAT(ruling.why, HasSubstr("client 6 was given 'b' before 'a'"));
}

TEST(Judge, MessagesKeepToTheTimesOfTheirPublication) {
  History history = {published("a", 0, 10), published("b", 20, 30), received(5, {"b", "a"}, 200)};
  EXPECT_THAT(judge(history, Model::pubsub).why,
              HasSubstr("'a' was published before the publication of 'b' began"));
  history[0].outcome = Outcome::unknown;
  EXPECT_EQ(verdict(history), Verdict::holds) << "it may have been published late";
  history[2].calls[0].args = {"a", "b", "a"};
  EXPECT_THAT(judge(history, Model::pubsub).why, HasSubstr("'a' 2 times, published once"));
  history[2].calls[0].args = {"c"};
  EXPECT_THAT(judge(history, Model::pubsub).why, HasSubstr("which nobody has published"));
  EXPECT_THAT(judge({published("a", 50, 60), received(5, {"a"}, 40)}, Model::pubsub).why,
              HasSubstr("before it was published"));
}

TEST(Judge, ALongCircleOfMessagesIsFound) {
  // Each subscriber sees two neighbours in order; together they are a circle.
  History history;
  constexpr uint32_t count = 30;
  for (uint32_t i = 0; i < count; ++i) history.push_back(published(std::to_string(i), 0, 1'000));
  for (uint32_t i = 0; i < count; ++i) {
    history.push_back(
        received(10 + i, {std::to_string(i), std::to_string((i + 1) % count)}, 2'000 + i));
  }
  const Ruling ruling = judge(history, Model::pubsub);
  EXPECT_EQ(ruling.verdict, Verdict::violated);
  EXPECT_EQ(ruling.operations.size(), 2 * count);
  history.pop_back();
  EXPECT_EQ(verdict(history, Model::pubsub), Verdict::holds);
}

// Counts of overlapping increments: any order of the results is right.
History overlapping(size_t operations) {
  History history;
  for (size_t i = 0; i < operations; ++i)
    history.push_back(op(static_cast<uint32_t>(i), {"append", "x", {std::to_string(i % 10)}},
                         Value::of(static_cast<int64_t>(i + 1)), 0, 1'000));
  return history;
}

TEST(Judge, TheStoresOrderIsTriedFirstAndNeverConvicts) {
  // Nobody could find this order by search within the bound.
  Bounds bounds;
  bounds.steps_max = 10;
  History history = overlapping(40);
  EXPECT_EQ(verdict(history, Model::kv, bounds), Verdict::bound_met);
  for (size_t i = 0; i < history.size(); ++i) history[i].order = 100 + i;
  EXPECT_EQ(verdict(history, Model::kv, bounds), Verdict::holds);
  std::swap(history[0].order, history[1].order);
  EXPECT_EQ(verdict(history, Model::kv, bounds), Verdict::bound_met);
  EXPECT_EQ(verdict(history, Model::kv), Verdict::holds) << "a wrong hint is no violation";
  // Right results, but against the times.
  History late = {op(1, {"incr", "n", {}}, text("2"), 0, 1),
                  op(2, {"incr", "n", {}}, text("1"), 2, 3)};
  late[0].order = 2, late[1].order = 1;
  EXPECT_EQ(verdict(late), Verdict::violated);
}

// Of sixty concurrent additions a read shows thirty: which of the others come first is all one.
History hard(size_t operations) {
  History history;
  for (size_t i = 0; i < operations; ++i) {
    history.push_back(op(static_cast<uint32_t>(i), {"rpush", "x", {std::to_string(i)}},
                         Value::of(static_cast<int64_t>(i % 2 + 1)), 0, 1'000));
  }
  return history;
}

TEST(Judge, EveryBoundIsSaid) {
  Bounds bounds;
  bounds.steps_max = 1'000;
  Ruling ruling = judge(overlapping(100), Model::kv, bounds);
  EXPECT_EQ(ruling.bound, Bound::steps);
  EXPECT_THAT(ruling.why, HasSubstr("within 1000 steps"));

  bounds = {};
  bounds.memory_bytes_max = 1 << 20;
  History wide = overlapping(60);
  for (Operation& one : wide) one.result = text("61");
  wide[0].result = text("1");
  ruling = judge(hard(4), Model::kv, bounds);
  EXPECT_EQ(ruling.verdict, Verdict::violated);
  History sets;
  for (uint32_t i = 0; i < 40; ++i)
    sets.push_back(op(i, {"set", "x", {std::to_string(i % 20)}}, text("OK"), 0, 100));
  for (uint32_t i = 0; i < 21; ++i)
    sets.push_back(op(100 + i, {"get", "x", {}}, text(std::to_string(i)), 0, 200));
  ruling = judge(sets, Model::kv, bounds);
  EXPECT_EQ(ruling.bound, Bound::memory);
  EXPECT_THAT(ruling.why, HasSubstr("1 MiB"));

  bounds = {};
  bounds.open_max = 10;
  ruling = judge(overlapping(11), Model::kv, bounds);
  EXPECT_EQ(ruling.bound, Bound::open);
  EXPECT_THAT(ruling.why, HasSubstr("more than 10 operations"));
  EXPECT_EQ(verdict(overlapping(10), Model::kv, bounds), Verdict::holds);
}

TEST(Judge, WideHistoriesHaveWideMasks) {
  for (const size_t operations : {65, 300}) {
    History history;
    for (size_t i = 0; i < operations; ++i) {
      history.push_back(op(static_cast<uint32_t>(i), {"incr", "n", {}},
                           Value::of(static_cast<int64_t>(i + 1)), 0, 1'000));
    }
    EXPECT_EQ(verdict(history), Verdict::holds);
    history.back().result = text("1");
    EXPECT_EQ(verdict(history), Verdict::violated);
  }
}

TEST(Judge, UnknownOperationsByTheHundredsAreNoTrouble) {
  History history;
  int64_t now = 0;
  for (int i = 0; i < 300; ++i, now += 10) {
    history.push_back(unknown(9, {"set", "x", {"u" + std::to_string(i)}}, now));
    history.push_back(op(1, {"cas", "x", {"v" + std::to_string(i - 1), "v" + std::to_string(i)}},
                         text("0"), now, now + 2));
    history.push_back(op(1, {"set", "x", {"v" + std::to_string(i)}}, text("OK"), now + 3, now + 4));
    history.push_back(op(2, {"get", "x", {}}, text("v" + std::to_string(i)), now + 5, now + 6));
  }
  // v0 .. v299 are never what the cas waits for, but for an unknown write in between.
  EXPECT_EQ(verdict(history), Verdict::holds);
  history.push_back(op(2, {"get", "x", {}}, text("v7"), now, now + 1));
  EXPECT_EQ(verdict(history), Verdict::violated);
}

// The new length is the same with the unknown write and without it; only the number tells.
TEST(Judge, AnAppendIsHelpedByWhatALaterNumberShows) {
  EXPECT_EQ(
      verdict({unknown(1, {"getset", "x", {"2"}}, 0), op(2, {"set", "x", {"3"}}, text("OK"), 1, 2),
               op(2, {"append", "x", {"2"}}, text("2"), 3, 4),
               op(2, {"incr", "x", {}}, text("23"), 5, 6)}),
      Verdict::holds);
}

TEST(Judge, AnUnknownMemberOfASetThatNobodyLists) {
  EXPECT_EQ(verdict({unknown(2, {"sadd", "x", {"2"}}, 20), unknown(1, {"scard", "x", {}}, 48),
                     op(1, {"exists", "x", {}}, text("0"), 60, 61),
                     op(2, {"sismember", "x", {"1"}}, text("1"), 47, 58)}),
            Verdict::violated);
}

TEST(Judge, WhatIsCutOffDoesNotLeaveItsResultBehind) {
  const auto list = [](std::vector<Value> items) { return Value::of(std::move(items)); };
  const History history = {op(3, {"lpush", "x", {"2"}}, text("2"), 4, 15),
                           op(1, {"lrange", "x", {}}, list({}), 5, 5),
                           op(1, {"lrange", "x", {}}, list({text("2")}), 11, 13),
                           op(0, {"lpush", "x", {"3"}}, text("1"), 6, 6),
                           op(0, {"lrange", "x", {}}, list({}), 8, 13),
                           op(2, {"rpop", "x", {}}, text("3"), 5, 9)};
  const Ruling ruling = judge(history, Model::queue);
  EXPECT_EQ(ruling.verdict, Verdict::violated);
  EXPECT_THAT(ruling.operations, testing::Contains(4)) << "without it there is an order";
}

// Each use of the one unknown write is possible by itself; two are not.
TEST(Judge, AnUnknownOperationHappensOnce) {
  const History history = {
      unknown(1, {"cas", "x", {"1", "2"}}, 0), op(2, {"set", "x", {"1"}}, text("OK"), 1, 2),
      op(2, {"get", "x", {}}, text("2"), 3, 4), op(2, {"set", "x", {"1"}}, text("OK"), 5, 6),
      op(2, {"get", "x", {}}, text("2"), 7, 8)};
  for (const bool narrow_sweeps : {true, false}) {
    Bounds bounds;
    bounds.narrow_sweeps = narrow_sweeps;
    EXPECT_EQ(verdict(history, Model::kv, bounds), Verdict::violated);
    History two = history;
    two.push_back(unknown(3, {"cas", "x", {"1", "2"}}, 6));
    EXPECT_EQ(verdict(two, Model::kv, bounds), Verdict::holds);
  }
}

TEST(Judge, WhatAModelDoesNotKnowIsNotJudged) {
  const History history = {op(1, {"rpush", "q", {"a"}}, text("1"), 0, 1)};
  const Ruling ruling = judge(history, Model::plain_register);
  EXPECT_EQ(ruling.verdict, Verdict::bound_met);
  EXPECT_EQ(ruling.bound, Bound::vocabulary);
  EXPECT_THAT(ruling.why, HasSubstr("operation 0: the model register does not know 'rpush'"));
  const std::pair<Operation, std::string> wrong[] = {
      {op(1, {"fly", "x", {}}, {}, 0, 1), "there is no operation 'fly'"},
      {op(1, {"get", "x", {"y"}}, {}, 0, 1), "takes 0 arguments"},
      {op(1, {"incr", "x", {"many"}}, text("1"), 0, 1), "takes a number, not 'many'"},
      {op(1, {"setpx", "x", {"1", "0"}}, text("OK"), 0, 1), "takes no 0"},
      {op(1, {"incr", "x", {}}, {}, 0, 1), "returns a number, not null"},
      {op(1, {"del", "x", {}}, text("2"), 0, 1), "returns \"1\" or \"0\""},
      {op(1, {"hgetall", "x", {}}, Value::of(std::vector<Value>{text("f")}), 0, 1), "fields and"},
      {op(1, {"get", "x", {}}, {}, 2, 1), "returns before it is called"},
      {{1, {}, {}, 0, 1, Outcome::ok, {}}, "without an operation"},
      {{1, {{"get", "x", {}}, {"get", "y", {}}}, {}, 0, 1, Outcome::ok, {}}, "list of as many"},
      {{1, {{"get", "x", {}}, {"publish", "y", {"a"}}}, {}, 0, 1, Outcome::unknown, {}},
       "cannot be in a transaction"},
  };
  for (const auto& [operation, reason] : wrong) {
    const auto known = check_vocabulary({operation}, Model::automatic);
    ASSERT_FALSE(known) << reason;
    EXPECT_THAT(known.error().message, HasSubstr(reason));
  }
  EXPECT_THAT(check_vocabulary({op(1, {"publish", "x", {"a"}}, text("OK"), 0, 1),
                                op(1, {"get", "x", {}}, {}, 0, 1)},
                               Model::automatic)
                  .error()
                  .message,
              HasSubstr("'x' is a channel and a key"));
}

TEST(Judge, EveryModelHasItsName) {
  EXPECT_EQ(model_names().size(), 13u);
  for (const std::string_view name : model_names()) EXPECT_EQ(model_name(*model_of(name)), name);
  EXPECT_FALSE(model_of("ledger"));
}

TEST(Judge, NothingIsNoViolation) {
  EXPECT_EQ(verdict({}), Verdict::holds);
  EXPECT_EQ(verdict({op(1, {"get", "x", {}}, text("7"), 0, 1, Outcome::failed)}), Verdict::holds);
}

TEST(Timeline, DrawsWhatOverlaps) {
  History history = {op(1, {"set", "x", {"1"}}, text("OK"), 0, 10),
                     op(2, {"get", "x", {}}, {}, 5, 20), unknown(3, {"set", "x", {"a\n\x1b"}}, 7)};
  EXPECT_EQ(timeline(history, {0, 1, 2}),
            "  client 1  set x 1 -> OK               |-----------|\n"
            "  client 2  get x -> nothing                |-----------|\n"
            "  client 3  set x a\\x0a\\x1b -> unknown          |..........\n");
  TimelineOptions options;
  options.operations_max = 1;
  EXPECT_THAT(timeline(history, {0, 1, 2}, options), HasSubstr("... and 2 more"));
}

}  // namespace
}  // namespace coterie::proof
