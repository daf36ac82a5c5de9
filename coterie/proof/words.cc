// See words.h.
#include "coterie/proof/words.h"

#include <charconv>

#include <boost/unordered/unordered_flat_map.hpp>

#include "coterie/base/assert.h"

namespace coterie::proof {

namespace {

constexpr uint32_t bit(Model model) { return uint32_t{1} << static_cast<uint32_t>(model); }

constexpr uint32_t every = bit(Model::automatic);
constexpr uint32_t kv = every | bit(Model::kv);
constexpr uint32_t cas = kv | bit(Model::cas_register);
constexpr uint32_t reg = cas | bit(Model::plain_register);
constexpr uint32_t counter = kv | bit(Model::counter);
constexpr uint32_t set = kv | bit(Model::set);
constexpr uint32_t hash = kv | bit(Model::hash);
constexpr uint32_t queue = kv | bit(Model::queue);
constexpr uint32_t counted = queue | bit(Model::queue_accounting);
constexpr uint32_t lock = kv | bit(Model::lock) | bit(Model::mutex);
constexpr uint32_t expiry = bit(Model::expiry);
constexpr uint32_t channel = every | bit(Model::pubsub);

// In the order of the enumeration.
constexpr WordInfo words[] = {
    {Word::get, "get", 0, 0, -1, Shape::text_or_null, Kind::text, true,
     reg | bit(Model::counter) | expiry, "the value, or nothing"},
    {Word::set, "set", 1, 1, -1, Shape::done, Kind::text, false, reg | bit(Model::counter) | expiry,
     "value"},
    {Word::setnx, "setnx", 1, 1, -1, Shape::flag, Kind::text, false, cas,
     "value: set when the key is absent"},
    {Word::cas, "cas", 2, 2, -1, Shape::flag, Kind::text, false, cas,
     "old new: set new when the value is old"},
    {Word::del, "del", 0, 0, -1, Shape::flag, Kind::text, false,
     cas | counter | set | hash | queue | expiry, "remove the key, whatever it holds"},
    {Word::incr, "incr", 0, 1, 0, Shape::number, Kind::text, false, counter,
     "[by]: the new number; an absent key counts from 0"},
    {Word::decr, "decr", 0, 1, 0, Shape::number, Kind::text, false, counter, "[by]"},
    {Word::append, "append", 1, 1, -1, Shape::number, Kind::text, false, kv,
     "text: the new length in bytes"},
    {Word::strlen, "strlen", 0, 0, -1, Shape::number, Kind::text, true, kv, "the length in bytes"},
    {Word::exists, "exists", 0, 0, -1, Shape::flag, Kind::text, true,
     cas | counter | set | hash | queue | expiry, "whether the key holds anything"},
    {Word::getset, "getset", 1, 1, -1, Shape::text_or_null, Kind::text, false, cas,
     "value: the old value, or nothing"},
    {Word::getdel, "getdel", 0, 0, -1, Shape::text_or_null, Kind::text, false, cas,
     "the old value, or nothing"},
    {Word::setpx, "setpx", 2, 2, 1, Shape::done, Kind::text, false, kv | expiry,
     "value ttl_ms: gone after that time"},
    {Word::sadd, "sadd", 1, 1, -1, Shape::flag, Kind::set, false, set, "member: 1 when it is new"},
    {Word::srem, "srem", 1, 1, -1, Shape::flag, Kind::set, false, set,
     "member: 1 when it was there"},
    {Word::sismember, "sismember", 1, 1, -1, Shape::flag, Kind::set, true, set, "member"},
    {Word::smembers, "smembers", 0, 0, -1, Shape::unordered, Kind::set, true, set,
     "the members, in any order"},
    {Word::scard, "scard", 0, 0, -1, Shape::number, Kind::set, true, set, "how many members"},
    {Word::hset, "hset", 2, 2, -1, Shape::flag, Kind::hash, false, hash,
     "field value: 1 when the field is new"},
    {Word::hget, "hget", 1, 1, -1, Shape::text_or_null, Kind::hash, true, hash, "field"},
    {Word::hdel, "hdel", 1, 1, -1, Shape::flag, Kind::hash, false, hash,
     "field: 1 when it was there"},
    {Word::hexists, "hexists", 1, 1, -1, Shape::flag, Kind::hash, true, hash, "field"},
    {Word::hlen, "hlen", 0, 0, -1, Shape::number, Kind::hash, true, hash, "how many fields"},
    {Word::hgetall, "hgetall", 0, 0, -1, Shape::pairs, Kind::hash, true, hash,
     "field, value, field, value ..., fields in any order"},
    {Word::rpush, "rpush", 1, 1, -1, Shape::number, Kind::list, false, counted,
     "item: the new length"},
    {Word::lpush, "lpush", 1, 1, -1, Shape::number, Kind::list, false, queue,
     "item: the new length"},
    {Word::lpop, "lpop", 0, 0, -1, Shape::text_or_null, Kind::list, false, counted,
     "the first item, or nothing when there is none"},
    {Word::rpop, "rpop", 0, 0, -1, Shape::text_or_null, Kind::list, false, queue,
     "the last item, or nothing when there is none"},
    {Word::llen, "llen", 0, 0, -1, Shape::number, Kind::list, true, counted, "how many items"},
    {Word::lrange, "lrange", 0, 0, -1, Shape::list, Kind::list, true, queue,
     "all items, first to last"},
    {Word::acquire, "acquire", 1, 2, 1, Shape::number_or_null, Kind::lock, false, lock,
     "owner [ttl_ms]: the token, or nothing when another holds it"},
    {Word::release, "release", 1, 1, -1, Shape::flag, Kind::lock, false, lock,
     "owner: 1 when owner held it"},
    {Word::use, "use", 1, 1, 0, Shape::flag, Kind::fence, false, lock,
     "token: 1 accepted, 0 refused as stale; on the key of the guarded resource"},
    {Word::publish, "publish", 1, 1, -1, Shape::done, Kind::channel, false, channel,
     "message; the key is the channel"},
    {Word::received, "received", 0, any_number, -1, Shape::done, Kind::channel, true, channel,
     "message ...: what a subscriber was given since its last such operation, in order"},
    {Word::expire, "", 0, 0, -1, Shape::done, Kind::text, false, 0, ""},
};

constexpr bool in_order() {
  for (size_t i = 0; i < std::size(words); ++i) {
    if (static_cast<size_t>(words[i].word) != i) return false;
  }
  return true;
}
static_assert(in_order());

constexpr std::string_view models[] = {
    "auto", "register", "cas-register",     "counter", "set",    "queue", "hash",
    "lock", "kv",       "queue-accounting", "mutex",   "expiry", "pubsub"};

}  // namespace

const WordInfo* word_of(std::string_view name) {
  static const auto table = [] {
    boost::unordered_flat_map<std::string_view, const WordInfo*> map;
    for (const WordInfo& info : all_words()) map.emplace(info.name, &info);
    return map;
  }();
  const auto found = table.find(name);
  return found == table.end() ? nullptr : found->second;
}

const WordInfo& info_of(Word word) { return words[static_cast<size_t>(word)]; }

std::span<const WordInfo> all_words() { return {words, std::size(words) - 1}; }

std::optional<int64_t> number_of(std::string_view text) {
  int64_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size()) return {};
  return number;
}

std::string_view model_name(Model model) { return models[static_cast<size_t>(model)]; }

std::optional<Model> model_of(std::string_view name) {
  for (size_t i = 0; i < std::size(models); ++i) {
    if (models[i] == name) return static_cast<Model>(i);
  }
  return {};
}

std::span<const std::string_view> model_names() { return models; }

std::string_view bound_name(Bound bound) {
  switch (bound) {
    case Bound::none:
      return "none";
    case Bound::steps:
      return "steps";
    case Bound::memory:
      return "memory";
    case Bound::open:
      return "open operations";
    case Bound::vocabulary:
      return "vocabulary";
  }
  return "?";
}

}  // namespace coterie::proof
