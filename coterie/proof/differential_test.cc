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
  int64_t operations_max = 10;
  int64_t changes_max = 10;  // of a history that is not to hold
};

constexpr size_t histories = 100'000;  // of each case

std::string text_of(const History& history) {
  std::string text;
  for (const Operation& operation : history) text += describe(operation) + "\n";
  return text;
}

// Leases are given in milliseconds: the unit of time of all histories here.
constexpr int64_t unit_ns = 1'000'000;

class Differential : public testing::TestWithParam<Case> {
 protected:
  static History in_ns(History history) {
    for (Operation& operation : history)
      operation.called_ns *= unit_ns, operation.returned_ns *= unit_ns;
    return history;
  }
  bool holds(const History& history) const {
    if (GetParam().options.ttl == 0) return reference::Search(history).legal();
    return reference::legal_with_leases(history, bounds_.slack.absolute_ns, bounds_.slack.ends);
  }
  // What is shown must be a violation by itself.
  void check(const History& history, Model model) {
    const bool legal = holds(history);
    const Ruling ruling = judge(history, model, bounds_);
    ASSERT_EQ(ruling.verdict, legal ? Verdict::holds : Verdict::violated)
        << text_of(history) << ruling.why << "\nnarrow sweeps: " << bounds_.narrow_sweeps;
    ++(legal ? legal_ : illegal_);
    if (legal) return;
    History shown;
    for (const size_t operation : ruling.operations) shown.push_back(history[operation]);
    ASSERT_FALSE(holds(shown)) << text_of(history) << ruling.why << "\nshown by\n"
                               << text_of(shown);
  }

  Bounds bounds_;
  size_t legal_ = 0, illegal_ = 0;
};

TEST_P(Differential, TheVerdictIsThatOfThePlainSearch) {
  const Case& given = GetParam();
  Random random(mix_seed(1985, given.name.size() * 100 + given.name[0]));
  for (size_t i = 0; i < histories; ++i) {
    RandomHistoryOptions options = given.options;
    options.operations = static_cast<size_t>(random.between(2, given.operations_max));
    options.clients = static_cast<uint32_t>(random.between(1, 5));
    if (random.chance(0.3)) options.unknown = 0.5;
    RandomHistory maker(options, random);
    History history = maker.make();
    const int64_t changes = random.chance(0.3) ? 0 : random.between(1, given.changes_max);
    for (int64_t c = 0; c < changes; ++c) maker.change(history);
    bounds_.narrow_sweeps = random.chance(0.5);
    bounds_.slack = {0, random.between(0, 3) * unit_ns, random.chance(0.8)};
    history = in_ns(std::move(history));
    ASSERT_TRUE(changes > 0 || holds(history)) << text_of(history);
    ASSERT_NO_FATAL_FAILURE(check(history, given.model));
  }
  RecordProperty("legal", static_cast<int>(legal_));
  EXPECT_GE(legal_, histories / 5);
  EXPECT_GE(illegal_, histories / 5) << "little that it could have missed";
}

RandomHistoryOptions with(std::vector<std::string> names, uint64_t values) {
  RandomHistoryOptions options;
  options.names = std::move(names);
  options.values = values;
  return options;
}

std::vector<Case> cases() {
  std::vector<Case> all = {
      {"register_unique", Model::plain_register, with({"set", "get", "get"}, 0)},
      {"register", Model::plain_register, with({"set", "get", "get"}, 3)},
      {"cas_register", Model::cas_register,
       with({"set", "get", "get", "setnx", "cas", "cas", "del", "exists", "getset", "getdel"}, 3)},
      {"counter", Model::counter, with({"incr", "decr", "incr", "get", "get", "set"}, 3)},
      {"append", Model::kv, with({"append", "get", "get", "strlen", "set"}, 3)},
      {"append_unique", Model::kv, with({"append", "get", "append", "strlen", "set"}, 0)},
      {"members", Model::set, with({"sadd", "srem", "sismember", "sismember"}, 3)},
      {"set", Model::set, with({"sadd", "srem", "sismember", "smembers", "scard", "del"}, 3)},
      {"fields", Model::hash, with({"hset", "hget", "hdel", "hexists", "hget"}, 3)},
      {"hash", Model::hash, with({"hset", "hget", "hdel", "hgetall", "hgetall", "hlen"}, 3)},
      {"queue_unique", Model::queue, with({"rpush", "lpop"}, 0)},
      {"queue", Model::queue, with({"rpush", "lpop", "lpop", "llen", "lrange"}, 3)},
      {"list", Model::queue, with({"rpush", "lpush", "lpop", "rpop", "lrange"}, 3)},
      {"unknown", Model::kv, with({"set", "get", "get", "incr", "cas", "del"}, 2), 14},
      {"expiry", Model::expiry, with({"set", "get", "get", "setpx", "setpx", "del", "exists"}, 3),
       8},
      {"leases", Model::kv, with({"setpx", "get", "get", "incr", "append", "getset"}, 3), 8},
      {"timed_lock", Model::lock, with({"acquire", "acquire", "release"}, 4), 8},
      {"lock", Model::lock, with({"acquire", "acquire", "release", "use"}, 4)},
      {"kv", Model::kv, with({"set", "get", "get", "incr", "cas", "del"}, 3)},
  };
  for (Case& one : all) {
    if (one.name == "append_unique") one.options.prefix = "v";
    if (one.name == "unknown") one.options.unknown = 0.3, one.changes_max = 16;
    if (one.name == "expiry") one.changes_max = 30;
    if (one.name == "expiry" || one.name == "leases" || one.name == "timed_lock")
      one.options.ttl = 12;
  }
  all.back().options.keys = 2;
  all.back().options.transactions = 0.4;
  return all;
}

INSTANTIATE_TEST_SUITE_P(Models, Differential, testing::ValuesIn(cases()),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace coterie::proof
