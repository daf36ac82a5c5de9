// Differential test: the same commands on a State and on a real redis-server; every reply must be
// the same, in RESP2 and in RESP3. Where Redis leaves the order free, replies are compared sorted;
// times to live within a tolerance, because Redis' clock runs.
// docs/explanation/differences-from-redis.md lists what is known to differ.
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/base/random.h"
#include "coterie/store/state/log_driver.h"
#include "coterie/store/state/redis_command_maker.h"
#include "coterie/store/state/redis_corner_cases.h"
#include "coterie/store/state/redis_server.h"
#include "coterie/store/state/reply_value.h"
#include "coterie/store/state/words.h"

namespace coterie::state {
namespace {

using Words = std::vector<std::string>;

std::string shown(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

enum class Comparison : uint8_t { exact, sorted, sorted_pairs, near_seconds, near_ms, null_or_not };

Comparison comparison_of(std::string_view command) {
  for (const char* name : {"SMEMBERS", "HKEYS", "HVALS", "KEYS"}) {
    if (same_word(command, name)) return Comparison::sorted;
  }
  if (same_word(command, "HGETALL")) return Comparison::sorted_pairs;
  if (same_word(command, "TTL") || same_word(command, "EXPIRETIME"))
    return Comparison::near_seconds;
  if (same_word(command, "PTTL") || same_word(command, "PEXPIRETIME")) return Comparison::near_ms;
  if (same_word(command, "RANDOMKEY")) return Comparison::null_or_not;
  return Comparison::exact;
}

bool near(const ReplyValue& a, const ReplyValue& b, int64_t tolerance) {
  if (a.type != ':' || b.type != ':') return a == b;
  const int64_t x = std::atoll(a.text.c_str()), y = std::atoll(b.text.c_str());
  if (x < 0 || y < 0) return x == y;
  return x - y <= tolerance && y - x <= tolerance;
}

// Redis 7.0 lets a timeout beyond 64 bits overflow and calls it negative, 7.2 says what it is.
bool is_known_difference(const ReplyValue& ours, const ReplyValue& theirs) {
  return ours.text == "ERR timeout is out of range" && theirs.text == "ERR timeout is negative";
}

bool same_reply(const Words& words, const ReplyValue& ours, const ReplyValue& theirs) {
  if (is_known_difference(ours, theirs)) return true;
  constexpr int64_t slow_machine_ms = 30'000;
  switch (comparison_of(words[0])) {
    case Comparison::exact:
      return ours == theirs;
    case Comparison::sorted:
      return ours.sorted(false) == theirs.sorted(false);
    case Comparison::sorted_pairs:
      return ours.sorted(true) == theirs.sorted(true);
    case Comparison::near_seconds:
      return near(ours, theirs, slow_machine_ms / 1000);
    case Comparison::near_ms:
      return near(ours, theirs, slow_machine_ms);
    case Comparison::null_or_not:
      return ours.type == theirs.type;
  }
  return false;
}

// Our side: every command goes through the log; what reads is read from the state, too, and must be
// the same.
class OurSide {
 public:
  explicit OurSide(int64_t now_ms) {
    driver_.now_ms = now_ms;
    driver_.acknowledge_all = true;
    session_ = driver_.open(1);
  }

  ReplyValue run(const Words& words) {
    const std::string reply = driver_.run(session_, words);
    const CommandSpec* spec = find_command(words[0]);
    if (spec->kind == CommandClass::read) {
      const std::vector<std::string_view> args(words.begin() + 1, words.end());
      EXPECT_EQ(driver_.state.read(*spec, 0, args).view(), reply);
    }
    return ReplyValue::parse(reply);
  }

  // As one EXEC without guards.
  ReplyValue run_transaction(const std::vector<Words>& commands) {
    std::string all;
    for (const Words& words : commands) all += encoded(words);
    return ReplyValue::parse(driver_.run(session_, {"#5", encode_guards({}), all}));
  }

 private:
  LogDriver driver_;
  SessionId session_;
};

class RedisReplies : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (!RedisServer::installed()) GTEST_SKIP() << "redis-server is not installed";
    server_ = RedisServer::start();
    ASSERT_NE(server_, nullptr);
    redis_ = server_->connect();
    ASSERT_NE(redis_, nullptr);
    redis_->ask({"HELLO", std::to_string(GetParam())});
    const ReplyValue time = ReplyValue::parse(redis_->ask({"TIME"}));
    ours_.emplace(std::atoll(time.elements.at(0).text.c_str()) * 1000);
  }

