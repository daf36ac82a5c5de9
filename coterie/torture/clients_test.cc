// Clients against a store in memory: what they see is all there and in the judges' words, and they
// end when they are told to.
#include "coterie/torture/clients.h"

#include <map>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/base/random.h"
#include "coterie/proof/judge.h"
#include "coterie/torture/register_script.h"

namespace coterie::torture {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

// Registers as a store keeps them, or, when `forgets`, one that loses every fifth write.
class Registers {
 public:
  bool forgets = false;
  std::atomic<bool> silent{false};  // nothing is answered

  resp::Value perform(const std::vector<std::string>& words) {
    const std::lock_guard lock(mutex_);
    std::string& value = values_[words[1]];
    resp::Value reply;
    if (words[0] == "GET") {
      if (!value.empty()) reply.kind = resp::Value::Kind::bulk;
      reply.text = value;
      return reply;
    }
    reply.kind = resp::Value::Kind::integer;
    reply.integer = words[0] == "DEL" ? (value.empty() ? 0 : 1) : 1;
    if (words.size() == 5 && words[4] != value) reply.integer = 0;
    if (reply.integer == 0) return reply;
    if (!forgets || ++writes_ % 5 != 0) value = words[0] == "DEL" ? "" : words[2];
    return reply;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> values_;
  int writes_ = 0;
};

class MemoryDriver : public Driver {
 public:
  explicit MemoryDriver(Registers& registers) : registers_(registers) {}
  workload::Answer perform(const workload::Step& step) override {
    workload::Answer answer;
    if (!registers_.silent) answer.value = registers_.perform(step.words);
    return answer;
  }

 private:
  Registers& registers_;
};

class ClientsTest : public testing::Test {
 protected:
  std::unique_ptr<Clients> start(uint64_t conversations) {
    const ScriptFactory scripts = [=](uint32_t client) {
      workload::ScriptOptions options;
      options.client = client;
      options.seed = mix_seed(7, client);
      options.pause_mean = microseconds(100);
      options.conversations_max = conversations;
      return register_script(options);
    };
    return std::make_unique<Clients>(
        5, scripts, [this](uint32_t) { return std::make_unique<MemoryDriver>(registers_); });
  }

  Registers registers_;
};

TEST_F(ClientsTest, WhatTheySawIsJudged) {
  const auto clients = start(400);
  ASSERT_TRUE(clients->wait_for_end(seconds(60)));
  const proof::History history = clients->take_history();
  EXPECT_THAT(history, SizeIs(2'000));
  EXPECT_EQ(clients->counts().acknowledged, 2'000u);
  EXPECT_EQ(clients->surprise(), std::nullopt);
  std::map<std::string, int> names;
  for (const proof::Operation& one : history) ++names[one.calls[0].name + one.result.text];
  EXPECT_GT(names["cas1"], 50) << "some succeed";
  EXPECT_GT(names["cas0"], 50) << "some do not";
  EXPECT_EQ(proof::judge(history, proof::Model::automatic).verdict, proof::Verdict::holds);
}

TEST_F(ClientsTest, AStoreThatForgetsIsConvicted) {
  registers_.forgets = true;
  const auto clients = start(400);
  ASSERT_TRUE(clients->wait_for_end(seconds(60)));
  EXPECT_EQ(proof::judge(clients->take_history(), proof::Model::automatic).verdict,
            proof::Verdict::violated);
}

TEST_F(ClientsTest, EndWhenTheyAreToldTo) {
  const auto clients = start(UINT64_MAX);
  EXPECT_FALSE(clients->wait_for_end(milliseconds(20)));
  EXPECT_THAT(clients->pending(), SizeIs(5));
  EXPECT_THAT(clients->pending()[2], HasSubstr("client 2"));
  clients->finish();
  EXPECT_TRUE(clients->wait_for_end(seconds(60)));
  EXPECT_THAT(clients->pending(), SizeIs(0));
}

TEST_F(ClientsTest, StopAtOnce) {
  const auto clients = start(UINT64_MAX);
  clients->stop();
  EXPECT_TRUE(clients->wait_for_end({}));
}

TEST_F(ClientsTest, RememberWhoWaitedInVain) {
  registers_.silent = true;
  auto clients = start(50);
  ASSERT_TRUE(clients->wait_for_end(seconds(60)));
  EXPECT_EQ(clients->unanswered(), std::nullopt) << "nobody has demanded answers";
  EXPECT_EQ(clients->counts().unknown, 250u);
  clients = start(UINT64_MAX);
  clients->demand_answers();
  clients->wait_for_end(milliseconds(100));
  clients->stop();
  ASSERT_TRUE(clients->unanswered());
  EXPECT_THAT(*clients->unanswered(), HasSubstr("was not answered"));
}

}  // namespace
}  // namespace coterie::torture
