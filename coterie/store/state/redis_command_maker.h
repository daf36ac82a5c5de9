// For tests only: commands for the differential test. Few keys and few values, so that types clash,
// fields repeat and lists run empty; options at random, right and wrong.
#pragma once

#include <string>
#include <vector>

#include "coterie/base/random.h"

namespace coterie::state {

class RedisCommandMaker {
 public:
  using Words = std::vector<std::string>;

  explicit RedisCommandMaker(uint64_t seed) : random_(seed) {}

  // Appends one command, or a few that belong together.
  void add(std::vector<Words>& commands) {
    switch (random_.below(6)) {
      case 0:
        return add_string_command(commands);
      case 1:
        return add_key_command(commands);
      case 2:
        return add_list_command(commands);
      case 3:
        return add_blocking_command(commands);
      case 4:
        return add_hash_command(commands);
      default:
        return add_set_command(commands);
    }
  }

 private:
  std::string one_of(const std::vector<std::string>& choices) {
    return choices[random_.below(choices.size())];
  }
  std::string key() { return one_of({"a", "b", "c", "d", "e", "f"}); }
  std::string value() {
    return one_of({"", "x", "y", "hello", "1", "2", "10", "-7", "007", "3.5", "9223372036854775806",
                   "-9223372036854775807", "a longer value that is not kept in place",
                   "line\r\nbreak"});
  }
  std::string member() { return one_of({"m1", "m2", "m3", "m4", "5", ""}); }
  std::string small_number() {
    return one_of({"0", "1", "2", "3", "-1", "-2", "-3", "100", "-100", "x", "1.5"});
  }
  // Seconds that hardly ever come twice: deadlines that are alike would depend on the milliseconds
  // that pass in Redis.
  std::string seconds() {
    if (random_.chance(0.1))
      return one_of({"0", "-1", "x", "9223372036854775807", "-9223372036854775808"});
    return std::to_string(random_.between(100, 100'000) * 100);
  }
  std::string milliseconds() {
    const std::string text = seconds();
    return text.size() < 12 && text[0] != '-' && text != "0" && text != "x" ? text + "000" : text;
  }

  Words many(std::string name, std::string first, std::string (RedisCommandMaker::*make)()) {
    Words words = {std::move(name), std::move(first)};
    for (uint64_t n = 1 + random_.below(4); n > 0; --n) words.push_back((this->*make)());
    return words;
  }
  Words pairs(std::string name, std::string first) {
    Words words = {std::move(name), std::move(first)};
    for (uint64_t n = 1 + random_.below(3); n > 0; --n) {
      words.push_back(member());
      words.push_back(value());
    }
    if (random_.chance(0.1)) words.push_back("odd");
    return words;
  }

  Words set_command() {
    Words words = {"SET", key(), value()};
    for (uint64_t n = random_.below(4); n > 0; --n) {
      const std::string option =
          one_of({"NX", "XX", "GET", "get", "KEEPTTL", "EX", "PX", "nonsense", "EXAT", "PXAT"});
      words.push_back(option);
      if (option == "EX") words.push_back(seconds());
      if (option == "PX") words.push_back(milliseconds());
      if (option == "EXAT") words.push_back(one_of({"9000000000", "1", "0", "-1", "x"}));
      if (option == "PXAT") words.push_back(one_of({"9000000000000", "1", "0", "-1", "x"}));
    }
    return words;
  }

  void add_string_command(std::vector<Words>& commands) {
    switch (random_.below(14)) {
      case 0:
      case 1:
      case 2:
        return commands.push_back(set_command());
      case 3:
        return commands.push_back({"GET", key()});
      case 4:
        return commands.push_back({one_of({"INCR", "DECR"}), key()});
      case 5:
        return commands.push_back({one_of({"INCRBY", "DECRBY"}), key(), value()});
      case 6:
        return commands.push_back({"APPEND", key(), value()});
      case 7:
        return commands.push_back({"STRLEN", key()});
      case 8:
        return commands.push_back(many("MGET", key(), &RedisCommandMaker::key));
      case 9:
        return commands.push_back(random_.chance(0.8)
                                      ? Words{"MSET", key(), value(), key(), value()}
                                      : Words{"MSET", key(), value(), key()});
      case 10:
        return commands.push_back({one_of({"SETNX", "GETSET"}), key(), value()});
      case 11:
        return commands.push_back({"GETDEL", key()});
      case 12:
        return commands.push_back({"SETEX", key(), seconds(), value()});
      default:
        return commands.push_back({"PSETEX", key(), milliseconds(), value()});
    }
  }

  Words expire_command() {
    Words words;
    switch (random_.below(4)) {
      case 0:
        words = {"EXPIRE", key(), seconds()};
        break;
      case 1:
        words = {"PEXPIRE", key(), milliseconds()};
        break;
      case 2:
        words = {"EXPIREAT", key(),
                 one_of({"9000000000", "9000000001", "1", "-5", "x", "9223372036854775807"})};
        break;
      default:
        words = {"PEXPIREAT", key(), one_of({"9000000000000", "9000000000500", "1", "-5", "x"})};
    }
    for (uint64_t n = random_.below(3); n > 0; --n)
      words.push_back(one_of({"NX", "XX", "GT", "LT", "gt", "QQ"}));
    return words;
  }

  void add_key_command(std::vector<Words>& commands) {
    switch (random_.below(11)) {
      case 0:
        return commands.push_back(many(one_of({"DEL", "UNLINK"}), key(), &RedisCommandMaker::key));
      case 1:
        return commands.push_back(many("EXISTS", key(), &RedisCommandMaker::key));
      case 2:
        return commands.push_back({"TYPE", key()});
      case 3:
      case 4:
      case 5:
        return commands.push_back(expire_command());
      case 6:
      case 7:
        return commands.push_back({one_of({"TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"}), key()});
      case 8:
        return commands.push_back({"PERSIST", key()});
      case 9:
        return commands.push_back({one_of({"RENAME", "RENAMENX"}), key(), key()});
      default:
        return commands.push_back(random_.chance(0.3) ? Words{"RANDOMKEY"}
                                                      : Words{"KEYS", one_of({"*", "[a-c]", "?"})});
    }
  }

  void add_list_command(std::vector<Words>& commands) {
    switch (random_.below(10)) {
      case 0:
      case 1:
      case 2:
        return commands.push_back(
            many(one_of({"LPUSH", "RPUSH"}), key(), &RedisCommandMaker::value));
      case 3:
        return commands.push_back(
            many(one_of({"LPUSHX", "RPUSHX"}), key(), &RedisCommandMaker::value));
      case 4:
        return commands.push_back({one_of({"LPOP", "RPOP"}), key()});
      case 5:
        return commands.push_back({one_of({"LPOP", "RPOP"}), key(), small_number()});
      case 6:
        return commands.push_back(random_.chance(0.3) ? Words{"LLEN", key()}
                                                      : Words{"LINDEX", key(), small_number()});
      case 7:
        return commands.push_back(
            {one_of({"LRANGE", "LTRIM"}), key(), small_number(), small_number()});
      case 8:
        return commands.push_back({"LSET", key(), small_number(), value()});
      default:
        return commands.push_back({"LREM", key(), small_number(), value()});
    }
  }

  // It never waits: the last of its keys is a list that has been given an element.
  void add_blocking_command(std::vector<Words>& commands) {
    if (random_.chance(0.7)) return add_list_command(commands);
    commands.push_back({"RPUSH", "always", value()});
    commands.push_back(
        {one_of({"BLPOP", "BRPOP"}), key(), key(), "always", one_of({"0", "1", "0.5", "-1", "x"})});
  }

  void add_hash_command(std::vector<Words>& commands) {
    switch (random_.below(10)) {
      case 0:
      case 1:
      case 2:
        return commands.push_back(pairs(one_of({"HSET", "HMSET"}), key()));
      case 3:
        return commands.push_back({one_of({"HGET", "HEXISTS"}), key(), member()});
      case 4:
        return commands.push_back(many("HMGET", key(), &RedisCommandMaker::member));
      case 5:
        return commands.push_back(many("HDEL", key(), &RedisCommandMaker::member));
      case 6:
        return commands.push_back({"HGETALL", key()});
      case 7:
        return commands.push_back({one_of({"HLEN", "HKEYS", "HVALS"}), key()});
      case 8:
        return commands.push_back({"HINCRBY", key(), member(), value()});
      default:
        return commands.push_back({"HSETNX", key(), member(), value()});
    }
  }

  void add_set_command(std::vector<Words>& commands) {
    switch (random_.below(6)) {
      case 0:
      case 1:
        return commands.push_back(many("SADD", key(), &RedisCommandMaker::member));
      case 2:
        return commands.push_back(many("SREM", key(), &RedisCommandMaker::member));
      case 3:
        return commands.push_back({"SISMEMBER", key(), member()});
      case 4:
        return commands.push_back(many("SMISMEMBER", key(), &RedisCommandMaker::member));
      default:
        return commands.push_back({one_of({"SMEMBERS", "SCARD"}), key()});
    }
  }

  Random random_;
};

}  // namespace coterie::state