  // Both sides run them; the first difference fails the test. Redis is asked in one go, so a
  // command must not depend on the reply of an earlier one.
  void compare(const std::vector<Words>& commands) {
    const std::vector<std::string> replies = redis_->ask_all(commands);
    for (size_t i = 0; i < commands.size(); ++i) {
      const ReplyValue theirs = ReplyValue::parse(replies[i]);
      const ReplyValue ours = ours_->run(commands[i]).as_protocol(GetParam());
      std::string before;
      for (size_t j = i > 12 ? i - 12 : 0; j < i; ++j) before += shown(commands[j]) + "\n";
      ASSERT_TRUE(same_reply(commands[i], ours, theirs))
          << "command " << i << ": " << shown(commands[i]) << "\nours:   " << ours.shown()
          << "\ntheirs: " << theirs.shown() << "\nafter:\n"
          << before;
    }
  }

  template <class Ask>
  std::multiset<std::string> scan_all(const Words& options, Ask&& ask) {
    std::multiset<std::string> keys;
    std::string cursor = "0";
    do {
      Words words = {"SCAN", cursor};
      words.insert(words.end(), options.begin(), options.end());
      const ReplyValue reply = ask(words);
      if (reply.elements.size() != 2) return {};
      cursor = reply.elements[0].text;
      for (const ReplyValue& key : reply.elements[1].elements) keys.insert(key.text);
    } while (cursor != "0");
    return keys;
  }

