// What must hold for every log: the same entries give the same state, the same replies and the same
// digest; a copy does not change; a snapshot at any point gives a state that goes on as the
// original does.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/store/state/random_log.h"

namespace coterie::state {
namespace {

std::string text_of(const ApplyEffects& effects) {
  std::string text;
  for (const SessionReply& reply : effects.replies) {
    text += std::to_string(reply.session.value) + "/" + std::to_string(reply.number) + " " +
            reply.reply.text();
  }
  for (const SessionOpened& opened : effects.opened)
    text += "open " + std::to_string(opened.session.value);
  for (SessionId closed : effects.closed) text += "closed " + std::to_string(closed.value);
  return text;
}

// A difference in anything that matters later is a difference of digests.
TEST(StateDigest, CoversEveryPart) {
  using Words = std::vector<std::string>;
  const auto run_all = [](const std::vector<Words>& commands, uint64_t acknowledged = 0) {
    LogDriver log;
    const SessionId session = log.open(1);
    for (const Words& words : commands) log.run(session, words);
    log.apply(block_of({.session = session, .first_number = 99, .acknowledged = acknowledged}, {}));
    return log.state.digest();
  };
  const std::vector<std::pair<Words, Words>> pairs = {
      {{"set", "k", "v"}, {"set", "k", "w"}},                              // a value
      {{"set", "k", "v"}, {"set", "l", "v"}},                              // a key
      {{"set", "k", "v"}, {"set", "k", "v", "PX", "9"}},                   // a deadline
      {{"rpush", "k", "a", "b"}, {"rpush", "k", "b", "a"}},                // an order
      {{"sadd", "k", "a"}, {"rpush", "k", "a"}},                           // a type
      {{"hset", "k", "a", "b"}, {"hset", "k", "b", "a"}},                  // a field
      {{"get", "k"}, {"llen", "k"}},                                       // a kept reply
      {{"blpop", "k", "0"}, {"blpop", "k", "9"}},                          // a waiter
      {{"blpop", "k", "0"}, {"brpop", "k", "0"}},                          // a waiter's command
      {{"once", "c", "1", "get", "k"}, {"once", "c", "2", "get", "k"}},    // a number of ONCE
      {{"fence", "r", "1", "get", "k"}, {"fence", "r", "2", "get", "k"}},  // a token
  };
  for (const auto& [one, other] : pairs) {
    EXPECT_EQ(run_all({one}), run_all({one})) << one[0];
    EXPECT_NE(run_all({one}), run_all({other})) << one[0] << " " << other[0];
  }
  EXPECT_NE(run_all({{"get", "k"}}), run_all({{"get", "k"}}, 1)) << "an acknowledgement";
  // The same contents by other revisions: what WATCH sees differs.
  EXPECT_NE(run_all({{"set", "k", "v"}, {"set", "l", "v"}}),
            run_all({{"set", "l", "v"}, {"set", "k", "v"}}));
  LogDriver one, other;
  one.stamp(5'000);
  other.stamp(5'001);
  EXPECT_NE(one.state.digest(), other.state.digest()) << "log time";
}

class RandomLogs : public testing::TestWithParam<int> {};

TEST_P(RandomLogs, StatesThatApplyTheSameAreTheSame) {
  RandomLog log(static_cast<uint64_t>(GetParam()));
  Random random(static_cast<uint64_t>(GetParam()) + 1'000);
  State one, other;
  ApplyEffects of_one, of_other;
  for (int step = 0; step < 1'200; ++step) {
    const Entry entry = log.next(one);
    of_one.clear();
    of_other.clear();
    one.apply(entry, of_one);
    other.apply(entry, of_other);
    ASSERT_EQ(text_of(of_one), text_of(of_other));
    // One is asked for its digest often, the other rarely: what is remembered must not matter.
    if (random.chance(0.2)) static_cast<void>(one.digest());
    if (step % 100 == 0) {
      ASSERT_EQ(one.digest(), other.digest());
      ASSERT_EQ(one.memory_bytes(), other.memory_bytes());
    }
    if (step % 300 == 150) {
      auto loaded = load(snapshot_of(other, random), random);
      ASSERT_TRUE(loaded) << loaded.error().message;
      ASSERT_EQ(loaded->digest(), one.digest());
      ASSERT_EQ(loaded->memory_bytes(), one.memory_bytes());
      ASSERT_EQ(loaded->next_deadline_ms(), one.next_deadline_ms());
      other = *std::move(loaded);
    }
  }
  EXPECT_EQ(one.digest(), other.digest());
  EXPECT_GT(one.revision().value, 1'000u) << "the log must do something";
}

TEST_P(RandomLogs, CopiesStayAsTheyWere) {
  RandomLog log(static_cast<uint64_t>(GetParam()) + 50);
  Random random(static_cast<uint64_t>(GetParam()));
  State state;
  ApplyEffects effects;
  struct Kept {
    State state;
    uint64_t digest;
    std::string snapshot;
  };
  std::vector<Kept> kept;
  for (int step = 0; step < 600; ++step) {
    effects.clear();
    state.apply(log.next(state), effects);
    if (step % 60 != 0) continue;
    State copy = state;
    std::string bytes = snapshot_of(copy, random);
    kept.push_back({copy, copy.digest(), std::move(bytes)});
    // The copy goes its own way; the original must not notice.
    const uint64_t before = state.digest();
    RandomLog another(random.next());
    for (int i = 0; i < 20; ++i) copy.apply(another.next(copy), effects);
    ASSERT_EQ(load(snapshot_of(state, random), random)->digest(), before);
  }
  for (const Kept& each : kept) {
    EXPECT_EQ(each.state.digest(), each.digest);
    EXPECT_EQ(snapshot_of(each.state, random), each.snapshot);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomLogs, testing::Range(1, 9));

// Bytes that pass an entry's CRC but are no blocks, and blocks with forged fields: the same
// everywhere, and no crash.
TEST(Apply, RandomBytesAreTheSameOnEveryReplica) {
  Random random(77);
  RandomLog log(78);
  State one, other;
  ApplyEffects effects;
  for (int step = 0; step < 5'000; ++step) {
    Entry entry = log.next(one);
    if (step > 50) {
      std::string body = entry.body().text();
      if (random.chance(0.1)) {
        body.resize(random.below(200));
        for (char& c : body) c = static_cast<char>(random.next());
      }
      for (uint64_t i = random.below(4); i > 0 && !body.empty(); --i) {
        body[random.below(body.size())] =
            static_cast<char>(random.chance(0.3) ? 0xff : random.next());
      }
      entry = entry_of(one.applied().value + 1, entry.stamp_ms, body);
    }
    one.apply(entry, effects);
    other.apply(entry, effects);
    effects.clear();
    if (step % 500 != 0) continue;
    ASSERT_EQ(one.digest(), other.digest());
  }
  EXPECT_EQ(one.digest(), other.digest());
}

// Whatever arguments a command of the table is given, in the log it is answered and nothing breaks.
TEST(Apply, EveryCommandTakesAnyArguments) {
  Random random(79);
  LogDriver log;
  const SessionId session = log.open(1);
  const std::vector<std::string> words = {"",
                                          "0",
                                          "-1",
                                          "1",
                                          "9223372036854775807",
                                          "-9223372036854775808",
                                          "nan",
                                          "k1",
                                          "k2",
                                          "k3",
                                          "EX",
                                          "NX",
                                          "GET",
                                          "COUNT",
                                          "MATCH",
                                          "*",
                                          "[",
                                          "inf",
                                          "set",
                                          "get",
                                          std::string(40, 'x'),
                                          std::string(5, '\0')};
  log.acknowledge_all = true;
  for (int step = 0; step < 60'000; ++step) {
    const auto commands = all_commands();
    const CommandSpec& spec = commands[random.below(commands.size())];
    std::vector<std::string> command{"#" + std::to_string(spec.number)};
    for (uint64_t count = random.below(7); count > 0; --count)
      command.push_back(words[random.below(words.size())]);
    const std::string reply = log.run(session, command, static_cast<uint8_t>(random.below(2)));
    ASSERT_TRUE(!reply.empty() || spec.kind == CommandClass::blocking) << spec.name;
    if (step % 100 == 0) log.stamp(log.now_ms + 500);
  }
}

}  // namespace
}  // namespace coterie::state
