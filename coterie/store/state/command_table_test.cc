// The command table: its lookups, and its rows against those of a real Redis 7.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "coterie/store/state/command.h"
#include "coterie/store/state/redis_server.h"
#include "coterie/store/state/reply_value.h"

namespace coterie::state {
namespace {

std::string upper_of(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return upper;
}

TEST(CommandTable, EveryPublicCommandIsFoundInAnyCase) {
  for (const CommandSpec& spec : all_commands()) {
    if (spec.kind == CommandClass::internal) {
      EXPECT_EQ(find_command(spec.name), nullptr) << spec.name;
      continue;
    }
    std::string mixed = upper_of(spec.name);
    mixed[0] = spec.name[0];
    EXPECT_EQ(find_command(spec.name), &spec);
    EXPECT_EQ(find_command(upper_of(spec.name)), &spec);
    EXPECT_EQ(find_command(mixed), &spec);
  }
}

TEST(CommandTable, WhatIsNoCommandIsNotFound) {
  for (const CommandSpec& spec : all_commands()) {
    EXPECT_EQ(find_command(std::string(spec.name) + "qq"), nullptr);
    EXPECT_EQ(find_command(std::string(spec.name) + '\0'), nullptr);
    // Names that would pack into the same words if a byte were folded that is no letter.
    std::string near(spec.name);
    near[0] = static_cast<char>(near[0] ^ 0x60);
    EXPECT_EQ(find_command(near), nullptr);
    near[0] = static_cast<char>(spec.name[0] | 0x80);
    EXPECT_EQ(find_command(near), nullptr);
  }
  EXPECT_EQ(find_command(""), nullptr);
  EXPECT_EQ(find_command(std::string(17, 'a')), nullptr);
  EXPECT_EQ(find_command(std::string(100'000, 'a')), nullptr);
}

TEST(CommandTable, NumbersLeadToTheirRows) {
  std::set<uint16_t> numbers;
  for (const CommandSpec& spec : all_commands()) {
    EXPECT_EQ(command_by_number(spec.number), &spec);
    EXPECT_TRUE(numbers.insert(spec.number).second) << spec.number;
  }
  for (uint32_t candidate = 0; candidate <= UINT16_MAX; ++candidate) {
    const auto wanted = static_cast<uint16_t>(candidate);
    if (numbers.count(wanted) == 0) {
      EXPECT_EQ(command_by_number(wanted), nullptr);
    }
  }
}

TEST(CommandTable, ClassesAgreeWithFlags) {
  for (const CommandSpec& spec : all_commands()) {
    const bool writes = (spec.flags & flag_write) != 0, reads = (spec.flags & flag_readonly) != 0;
    EXPECT_FALSE(writes && reads) << spec.name;
    if (spec.kind == CommandClass::read) {
      EXPECT_TRUE(reads) << spec.name;
    }
    if (writes && spec.kind != CommandClass::internal) {
      EXPECT_TRUE(spec.kind == CommandClass::write || spec.kind == CommandClass::blocking)
          << spec.name;
    }
    EXPECT_EQ(spec.kind == CommandClass::blocking, (spec.flags & flag_blocking) != 0) << spec.name;
    EXPECT_EQ(spec.first_key == 0, spec.key_step == 0) << spec.name;
    EXPECT_FALSE(spec.summary.empty()) << spec.name;
    EXPECT_NE(spec.arity, 0) << spec.name;
  }
}

TEST(CommandTable, ArityCountsTheName) {
  EXPECT_TRUE(arity_fits(*find_command("get"), 2));
  EXPECT_FALSE(arity_fits(*find_command("get"), 1));
  EXPECT_FALSE(arity_fits(*find_command("get"), 3));
  EXPECT_TRUE(arity_fits(*find_command("set"), 3));
  EXPECT_TRUE(arity_fits(*find_command("set"), 9));
  EXPECT_FALSE(arity_fits(*find_command("set"), 2));
}

TEST(CommandTable, AgreesWithRedis) {
  if (!RedisServer::installed()) GTEST_SKIP() << "redis-server is not installed";
  const auto server = RedisServer::start();
  ASSERT_NE(server, nullptr);
  const auto redis = server->connect();
  ASSERT_NE(redis, nullptr);
  const std::map<std::string, uint32_t> flags_of_words = {
      {"write", flag_write},       {"readonly", flag_readonly}, {"denyoom", flag_denyoom},
      {"fast", flag_fast},         {"blocking", flag_blocking}, {"pubsub", flag_pubsub},
      {"noscript", flag_noscript}, {"loading", flag_loading},   {"stale", flag_stale},
      {"no_auth", flag_no_auth},   {"no_multi", flag_no_multi}, {"admin", flag_admin}};
  for (const CommandSpec& spec : all_commands()) {
    if (spec.kind == CommandClass::internal || spec.group == "coterie") continue;
    const ReplyValue reply =
        ReplyValue::parse(redis->ask({"COMMAND", "INFO", std::string(spec.name)}));
    ASSERT_EQ(reply.elements.size(), 1u);
    const std::vector<ReplyValue>& row = reply.elements[0].elements;
    ASSERT_GE(row.size(), 6u) << spec.name << " is unknown to Redis";
    uint32_t flags = 0;
    for (const ReplyValue& word : row[2].elements) {
      const auto flag = flags_of_words.find(word.text);
      if (flag != flags_of_words.end()) flags |= flag->second;
    }
    EXPECT_EQ(row[0].text, spec.name);
    EXPECT_EQ(row[1].text, std::to_string(spec.arity)) << spec.name;
    EXPECT_EQ(flags, spec.flags) << spec.name;
    EXPECT_EQ(row[3].text, std::to_string(spec.first_key)) << spec.name;
    EXPECT_EQ(row[4].text, std::to_string(spec.last_key)) << spec.name;
    EXPECT_EQ(row[5].text, std::to_string(spec.key_step)) << spec.name;
  }
}

}  // namespace
}  // namespace coterie::state