  std::unique_ptr<RedisServer> server_;
  std::unique_ptr<RedisConnection> redis_;
  std::optional<OurSide> ours_;
};

TEST_P(RedisReplies, RandomCommandsOverFewKeys) {
  constexpr int runs = 30, commands_per_run = 400;
  for (int run = 0; run < runs; ++run) {
    RedisCommandMaker maker(
        mix_seed(static_cast<uint64_t>(GetParam()), static_cast<uint64_t>(run)));
    std::vector<Words> commands = {{"FLUSHALL"}};
    while (commands.size() < commands_per_run) maker.add(commands);
    commands.push_back({"DBSIZE"});
    compare(commands);
    if (HasFatalFailure()) return;
  }
}

TEST_P(RedisReplies, TransactionsOfRandomCommands) {
  constexpr int runs = 150;
  RedisCommandMaker maker(static_cast<uint64_t>(GetParam()) + 100);
  for (int run = 0; run < runs; ++run) {
    std::vector<Words> commands;
    while (commands.size() < 12) maker.add(commands);
    commands.push_back({"BLPOP", "a", "b", "c", "0"});  // inside a transaction it never waits
    std::vector<Words> asked = {{"MULTI"}};
    asked.insert(asked.end(), commands.begin(), commands.end());
    asked.push_back({"EXEC"});
    const ReplyValue theirs = ReplyValue::parse(redis_->ask_all(asked).back());
    const ReplyValue ours = ours_->run_transaction(commands).as_protocol(GetParam());
    ASSERT_EQ(theirs.elements.size(), commands.size()) << theirs.shown();
    ASSERT_EQ(ours.elements.size(), commands.size()) << ours.shown();
    for (size_t i = 0; i < commands.size(); ++i) {
      ASSERT_TRUE(same_reply(commands[i], ours.elements[i], theirs.elements[i]))
          << shown(commands[i]) << "\nours:   " << ours.elements[i].shown()
          << "\ntheirs: " << theirs.elements[i].shown();
    }
  }
}

TEST_P(RedisReplies, CornersPickedByHand) { compare(redis_corner_cases()); }

TEST_P(RedisReplies, NumbersOfEveryShape) {
  std::vector<Words> commands;
  for (const char* number : {"0",
                             "-0",
                             "+1",
                             "01",
                             "1",
                             "-1",
                             " 1",
                             "1 ",
                             "",
                             "a",
                             "1.0",
                             "1e2",
                             "0x10",
                             "-",
                             "--1",
                             "9223372036854775807",
                             "9223372036854775808",
                             "-9223372036854775808",
                             "-9223372036854775809",
                             "18446744073709551615",
                             "99999999999999999999999"}) {
    commands.insert(commands.end(), {{"SET", "n", "5"},
                                     {"INCRBY", "n", number},
                                     {"DECRBY", "n", number},
                                     {"SET", "n", number},
                                     {"INCR", "n"},
                                     {"DECR", "n"},
                                     {"DEL", "h", "l"},
                                     {"HINCRBY", "h", "f", number},
                                     {"HSET", "h", "f", number},
                                     {"HINCRBY", "h", "f", "2"},
                                     {"RPUSH", "l", "a", "b", "c"},
                                     {"LINDEX", "l", number},
                                     {"LRANGE", "l", number, "1"},
                                     {"LRANGE", "l", "1", number},
                                     {"LSET", "l", number, "x"},
                                     {"LREM", "l", number, "x"},
                                     {"LPOP", "l", number},
                                     {"RPOP", "l", number},
                                     {"LTRIM", "l", number, number}});
  }
  compare(commands);
}

TEST_P(RedisReplies, TimeoutsOfEveryShape) {
  std::vector<Words> commands;
  for (const char* timeout : {"0",
                              "-0",
                              "0.0",
                              "1",
                              "+1",
                              "-1",
                              "0.1",
                              ".5",
                              "5.",
                              "-0.0001",
                              "-0.0011",
                              "1e2",
                              "1E-2",
                              "inf",
                              "-inf",
                              "INF",
                              "infinity",
                              "nan",
                              "",
                              " 1",
                              "1 ",
                              "a",
                              "1s",
                              "1e",
                              "1e+",
                              "1..0",
                              ".",
                              "e1",
                              "1e300",
                              "-1e300",
                              "1e5000",
                              "1e-5000",
                              "1e4000",

                              "9223372036854775.808",

                              "--1",
                              "+-1",
                              "0e0"}) {
    commands.push_back({"RPUSH", "l", "a", "b"});
    commands.push_back({"BLPOP", "l", timeout});
    commands.push_back({"BRPOP", "none", "l", timeout});
    commands.push_back({"LLEN", "l"});
  }
  compare(commands);
}

TEST_P(RedisReplies, PatternsOfEveryShape) {
  Random random(static_cast<uint64_t>(GetParam()));
  std::vector<Words> commands;
  const std::string key_letters = "abc-]^\\*[\x90";
  for (int i = 0; i < 60; ++i) {
    std::string key;
    for (uint64_t n = random.below(5); n > 0; --n)
      key += key_letters[random.below(key_letters.size())];
    commands.push_back({"SET", key, "v"});
  }
  const std::string letters = "ab-c]^\\[*?[*\x80\xff";
  for (int i = 0; i < 4000; ++i) {
    std::string pattern;
    for (uint64_t n = random.below(8); n > 0; --n) pattern += letters[random.below(letters.size())];
    commands.push_back({"KEYS", pattern});
  }
  compare(commands);
}

TEST_P(RedisReplies, AScanFindsTheSameKeys) {
  std::vector<Words> commands;
  for (int i = 0; i < 300; ++i) {
    const std::string name = std::to_string(i);
    if (i % 3 == 0) commands.push_back({"SET", "s" + name, "v"});
    if (i % 3 == 1) commands.push_back({"RPUSH", "l" + name, "v"});
    if (i % 3 == 2) commands.push_back({"SADD", "m" + name, "v"});
  }
  compare(commands);
  ASSERT_FALSE(HasFatalFailure());
  for (const Words& options : std::vector<Words>{{},
                                                 {"COUNT", "1"},
                                                 {"COUNT", "1000"},
                                                 {"MATCH", "*1*"},
                                                 {"TYPE", "list"},
                                                 {"type", "LIST"},
                                                 {"TYPE", "none"},
                                                 {"COUNT", "7", "MATCH", "s*", "TYPE", "string"}}) {
    const auto ours = scan_all(options, [&](const Words& words) { return ours_->run(words); });
    const auto theirs = scan_all(
        options, [&](const Words& words) { return ReplyValue::parse(redis_->ask(words)); });
    EXPECT_EQ(std::set<std::string>(ours.begin(), ours.end()),
              std::set<std::string>(theirs.begin(), theirs.end()));
    EXPECT_EQ(ours.size(), std::set<std::string>(ours.begin(), ours.end()).size())
        << "a key was found twice";
  }
}

TEST(RedisComparison, LeavesNoDataCommandOut) {
  std::vector<Words> commands = redis_corner_cases();
  for (uint64_t seed = 0; seed < 20; ++seed) {
    RedisCommandMaker maker(seed);
    for (int i = 0; i < 200; ++i) maker.add(commands);
  }
  std::set<std::string_view> compared;
  for (const Words& words : commands) {
    if (const CommandSpec* spec = find_command(words[0])) compared.insert(spec->name);
  }
  for (const CommandSpec& spec : all_commands()) {
    const bool data = spec.kind == CommandClass::read || spec.kind == CommandClass::write ||
                      spec.kind == CommandClass::blocking;
    if (!data || spec.group == "coterie") continue;
    EXPECT_EQ(compared.count(spec.name), 1u) << spec.name << " is never asked of both sides";
  }
}

INSTANTIATE_TEST_SUITE_P(Protocols, RedisReplies, testing::Values(2, 3), [](const auto& version) {
  return "Resp" + std::to_string(version.param);
});

}  // namespace
}  // namespace coterie::state
