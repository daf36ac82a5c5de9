// The words of a history: every operation there is, what it is given, what it returns, and which
// models know it. docs/formats/history.md is written from this table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "coterie/proof/judge.h"

namespace coterie::proof {

enum class Word : uint8_t {
  // strings
  get,
  set,
  setnx,
  cas,
  del,
  incr,
  decr,
  append,
  strlen,
  exists,
  getset,
  getdel,
  setpx,
  // sets
  sadd,
  srem,
  sismember,
  smembers,
  scard,
  // hashes
  hset,
  hget,
  hdel,
  hexists,
  hlen,
  hgetall,
  // lists
  rpush,
  lpush,
  lpop,
  rpop,
  llen,
  lrange,
  // locks
  acquire,
  release,
  use,
  // channels
  publish,
  received,
  // what time does by itself: never in a history
  expire,
};

// What an operation returns.
enum class Shape : uint8_t {
  done,            // anything: it says only that the operation was done ("OK")
  flag,            // "1" or "0"
  number,          // decimal digits
  text,            // a text
  text_or_null,    // a text, or nothing
  number_or_null,  // decimal digits, or "OK" of a lock without tokens, or nothing
  list,            // texts, in order
  unordered,       // texts, in any order, none twice
  pairs,           // field, value, field, value, in any order of fields
};

// What a key is used as. A key that is used as two of these is judged as well: "del" makes room.
enum class Kind : uint8_t { text, set, hash, list, lock, fence, channel };

inline constexpr uint8_t any_number = 255;

struct WordInfo {
  Word word;
  std::string_view name;
  uint8_t args_min;
  uint8_t args_max;   // any_number: no limit
  int8_t number_arg;  // which argument is a number; -1: none
  Shape shape;
  Kind kind;
  bool reads_only;
  uint32_t models;  // bit 1 << Model
  std::string_view help;
};

// Nothing: there is no such operation.
const WordInfo* word_of(std::string_view name);
const WordInfo& info_of(Word word);
std::span<const WordInfo> all_words();

std::optional<int64_t> number_of(std::string_view text);

}  // namespace coterie::proof
