// What Redis has no counterpart for, and every error text of the data commands, said out loud. That
// all else answers as Redis does is checked against a real one in redis_replies_test.cc.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "coterie/store/state/command_runner.h"

namespace coterie::state {
namespace {

using Words = CommandRunner::Words;

const std::string wrong_type = "-WRONGTYPE Operation against a key holding the wrong kind of value";

TEST(SetIfEqual, SetsOnlyOverTheExpectedValue) {
  CommandRunner r;
  EXPECT_EQ(r.ask({"SET", "k", "new", "IFEQ", "old"}), "_");
  EXPECT_EQ(r.ask({"EXISTS", "k"}), ":0");
  r.ask({"SET", "k", "old"});
  EXPECT_EQ(r.ask({"SET", "k", "new", "IFEQ", "other"}), "_");
  EXPECT_EQ(r.ask({"GET", "k"}), "$old");
  EXPECT_EQ(r.ask({"SET", "k", "new", "ifeq", "old"}), "+OK");
  EXPECT_EQ(r.ask({"GET", "k"}), "$new");
}

TEST(SetIfEqual, WithGetAnswersTheOldValueEitherWay) {
  CommandRunner r;
  EXPECT_EQ(r.ask({"SET", "k", "new", "IFEQ", "old", "GET"}), "_");
  r.ask({"SET", "k", "old"});
  EXPECT_EQ(r.ask({"SET", "k", "new", "IFEQ", "other", "GET"}), "$old");
  EXPECT_EQ(r.ask({"SET", "k", "new", "GET", "IFEQ", "old"}), "$old");
  EXPECT_EQ(r.ask({"GET", "k"}), "$new");
}

TEST(SetIfEqual, ComparesBytesAndNotNumbers) {
  CommandRunner r;
  r.ask({"SET", "k", "10"});
  EXPECT_EQ(r.ask({"SET", "k", "v", "IFEQ", "010"}), "_");
  EXPECT_EQ(r.ask({"SET", "k", "", "IFEQ", "10"}), "+OK");
  EXPECT_EQ(r.ask({"SET", "k", "v", "IFEQ", ""}), "+OK");
}

TEST(SetIfEqual, TheExpectedValueMayLookLikeAnOption) {
  CommandRunner r;
  r.ask({"SET", "k", "NX"});
  EXPECT_EQ(r.ask({"SET", "k", "v", "IFEQ", "NX"}), "+OK");
}

TEST(SetIfEqual, RefusesWhatContradicts) {
  CommandRunner r;
  r.ask({"SET", "k", "old"});
  r.ask({"LPUSH", "list", "a"});
  for (const Words& options :
       std::vector<Words>{{"IFEQ"}, {"IFEQ", "old", "NX"}, {"XX", "IFEQ", "old"}}) {
    Words words = {"SET", "k", "v"};
    words.insert(words.end(), options.begin(), options.end());
    EXPECT_EQ(r.ask(words), "-ERR syntax error");
  }
  EXPECT_EQ(r.ask({"SET", "list", "v", "IFEQ", "a"}), wrong_type);
  EXPECT_EQ(r.ask({"LLEN", "list"}), ":1");
}

TEST(SetIfEqual, KeepsOrSetsTheDeadlineAsAsked) {
  CommandRunner r;
  r.ask({"SET", "k", "a", "PX", "5000"});
  EXPECT_EQ(r.ask({"SET", "k", "b", "IFEQ", "a", "KEEPTTL"}), "+OK");
  EXPECT_EQ(r.ask({"PTTL", "k"}), ":5000");
  EXPECT_EQ(r.ask({"SET", "k", "c", "IFEQ", "b", "PX", "7000"}), "+OK");
  EXPECT_EQ(r.ask({"PTTL", "k"}), ":7000");
  EXPECT_EQ(r.ask({"SET", "k", "d", "IFEQ", "c"}), "+OK");
  EXPECT_EQ(r.ask({"PTTL", "k"}), ":-1");
}

TEST(SetToken, AnswersTheRevisionWhichRises) {
  CommandRunner r;
  r.ask({"SET", "other", "v"});
  const uint64_t before = r.revision.value;
  EXPECT_EQ(r.ask({"SET", "lock", "me", "NX", "PX", "100", "TOKEN"}),
            ":" + std::to_string(before + 1));
  EXPECT_EQ(r.ask({"SET", "lock", "you", "NX", "PX", "100", "TOKEN"}), "_");
  EXPECT_EQ(r.revision.value, before + 1);
  r.now_ms += 100;  // the holder's time is over: the next one's token is higher
  EXPECT_EQ(r.ask({"SET", "lock", "you", "TOKEN", "NX", "PX", "100"}),
            ":" + std::to_string(before + 2));
  EXPECT_EQ(r.ask({"SET", "lock", "me", "IFEQ", "me", "TOKEN"}), "_");
  EXPECT_EQ(r.ask({"SET", "lock", "me", "IFEQ", "you", "TOKEN"}), ":" + std::to_string(before + 3));
  EXPECT_EQ(r.ask({"SET", "lock", "me", "TOKEN", "GET"}), "-ERR syntax error");
  EXPECT_EQ(r.ask({"SET", "lock", "me", "GET", "TOKEN"}), "-ERR syntax error");
}

TEST(DelIfEq, DeletesOnlyTheExpectedValue) {
  CommandRunner r;
  EXPECT_EQ(r.ask({"DELIFEQ", "k", "v"}), ":0");
  r.ask({"SET", "k", "v"});
  EXPECT_EQ(r.ask({"DELIFEQ", "k", "w"}), ":0");
  EXPECT_EQ(r.ask({"EXISTS", "k"}), ":1");
  EXPECT_EQ(r.ask({"DELIFEQ", "k", "v"}), ":1");
  EXPECT_EQ(r.ask({"EXISTS", "k"}), ":0");
  r.ask({"SADD", "set", "v"});
  EXPECT_EQ(r.ask({"DELIFEQ", "set", "v"}), wrong_type);
  EXPECT_EQ(r.ask({"EXISTS", "set"}), ":1");
}

TEST(Revisions, ACommandThatChangesNothingTakesNone) {
  CommandRunner r;
  for (const Words& words : std::vector<Words>{
           {"SET", "s", "v"}, {"RPUSH", "l", "a"}, {"HSET", "h", "f", "v"}, {"SADD", "m", "x"}}) {
    r.ask(words);
  }
  const uint64_t before = r.revision.value;
  EXPECT_EQ(before, 4u);
  const std::vector<Words> changeless = {{"SET", "s", "w", "NX"},
                                         {"SET", "none", "w", "XX"},
                                         {"SETNX", "s", "w"},
                                         {"DEL", "none"},
                                         {"EXPIRE", "none", "10"},
                                         {"EXPIRE", "s", "10", "XX"},
                                         {"PERSIST", "s"},
                                         {"DELIFEQ", "s", "w"},
                                         {"RENAME", "s", "s"},
                                         {"RENAMENX", "s", "l"},
                                         {"LPUSHX", "none", "a"},
                                         {"LPOP", "none"},
                                         {"LPOP", "l", "0"},
                                         {"LREM", "l", "0", "zz"},
                                         {"LTRIM", "none", "0", "0"},
                                         {"HDEL", "h", "g"},
                                         {"HSETNX", "h", "f", "w"},
                                         {"SADD", "m", "x"},
                                         {"SREM", "m", "y"},
                                         {"GETDEL", "none"},
                                         {"INCR", "l"},
                                         {"HINCRBY", "h", "f", "1"},
                                         {"LSET", "l", "5", "a"},
                                         {"BLPOP", "none", "0"},
                                         {"PUBLISH", "channel", "m"},
                                         {"SADD", "s", "x"},
                                         {"HSET", "s", "f", "v"}};
  for (const Words& words : changeless) {
    r.ask(words);
    EXPECT_EQ(r.revision.value, before) << words[0] << " " << words[1];
  }
}

TEST(Revisions, EveryKeyOfAChangeGetsTheSame) {
  CommandRunner r;
  r.ask({"MSET", "a", "1", "b", "2"});
  EXPECT_EQ(r.revision.value, 1u);
  EXPECT_EQ(r.keyspace.revision(0, KeyPlace("a"), r.now_ms).value, 1u);
  EXPECT_EQ(r.keyspace.revision(0, KeyPlace("b"), r.now_ms).value, 1u);
}

TEST(Errors, OfStringsAndCounters) {
  CommandRunner r;
  r.ask({"SET", "text", "abc"});
  r.ask({"SET", "most", "9223372036854775807"});
  r.ask({"SET", "least", "-9223372036854775808"});
  r.ask({"RPUSH", "list", "a"});
  const std::string no_integer = "-ERR value is not an integer or out of range";
  EXPECT_EQ(r.ask({"INCR", "text"}), no_integer);
  EXPECT_EQ(r.ask({"INCRBY", "text", "x"}), no_integer);
  EXPECT_EQ(r.ask({"INCR", "most"}), "-ERR increment or decrement would overflow");
  EXPECT_EQ(r.ask({"DECR", "least"}), "-ERR increment or decrement would overflow");
  EXPECT_EQ(r.ask({"DECRBY", "text", "-9223372036854775808"}), "-ERR decrement would overflow");
  EXPECT_EQ(r.ask({"SET", "k", "v", "EX", "0"}), "-ERR invalid expire time in 'set' command");
  EXPECT_EQ(r.ask({"SET", "k", "v", "EX", "9223372036854775807"}),
            "-ERR invalid expire time in 'set' command");
  EXPECT_EQ(r.ask({"SET", "k", "v", "PX", "9223372036854775807"}),
            "-ERR invalid expire time in 'set' command");
  EXPECT_EQ(r.ask({"SETEX", "k", "-1", "v"}), "-ERR invalid expire time in 'setex' command");
  EXPECT_EQ(r.ask({"PSETEX", "k", "0", "v"}), "-ERR invalid expire time in 'psetex' command");
  EXPECT_EQ(r.ask({"SET", "k", "v", "EX", "ten"}), no_integer);
  EXPECT_EQ(r.ask({"SET", "k", "v", "NX", "XX"}), "-ERR syntax error");
  EXPECT_EQ(r.ask({"MSET", "a", "1", "b"}), "-ERR wrong number of arguments for 'mset' command");
  for (const Words& words : std::vector<Words>{{"GET", "list"},
                                               {"GETSET", "list", "v"},
                                               {"GETDEL", "list"},
                                               {"INCR", "list"},
                                               {"APPEND", "list", "v"},
                                               {"STRLEN", "list"},
                                               {"SET", "list", "v", "GET"}}) {
    EXPECT_EQ(r.ask(words), wrong_type) << words[0];
  }
  EXPECT_EQ(r.ask({"DBSIZE"}), ":4");
}

TEST(Errors, OfKeysAndDeadlines) {
  CommandRunner r;
  r.ask({"SET", "k", "v"});
  EXPECT_EQ(r.ask({"RENAME", "none", "k"}), "-ERR no such key");
  EXPECT_EQ(r.ask({"RENAMENX", "none", "k"}), "-ERR no such key");
  EXPECT_EQ(r.ask({"SCAN", "x"}), "-ERR invalid cursor");
  EXPECT_EQ(r.ask({"SCAN", "0", "COUNT", "0"}), "-ERR syntax error");
  EXPECT_EQ(r.ask({"SCAN", "0", "COUNT", "x"}), "-ERR value is not an integer or out of range");
  EXPECT_EQ(r.ask({"SCAN", "0", "MATCH"}), "-ERR syntax error");
  EXPECT_EQ(r.ask({"SCAN", "0", "LIMIT", "1"}), "-ERR syntax error");
  EXPECT_EQ(r.ask({"FLUSHALL", "NOW"}), "-ERR syntax error");
  EXPECT_EQ(r.ask({"FLUSHDB", "SYNC", "SYNC"}), "-ERR syntax error");
  EXPECT_EQ(r.ask({"EXPIRE", "k", "soon"}), "-ERR value is not an integer or out of range");
  EXPECT_EQ(r.ask({"EXPIRE", "k", "9223372036854775807"}),
            "-ERR invalid expire time in 'expire' command");
  EXPECT_EQ(r.ask({"PEXPIRE", "k", "9223372036854775807"}),
            "-ERR invalid expire time in 'pexpire' command");
  EXPECT_EQ(r.ask({"EXPIREAT", "k", "-9223372036854775808"}),
            "-ERR invalid expire time in 'expireat' command");
  EXPECT_EQ(r.ask({"EXPIRE", "k", "1", "YY"}), "-ERR Unsupported option YY");
  EXPECT_EQ(r.ask({"EXPIRE", "k", "1", "NX", "GT"}),
            "-ERR NX and XX, GT or LT options at the same time are not compatible");
  EXPECT_EQ(r.ask({"EXPIRE", "k", "1", "GT", "LT"}),
            "-ERR GT and LT options at the same time are not compatible");
  EXPECT_EQ(r.ask({"TTL", "k"}), ":-1");
}

TEST(Errors, OfListsHashesAndSets) {
  CommandRunner r;
  r.ask({"RPUSH", "list", "a"});
  r.ask({"HSET", "hash", "f", "text", "most", "9223372036854775807"});
  r.ask({"SADD", "set", "m"});
  EXPECT_EQ(r.ask({"LSET", "list", "1", "v"}), "-ERR index out of range");
  EXPECT_EQ(r.ask({"LSET", "none", "0", "v"}), "-ERR no such key");
  EXPECT_EQ(r.ask({"LPOP", "list", "-1"}), "-ERR value is out of range, must be positive");
  EXPECT_EQ(r.ask({"LPOP", "list", "1", "2"}), "-ERR wrong number of arguments for 'lpop' command");
  EXPECT_EQ(r.ask({"LRANGE", "list", "a", "0"}), "-ERR value is not an integer or out of range");
  EXPECT_EQ(r.ask({"HSET", "hash", "f", "v", "g"}),
            "-ERR wrong number of arguments for 'hset' command");
  EXPECT_EQ(r.ask({"HINCRBY", "hash", "f", "1"}), "-ERR hash value is not an integer");
  EXPECT_EQ(r.ask({"HINCRBY", "hash", "most", "1"}), "-ERR increment or decrement would overflow");
  EXPECT_EQ(r.ask({"BLPOP", "list", "x"}), "-ERR timeout is not a float or out of range");
  EXPECT_EQ(r.ask({"BLPOP", "list", "-1"}), "-ERR timeout is negative");
  EXPECT_EQ(r.ask({"BLPOP", "list", "1e300"}), "-ERR timeout is out of range");
  EXPECT_EQ(r.ask({"BLPOP", "list", "9223372036854775"}), "-ERR timeout is out of range");
  const std::vector<Words> of_lists = {
      {"LPUSH", "k", "v"},      {"RPUSHX", "k", "v"},    {"LPOP", "k"},
      {"RPOP", "k", "2"},       {"LLEN", "k"},           {"LRANGE", "k", "0", "1"},
      {"LINDEX", "k", "0"},     {"LSET", "k", "0", "v"}, {"LREM", "k", "0", "v"},
      {"LTRIM", "k", "0", "0"}, {"BLPOP", "k", "0"}};
  const std::vector<Words> of_hashes = {{"HSET", "k", "f", "v"},
                                        {"HSETNX", "k", "f", "v"},
                                        {"HMSET", "k", "f", "v"},
                                        {"HGET", "k", "f"},
                                        {"HMGET", "k", "f"},
                                        {"HDEL", "k", "f"},
                                        {"HGETALL", "k"},
                                        {"HEXISTS", "k", "f"},
                                        {"HLEN", "k"},
                                        {"HKEYS", "k"},
                                        {"HVALS", "k"},
                                        {"HINCRBY", "k", "f", "1"}};
  const std::vector<Words> of_sets = {{"SADD", "k", "m"},      {"SREM", "k", "m"},
                                      {"SISMEMBER", "k", "m"}, {"SMISMEMBER", "k", "m"},
                                      {"SMEMBERS", "k"},       {"SCARD", "k"}};
  const auto all_refuse = [&](const std::vector<Words>& commands, const std::string& key) {
    for (Words words : commands) {
      words[1] = key;
      EXPECT_EQ(r.ask(words), wrong_type) << words[0];
    }
  };
  all_refuse(of_lists, "hash");
  all_refuse(of_hashes, "set");
  all_refuse(of_sets, "list");
  EXPECT_EQ(r.revision.value, 3u);
}

TEST(Blocking, WaitsForItsKeysUntilItsDeadline) {
  CommandRunner r;
  EXPECT_EQ(r.run({"BLPOP", "a", "b", "1.5"}), "");
  EXPECT_TRUE(r.waits);
  EXPECT_EQ(r.wait_keys, (Words{"a", "b"}));
  EXPECT_EQ(r.wait_deadline_ms, r.now_ms + 1500);
  EXPECT_EQ(r.run({"BRPOP", "a", "0"}), "");
  EXPECT_EQ(r.wait_deadline_ms, no_deadline);
  EXPECT_EQ(r.revision.value, 0u);
}

TEST(Blocking, WithoutLeaveToWaitAnswersANullArray) {
  CommandRunner r;
  r.may_block = false;
  EXPECT_EQ(r.run({"BLPOP", "a", "0"}), "*-1\r\n");
  EXPECT_FALSE(r.waits);
}

TEST(Blocking, TakesFromTheFirstKeyThatHasSomething) {
  CommandRunner r;
  r.ask({"RPUSH", "b", "1", "2", "3"});
  r.ask({"RPUSH", "c", "4"});
  EXPECT_EQ(r.ask({"BLPOP", "a", "b", "c", "0"}), "*[$b $1 ]");
  EXPECT_EQ(r.ask({"BRPOP", "a", "b", "c", "0"}), "*[$b $3 ]");
  EXPECT_FALSE(r.waits);
}

TEST(Blocking, IsServedFromTheKeyThatWasPushedToAlone) {
  CommandRunner r;
  r.ask({"RPUSH", "a", "1"});
  r.ask({"RPUSH", "b", "2"});
  EXPECT_EQ(ReplyValue::parse(r.run({"BLPOP", "a", "b", "0"}, "b")).shown(), "*[$b $2 ]");
  EXPECT_EQ(r.ask({"LLEN", "a"}), ":1");
}

TEST(Blocking, WaitsOnWhenTheKeyIsGoneOrNoListAnyMore) {
  CommandRunner r;
  const std::string nothing = "*-1\r\n";  // dropped by whoever serves
  EXPECT_EQ(r.run({"BLPOP", "a", "0"}, "a"), nothing);
  r.ask({"SET", "a", "v"});
  EXPECT_EQ(r.run({"BLPOP", "a", "0"}, "a"), nothing);
  EXPECT_EQ(r.ask({"GET", "a"}), "$v");
}

TEST(Blocking, ATimeoutThatWasGoodStaysGoodWhileItWaits) {
  CommandRunner r;
  const std::string longest = "9221000000000000";
  EXPECT_EQ(r.run({"BLPOP", "a", longest}), "");
  r.now_ms += 1'000'000'000'000;  // now + timeout would overflow by now
  r.ask({"RPUSH", "a", "1"});
  EXPECT_EQ(ReplyValue::parse(r.run({"BLPOP", "a", longest}, "a")).shown(), "*[$a $1 ]");
}

TEST(Blocking, WhateverMakesAListTellsTheWaiters) {
  CommandRunner r;
  const auto told = [&](const Words& words) {
    r.pushed.clear();
    r.ask(words);
    std::string keys;
    for (const auto& [db, key] : r.pushed) keys += key.text();
    return keys;
  };
  EXPECT_EQ(told({"LPUSH", "a", "1"}), "a");
  EXPECT_EQ(told({"RPUSH", "a", "1"}), "a");
  EXPECT_EQ(told({"RENAME", "a", "b"}), "b");
  EXPECT_EQ(told({"RENAMENX", "b", "c"}), "c");
  EXPECT_EQ(told({"LPUSHX", "none", "1"}), "");
  EXPECT_EQ(told({"SET", "s", "v"}), "");
  EXPECT_EQ(told({"RENAME", "s", "t"}), "");
  EXPECT_EQ(told({"LPUSH", "t", "1"}), "");
}

TEST(Deadlines, AreInLogTime) {
  CommandRunner r;
  r.ask({"SET", "k", "v", "PX", "1000"});
  r.now_ms += 999;
  EXPECT_EQ(r.ask({"PTTL", "k"}), ":1");
  EXPECT_EQ(r.ask({"TTL", "k"}), ":0");
  r.now_ms += 1;  // expired means deadline <= now
  for (const Words& words :
       std::vector<Words>{{"GET", "k"}, {"SET", "k", "w", "XX"}, {"GETDEL", "k"}}) {
    EXPECT_EQ(r.ask(words), "_");
  }
  for (const Words& words : std::vector<Words>{
           {"EXISTS", "k"}, {"DEL", "k"}, {"PERSIST", "k"}, {"EXPIRE", "k", "1"}, {"DBSIZE"}}) {
    EXPECT_EQ(r.ask(words), ":0") << words[0];
  }
  EXPECT_EQ(r.ask({"KEYS", "*"}), "*[]");
  EXPECT_EQ(r.ask({"RANDOMKEY"}), "_");
  EXPECT_EQ(r.ask({"PTTL", "k"}), ":-2");
  EXPECT_EQ(r.ask({"INCR", "k"}), ":1");
  EXPECT_EQ(r.ask({"PTTL", "k"}), ":-1");
}

TEST(Deadlines, TheLatestOneIsStillOne) {
  CommandRunner r;
  r.ask({"SET", "k", "v"});
  EXPECT_EQ(r.ask({"PEXPIREAT", "k", "9223372036854775807"}), ":1");
  EXPECT_EQ(r.ask({"PEXPIRETIME", "k"}), ":9223372036854775806");
  EXPECT_EQ(r.ask({"EXPIRETIME", "k"}), ":9223372036854776");
}

TEST(Scan, GoesOnFromItsCursorWhateverIsAddedMeanwhile) {
  CommandRunner r;
  for (int i = 0; i < 500; ++i) r.ask({"SET", "old" + std::to_string(i), "v"});
  std::set<std::string> found;
  std::string cursor = "0";
  int calls = 0, added = 0;
  do {
    const ReplyValue reply = ReplyValue::parse(r.run({"SCAN", cursor, "COUNT", "20"}));
    cursor = reply.elements.at(0).text;
    for (const ReplyValue& key : reply.elements.at(1).elements) found.insert(key.text);
    r.ask({"SET", "new" + std::to_string(++added), "v"});
    ASSERT_LT(++calls, 1000);
  } while (cursor != "0");
  EXPECT_GT(calls, 20);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(found.count("old" + std::to_string(i)), 1u) << i;
}

TEST(Scan, OneCallLooksAtABoundedNumberOfKeys) {
  CommandRunner r;
  for (int i = 0; i < 12'000; ++i) r.ask({"SET", "{one slot}" + std::to_string(i), "v"});
  uint64_t most = 0, all = 0;
  std::string cursor = "0";
  do {
    const ReplyValue reply = ReplyValue::parse(r.run({"SCAN", cursor, "COUNT", "1000000000"}));
    cursor = reply.elements.at(0).text;
    most = std::max<uint64_t>(most, reply.elements.at(1).elements.size());
    all += reply.elements.at(1).elements.size();
  } while (cursor != "0");
  EXPECT_EQ(all, 12'000u);
  EXPECT_EQ(most, 10'000u);
}

TEST(RandomKey, IsTheSameForEqualKeyspacesAndTimes) {
  CommandRunner a, b;
  std::set<std::string> picked;
  for (int i = 0; i < 50; ++i) a.ask({"SET", "key" + std::to_string(i), "v"});
  for (int i = 49; i >= 0; --i) b.ask({"SET", "key" + std::to_string(i), "v"});
  for (int i = 0; i < 200; ++i) {
    a.now_ms = b.now_ms = 1'000 + i;
    const std::string key = a.ask({"RANDOMKEY"});
    EXPECT_EQ(b.ask({"RANDOMKEY"}), key);
    picked.insert(key);
  }
  EXPECT_GT(picked.size(), 30u);
}

TEST(Publish, IsHandedOutAndAnswersNoCount) {
  CommandRunner r;
  EXPECT_EQ(r.ask({"PUBLISH", "channel", "message"}), ":0");
  ASSERT_EQ(r.published.size(), 1u);
  EXPECT_EQ(r.published[0].channel.view(), "channel");
  EXPECT_EQ(r.published[0].message.view(), "message");
}

TEST(Handlers, EveryDataCommandOfTheTableHasOne) {
  for (const CommandSpec& spec : all_commands()) {
    const bool core = spec.number == number::once || spec.number == number::fence;
    const bool data = spec.kind == CommandClass::read || spec.kind == CommandClass::write ||
                      spec.kind == CommandClass::blocking;
    EXPECT_EQ(handler_for(spec.number) != nullptr, data && !core) << spec.name;
  }
  EXPECT_EQ(handler_for(UINT16_MAX), nullptr);
}

// The string at the bound is made from untouched pages: only its copy in the keyspace costs memory.
TEST(Limits, AStringGrowsToItsBoundAndNoFurther) {
  CommandRunner r;
  constexpr size_t most = Limits::value_bytes_max;
  void* zeroes = ::mmap(nullptr, most, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(zeroes, MAP_FAILED);
  r.keyspace.put(0, KeyPlace("k"), Value(std::string_view(static_cast<const char*>(zeroes), most)),
                 Revision(1), no_deadline);
  EXPECT_EQ(r.ask({"APPEND", "k", "y"}),
            "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  EXPECT_EQ(r.ask({"APPEND", "k", ""}), ":" + std::to_string(most));
  EXPECT_EQ(r.ask({"STRLEN", "k"}), ":" + std::to_string(most));
  ::munmap(zeroes, most);
}

}  // namespace
}  // namespace coterie::state
