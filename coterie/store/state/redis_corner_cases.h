// For tests only: where implementations of Redis' commands are known to go wrong. A command a line;
// '' is an empty word, \s a space within one, \r \n \0 \xff the bytes that they name.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::state {

inline constexpr std::string_view redis_corner_case_lines = R"(
FLUSHALL ASYNC
FLUSHALL sync
FLUSHALL x
FLUSHDB
FLUSHDB ASYNC SYNC
# Options that follow one another, and those that come twice.
SET k v EX 100 EX 200
TTL k
SET k v NX NX
SET k v XX XX
SET k w KEEPTTL KEEPTTL
TTL k
SET k w KEEPTTL EX 5
SET k w EX 100 PX 5000
SET k w EX
SET k w EX NX
SET k w PERSIST
SET k w GET GET
SET k w NX GET
SET n w NX GET
SET n2 w XX GET
SET k w get xx px 100000
PTTL k
SET k w
TTL k
# Sets into the past: the key is gone at once.
SET k v EXAT 1
GET k
EXISTS k
SET k v
PEXPIREAT k 1
GET k
SET k v
EXPIRE k 0
EXISTS k
SET k v
EXPIRE k -1
EXISTS k
EXPIRE k 10
EXPIRE k x
EXPIRE none 9223372036854775807
PEXPIRE none 9223372036854775807
EXPIRE none 9223372036854775
EXPIRE none -9223372036854775808
PEXPIRE none -9223372036854775808
EXPIRE none 9223372036854775808
# Conditions of EXPIRE.
SET k v
EXPIRE k 100 XX
EXPIRE k 100 GT
EXPIRE k 100 LT
TTL k
EXPIRE k 50 GT
EXPIRE k 500 GT
EXPIRE k 1000 LT
EXPIRE k 5 XX GT
EXPIRE k 700 NX
EXPIRE k 700 NX XX
EXPIRE k 700 NX LT
EXPIRE k 700 GT LT
EXPIRE k 700 Q\r\nQ
EXPIRE k x GT LT
EXPIRE k 600 XX XX
PERSIST k
PERSIST k
PERSIST none
EXPIRE k -5 LT
EXISTS k
# Deadlines that follow the key.
SET k v EX 1000
RENAME k j
TTL j
TTL k
SET k v
RENAME k j
TTL j
SET j 1 EX 1000
INCR j
APPEND j 0
TTL j
GETSET j 9
TTL j
RENAME j j
RENAMENX j j
RENAME none none
RENAMENX none x
RENAMENX j fresh
MSET m 1 m 2
GET m
# Containers that run empty are gone, whatever emptied them.
RPUSH l a b c
EXPIRE l 1000
LPOP l 10
TYPE l
RPUSH l x
TTL l
LTRIM l 5 1
EXISTS l
RPUSH l x x
LREM l 0 x
EXISTS l
HSET h f v
HDEL h f f
EXISTS h
SADD s m
SREM s m m
EXISTS s
# Lists from both ends, at and beyond the ends.
RPUSH l a b c b d b
LPUSH l 1 2
LRANGE l 0 -1
LREM l -2 b
LRANGE l 0 -1
LRANGE l -3 -2
LRANGE l 5 2
LRANGE l -100 100
LRANGE l 100 200
LRANGE l -200 -100
LPOP l 0
LPOP none 0
LPOP none
RPOP l 2
LPOP l 1 1
LPOP l -1
LPOP l x
LINDEX l -1
LINDEX l 99
LINDEX none x
LINDEX l x
LSET l x v
LSET none x v
LSET l -1 last
LSET l -99 v
LTRIM l 1 -2
LTRIM l -100 100
LRANGE l 0 -1
LREM l x v
LREM l -9223372036854775808 v
LTRIM none x 0
LTRIM none 0 0
LRANGE none 0 x
LRANGE none 0 1
# Hashes and sets.
HSET h a 1 a 2 b 3
HGETALL h
HSET h a
HSET h a 1 b
HMSET h a 1 b
HMGET none a b
HGETALL none
HKEYS none
HVALS none
HINCRBY h a x
HINCRBY h new -5
HSET h t text
HINCRBY h t 1
HSET h max 9223372036854775807
HINCRBY h max 1
HINCRBY h max -1
SADD s a a b
SMISMEMBER s a z b
SMISMEMBER none a
SMEMBERS none
SCARD none
SISMEMBER none a
SREM none a
HDEL none a
SMEMBERS s
# Keys and values of bytes.
SET \0k v\0\xff\r\n
GET \0k
STRLEN \0k
SET '' empty\skey
GET ''
KEYS ''
SCAN x
SCAN 1\s
SCAN 0 COUNT -1
SCAN 0 COUNT
SCAN 0 MATCH
SCAN 0 COUNT x
SCAN 0 NONSENSE 1
SCAN 99999999999999999999
SCAN --1
SCAN +
SCAN \s0
# Wrong types.
INCR l
APPEND h x
GETSET s x
SET s x GET
SET s x NX GET
SETNX s x
MGET s none j
LPUSH s x
HSET s f v
SADD l m
BLPOP s l 0
BLPOP none l 0
BRPOP l s 0
TYPE s
TYPE none
SET s now\sa\sstring
TYPE s
PUBLISH channel nobody\slistens
DBSIZE
FLUSHALL
DBSIZE
RANDOMKEY
KEYS *
)";

inline std::string word_of(std::string_view written) {
  if (written == "''") return {};
  std::string word;
  for (size_t i = 0; i < written.size(); ++i) {
    if (written[i] != '\\') {
      word += written[i];
      continue;
    }
    switch (written[++i]) {
      case 's':
        word += ' ';
        break;
      case 'r':
        word += '\r';
        break;
      case 'n':
        word += '\n';
        break;
      case '0':
        word += '\0';
        break;
      default:
        word += '\xff';
        i += 2;
    }
  }
  return word;
}

inline std::vector<std::vector<std::string>> redis_corner_cases() {
  std::vector<std::vector<std::string>> commands;
  std::string_view rest = redis_corner_case_lines;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    if (line.empty() || line[0] == '#') continue;
    std::vector<std::string>& words = commands.emplace_back();
    while (!line.empty()) {
      const std::string_view written = line.substr(0, line.find(' '));
      words.push_back(word_of(written));
      line.remove_prefix(std::min(line.size(), written.size() + 1));
    }
  }
  return commands;
}

}  // namespace coterie::state
