// Every judge against the plain search of reference_search.h: small histories by chance, that hold
// and that do not, with unknown and failed outcomes among them. The verdicts must be equal.
#include <gtest/gtest.h>

#include "coterie/proof/judge.h"
#include "coterie/proof/random_history.h"

namespace coterie::proof {
namespace {

struct Case {
  std::string name;
  Model model;
  RandomHistoryOptions options;
  size_t histories;
};

std::string text_of(const History& history) {
  std::string text;
  for (const Operation& operation : history) text += describe(operation) + "\n";
  return text;
}

class Differential : public testing::TestWithParam<Case> {};

TEST_P(Differential, TheVerdictIsThatOfThePlainSearch) {
  const Case& given = GetParam();
  Random random(mix_seed(1985, given.name.size() * 100 + given.name[0]));
  size_t legal = 0, illegal = 0;
  for (size_t i = 0; i < given.histories; ++i) {
    RandomHistoryOptions options = given.options;
    options.operations = static_cast<size_t>(random.between(2, 10));
    options.clients = static_cast<uint32_t>(random.between(1, 5));
    if (random.chance(0.3)) options.unknown = 0.5;
    RandomHistory maker(options, random);
    History history = maker.make();
    const uint64_t changes = random.below(4);
    for (uint64_t c = 0; c < changes; ++c) maker.change(history);
    const bool holds = reference::Search(history).legal();
    ASSERT_TRUE(holds || changes > 0) << text_of(history);
    const Ruling ruling = judge(history, given.model);
    ASSERT_EQ(ruling.verdict, holds ? Verdict::holds : Verdict::violated)
        << text_of(history) << ruling.why;
    if (!holds) {
      History shown;
      for (const size_t operation : ruling.operations) shown.push_back(history[operation]);
      ASSERT_FALSE(reference::Search(shown).legal())
          << text_of(history) << ruling.why << "\nshown by\n"
          << text_of(shown);
    }
    ++(holds ? legal : illegal);
  }
  EXPECT_GT(legal, given.histories / 10);
  EXPECT_GT(illegal, given.histories / 10) << "nothing that it could have missed";
}

RandomHistoryOptions with(std::vector<std::string> names, uint64_t values) {
  RandomHistoryOptions options;
  options.names = std::move(names);
  options.values = values;
  return options;
}

// Of each case; together some hundred thousand.
constexpr size_t histories = 30'000;

std::vector<Case> cases() {
  std::vector<Case> all = {
      {"register_unique", Model::plain_register, with({"set", "get", "get"}, 0), histories},
      {"register", Model::plain_register, with({"set", "get", "get"}, 3), histories},
      {"cas_register", Model::cas_register,
       with({"set", "get", "get", "setnx", "cas", "cas", "del", "exists", "getset", "getdel"}, 3),
       histories},
      {"counter", Model::counter, with({"incr", "decr", "incr", "get", "get", "set"}, 3),
       histories},
      {"append", Model::kv, with({"append", "get", "get", "strlen", "set"}, 3), histories},
      {"append_unique", Model::kv, with({"append", "get", "append", "strlen", "set"}, 0),
       histories},
      {"members", Model::set, with({"sadd", "srem", "sismember", "sismember"}, 3), histories},
      {"set", Model::set, with({"sadd", "srem", "sismember", "smembers", "scard", "del"}, 3),
       histories},
      {"fields", Model::hash, with({"hset", "hget", "hdel", "hexists", "hget"}, 3), histories},
      {"hash", Model::hash, with({"hset", "hget", "hdel", "hgetall", "hgetall", "hlen"}, 3),
       histories},
      {"queue_unique", Model::queue, with({"rpush", "lpop"}, 0), histories},
      {"queue", Model::queue, with({"rpush", "lpop", "lpop", "llen", "lrange"}, 3), histories},
      {"list", Model::queue, with({"rpush", "lpush", "lpop", "rpop", "lrange"}, 3), histories},
      {"lock", Model::lock, with({"acquire", "acquire", "release", "use"}, 4), histories},
      {"kv", Model::kv, with({"set", "get", "get", "incr", "cas", "del"}, 3), histories},
  };
  for (Case& one : all) {
    if (one.name == "append_unique") one.options.prefix = "v";
  }
  all.back().options.keys = 2;
  all.back().options.transactions = 0.4;
  return all;
}

INSTANTIATE_TEST_SUITE_P(Models, Differential, testing::ValuesIn(cases()),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace coterie::proof
