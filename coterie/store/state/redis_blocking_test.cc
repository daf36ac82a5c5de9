// Differential test of waiting: clients wait for lists on a State and on a real redis-server,
// another one pushes, and the same clients must get the same elements. Here the order in which
// waiters are served shows.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/base/random.h"
#include "coterie/store/state/log_driver.h"
#include "coterie/store/state/redis_server.h"
#include "coterie/store/state/reply_value.h"

namespace coterie::state {
namespace {

using Words = std::vector<std::string>;

class RedisBlocking : public testing::Test {
 protected:
  static constexpr size_t clients = 5;

  void SetUp() override {
    if (!RedisServer::installed()) GTEST_SKIP() << "redis-server is not installed";
    server_ = RedisServer::start();
    ASSERT_NE(server_, nullptr);
    driver_.acknowledge_all = true;
    pusher_ = connect();
    pusher_session_ = driver_.open(100);
    for (size_t i = 0; i < clients; ++i) {
      waiting_.push_back(connect());
      sessions_.push_back(driver_.open(i + 1));
      ASSERT_NE(waiting_.back(), nullptr);
    }
  }

  std::unique_ptr<RedisConnection> connect() {
    auto connection = server_->connect();
    if (connection != nullptr) connection->ask({"HELLO", "3"});
    return connection;
  }

  // Redis takes the commands of different clients in no order that we know: wait until it has taken
  // this one.
  void wait_until_redis_has_waiters(size_t count) {
    const std::string wanted = "blocked_clients:" + std::to_string(count) + "\r\n";
    constexpr int tries_max = 100'000;
    for (int i = 0; i < tries_max; ++i) {
      if (pusher_->ask({"INFO", "clients"}).find(wanted) != std::string::npos) return;
    }
    FAIL() << "Redis never had " << wanted;
  }

  size_t waiters() const { return numbers_.size(); }

  // Asks on both sides; notes whether the client waits, and compares the replies if it does not.
  void ask_client(size_t client, const Words& words) {
    std::string shown;
    for (const std::string& word : words) shown += word + " ";
    SCOPED_TRACE(shown);
    const std::string ours = driver_.run(sessions_[client], words);
    waiting_[client]->send(words);
    if (ours.empty()) {
      numbers_[client] = driver_.last(sessions_[client]);
      return wait_until_redis_has_waiters(waiters());
    }
    EXPECT_EQ(ReplyValue::parse(ours), ReplyValue::parse(waiting_[client]->receive()));
  }

  // Commands of the pusher, as one transaction, and what they bring to those who wait.
  void push(const std::vector<Words>& commands) {
    std::string all;
    std::string shown;
    pusher_->ask({"MULTI"});
    for (const Words& words : commands) {
      all += encoded(words);
      pusher_->ask(words);
      for (const std::string& word : words) shown += word + " ";
      shown += "; ";
    }
    SCOPED_TRACE(shown);
    const std::string ours = driver_.run(pusher_session_, {"#5", encode_guards({}), all});
    const std::string theirs = pusher_->ask({"EXEC"});
    EXPECT_EQ(ReplyValue::parse(ours).as_protocol(3), ReplyValue::parse(theirs));
    std::map<size_t, uint64_t> still_waiting;
    for (const auto& [client, number] : numbers_) {
      const std::string served = driver_.reply_of(sessions_[client], number);
      if (served.empty()) {
        still_waiting[client] = number;
        continue;
      }
      EXPECT_EQ(ReplyValue::parse(served), ReplyValue::parse(waiting_[client]->receive()));
      ++served_;
    }
    numbers_ = std::move(still_waiting);
    wait_until_redis_has_waiters(waiters());
  }

  std::optional<size_t> idle_client() const {
    for (size_t i = 0; i < clients; ++i) {
      if (numbers_.count(i) == 0) return i;
    }
    return std::nullopt;
  }

  std::unique_ptr<RedisServer> server_;
  std::unique_ptr<RedisConnection> pusher_;
  std::vector<std::unique_ptr<RedisConnection>> waiting_;
  LogDriver driver_;
  SessionId pusher_session_;
  std::vector<SessionId> sessions_;
  std::map<size_t, uint64_t> numbers_;  // of the requests that wait, by client
  int served_ = 0;
};

TEST_F(RedisBlocking, RandomWaitersAreServedAlike) {
  Random random(11);
  const auto key = [&] { return std::string(1, "abc"[random.below(3)]); };
  int element = 0;
  for (int step = 0; step < 4'000 && !HasFailure(); ++step) {
    const auto client = idle_client();
    if (client && random.chance(0.6)) {
      Words words = {random.chance(0.5) ? "BLPOP" : "BRPOP", key()};
      for (uint64_t n = random.below(3); n > 0; --n) words.push_back(key());
      words.push_back("0");
      ask_client(*client, words);
      continue;
    }
    std::vector<Words> commands;
    for (uint64_t n = 1 + random.below(3); n > 0; --n) {
      switch (random.below(8)) {
        case 0:
          commands.push_back({"DEL", key()});
          break;
        case 1:
          commands.push_back({"RPOP", key()});
          break;
        case 2:
          commands.push_back({"RENAME", key(), key()});
          break;
        case 3:
          commands.push_back({"SET", key(), "no list"});
          break;
        default: {
          Words words = {random.chance(0.5) ? "LPUSH" : "RPUSH", key()};
          for (uint64_t m = 1 + random.below(3); m > 0; --m)
            words.push_back(std::to_string(++element));
          commands.push_back(words);
        }
      }
    }
    push(commands);
  }
  EXPECT_GT(served_, 400);
}

}  // namespace
}  // namespace coterie::state
