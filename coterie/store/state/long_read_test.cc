#include "coterie/store/state/long_read.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/store/state/log_driver.h"

namespace coterie::state {
namespace {

using Words = std::vector<std::string>;

class LongReadTest : public testing::Test {
 protected:
  LongReadTest() {
    session = log.open(1);
    log.acknowledge_all = true;
    fill("rpush", "list", 25'000, 1);
    fill("sadd", "set", 25'000, 1);
    fill("hset", "hash", 25'000, 2);
    for (int i = 0; i < 12'000; ++i) log.run(session, {"set", "key" + std::to_string(i), "v"});
    log.run(session, {"set", "mortal", "v", "PX", "1"});
    log.stamp(log.now_ms + 1);
  }
  void fill(const std::string& command, const std::string& key, int elements, int words) {
    Words all{command, key};
    for (int i = 0; i < elements * words; ++i) all.push_back("element" + std::to_string(i));
    log.run(session, all);
  }
  bool is_long(const Words& words) {
    const std::vector<std::string_view> args(words.begin() + 1, words.end());
    return is_long_read(log.state, *find_command(words[0]), 0, args);
  }
  // The reply in slices, while the state changes; and how many slices it took.
  std::string read_long(const Words& words, int* slices = nullptr) {
    const std::vector<std::string_view> args(words.begin() + 1, words.end());
    LongRead read(log.state, *find_command(words[0]), 0, args);
    for (int count = 1;; ++count) {
      if (count == 2) log.run(session, {"flushall"});
      if (auto reply = read.advance(1'000)) {
        if (slices != nullptr) *slices = count;
        return reply->text();
      }
    }
  }
  std::string read(const Words& words) {
    const std::vector<std::string_view> args(words.begin() + 1, words.end());
    return log.state.read(*find_command(words[0]), 0, args).text();
  }

  LogDriver log;
  SessionId session;
};

TEST_F(LongReadTest, GivesTheSameBytesAsAReadOfTheMoment) {
  const LogDriver before = log;
  for (const Words& words : std::vector<Words>{{"keys", "*"},
                                               {"keys", "key1*9"},
                                               {"keys", "nothing"},
                                               {"lrange", "list", "0", "-1"},
                                               {"lrange", "list", "-20000", "-2"},
                                               {"smembers", "set"},
                                               {"hgetall", "hash"},
                                               {"hkeys", "hash"},
                                               {"hvals", "hash"}}) {
    log = before;
    EXPECT_TRUE(is_long(words)) << words[0];
    const std::string expected = read(words);
    int slices = 0;
    EXPECT_EQ(read_long(words, &slices), expected) << words[0];
    EXPECT_GE(slices, 12) << words[0];
  }
}

TEST_F(LongReadTest, ShortOnesAreNotLongAndWorkAllTheSame) {
  for (const Words& words : std::vector<Words>{{"lrange", "list", "0", "9"},
                                               {"lrange", "list", "x", "9"},
                                               {"lrange", "list"},
                                               {"smembers", "list"},
                                               {"smembers", "nothing"},
                                               {"get", "key1"},
                                               {"hgetall", "key1"},
                                               {"keys"}}) {
    EXPECT_FALSE(is_long(words)) << words[0];
    EXPECT_EQ(read_long(words), read(words)) << words[0];
  }
}

TEST_F(LongReadTest, ManyBytesMakeItLongToo) {
  for (int i = 0; i < 10; ++i) log.run(session, {"rpush", "heavy", std::string(1'000'000, 'x')});
  EXPECT_TRUE(is_long({"lrange", "heavy", "0", "-1"}));
  EXPECT_FALSE(is_long({"lrange", "heavy", "0", "0"}));
}

}  // namespace
}  // namespace coterie::state
