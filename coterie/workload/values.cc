// Scripts of single commands: strings, sets, hashes, and keys that expire. What they write is
// unique where the judge gains by it, and drawn from a few where repetition is the point.
#include <fmt/format.h>

#include "coterie/workload/conversation.h"
#include "coterie/workload/scripts.h"

namespace coterie::workload {

namespace {

constexpr uint32_t readers = 8;  // one in so many clients of strings

class Strings final : public SingleCommand {
 public:
  using SingleCommand::SingleCommand;

 protected:
  Draft draw() override {
    const uint64_t what = reads_only() ? random().below(2) * 12 : random().below(20);
    const std::string key = some_key(string_prefix);
    if (what < 5) return {{"GET", key}, {"get", key, {}}, as_text};
    if (what < 9) {
      const std::string value = own_value();
      return {{"SET", key, value}, {"set", key, {value}}, as_done};
    }
    if (what < 10) return {{"DEL", key}, {"del", key, {}}, as_flag};
    if (what < 11) {
      const std::string value = own_value();
      return {{"SET", key, value, "NX"}, {"setnx", key, {value}}, as_flag};
    }
    if (what < 12) return {{"APPEND", key, "+"}, {"append", key, {"+"}}, as_text};
    const std::string counter = fmt::format("{}{}", counter_prefix, random().below(2));
    if (what < 14) return {{"GET", counter}, {"get", counter, {}}, as_text};
    if (what < 17) return {{"INCR", counter}, {"incr", counter, {}}, as_text};
    if (options().plain_redis) return {{"GET", key}, {"get", key, {}}, as_text};
    // The register of the few: only values that others may expect.
    const std::string cell = fmt::format("{}cell", string_prefix);
    const std::string old = std::to_string(random().below(3));
    const std::string fresh = std::to_string(random().below(3));
    if (what < 18) return {{"SET", cell, fresh}, {"set", cell, {fresh}}, as_done};
    return {{"SET", cell, fresh, "IFEQ", old}, {"cas", cell, {old, fresh}}, as_flag};
  }

 private:
  // Where nothing can be committed any more, whoever writes waits; who only reads sees what a node
  // says that does not know yet.
  bool reads_only() const { return options().client % readers == readers - 1; }
};

class Sets final : public SingleCommand {
 public:
  using SingleCommand::SingleCommand;

 protected:
  Draft draw() override {
    const std::string key = fmt::format("{}{}", set_prefix, random().below(2));
    const std::string member = fmt::format("m{}", random().below(4));
    switch (random().below(6)) {
      case 0:
      case 1:
        return {{"SADD", key, member}, {"sadd", key, {member}}, as_text};
      case 2:
        return {{"SREM", key, member}, {"srem", key, {member}}, as_text};
      case 3:
        return {{"SMEMBERS", key}, {"smembers", key, {}}, as_list};
      default:
        return {{"SISMEMBER", key, member}, {"sismember", key, {member}}, as_text};
    }
  }
};

class Hashes final : public SingleCommand {
 public:
  using SingleCommand::SingleCommand;

 protected:
  Draft draw() override {
    const std::string key = fmt::format("{}{}", hash_prefix, random().below(2));
    const std::string field = fmt::format("f{}", random().below(3));
    switch (random().below(6)) {
      case 0:
      case 1: {
        const std::string value = own_value();
        return {{"HSET", key, field, value}, {"hset", key, {field, value}}, as_text};
      }
      case 2:
        return {{"HDEL", key, field}, {"hdel", key, {field}}, as_text};
      case 3:
        return {{"HGETALL", key}, {"hgetall", key, {}}, as_list};
      default:
        return {{"HGET", key, field}, {"hget", key, {field}}, as_text};
    }
  }
};

class Expiry final : public SingleCommand {
 public:
  using SingleCommand::SingleCommand;

 protected:
  Draft draw() override {
    const std::string key = fmt::format("{}{}", expiry_prefix, random().below(3));
    if (random().chance(0.8)) return {{"GET", key}, {"get", key, {}}, as_text};
    const std::string value = own_value();
    const std::string ttl_ms = std::to_string(random().between(20, 1'500));
    return {{"SET", key, value, "PX", ttl_ms}, {"setpx", key, {value, ttl_ms}}, as_done};
  }
};

}  // namespace

std::unique_ptr<Script> strings_script(const ScriptOptions& options) {
  return std::make_unique<Strings>(options);
}
std::unique_ptr<Script> sets_script(const ScriptOptions& options) {
  return std::make_unique<Sets>(options);
}
std::unique_ptr<Script> hashes_script(const ScriptOptions& options) {
  return std::make_unique<Hashes>(options);
}
std::unique_ptr<Script> expiry_script(const ScriptOptions& options) {
  return std::make_unique<Expiry>(options);
}

}  // namespace coterie::workload
