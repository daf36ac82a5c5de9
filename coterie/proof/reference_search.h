// The oracle of the differential tests: a plain search over all orders, with memory, and plain
// objects. It shares nothing with the judges but history.h, splits nothing and knows no trick, so
// that an error in them is not one here. For small histories only.
//
// Wing & Gong, 1993, with Lowe's memory of what was visited, 2017.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "coterie/proof/history.h"

namespace coterie::proof::reference {

// What one key holds: at most one of these.
struct Object {
  std::vector<std::string> text;  // none or one
  std::set<std::string> set;
  std::map<std::string, std::string> hash;
  std::deque<std::string> list;
  std::string holder;
  std::string lease;  // what text or holder was given for a time: by which operation
  int64_t token = 0, used = 0;

  auto tie() const { return std::tie(text, set, hash, list, holder, lease, token, used); }
  bool operator<(const Object& other) const { return tie() < other.tie(); }
};
using Objects = std::map<std::string, Object>;

inline Value flag(bool yes) { return Value::of(std::string(yes ? "1" : "0")); }

inline std::vector<std::string> sorted(const Value& value, size_t step) {
  std::vector<std::string> all;
  for (size_t i = 0; i + step <= value.list.size(); i += step)
    all.push_back(value.list[i].text + (step == 2 ? "\n" + value.list[i + 1].text : ""));
  std::sort(all.begin(), all.end());
  return all;
}

// A lock, and the resource that its tokens guard.
inline Value carry_out_lock(Object& o, const Call& c, const Value* given) {
  const std::string& owner = c.args[0];
  if (c.name == "acquire") {
    if (!o.holder.empty()) return {};
    o.holder = owner;
    o.lease = c.args.size() > 2 ? c.args[2] : "";
    if (given == nullptr || given->is_null()) return Value::of(std::string("some token"));
    if (given->text == "OK") return *given;
    if (std::stoll(given->text) <= o.token) return Value::of(std::string("a higher token"));
    o.token = std::stoll(given->text);
    return *given;
  }
  if (c.name == "release") {
    if (o.holder != owner) return flag(false);
    return o.holder.clear(), o.lease.clear(), flag(true);
  }
  const int64_t token = std::stoll(c.args[0]);
  const bool accepted = token >= o.used;
  o.used = std::max(o.used, token);
  return flag(accepted);
}

// Carries out the call and says what it returns; `given` is the recorded result, where the object
// is free to choose (tokens, the order of members), or nothing.
inline Value carry_out(Object& o, const Call& c, const Value* given) {
  const auto arg = [&](size_t i) { return i < c.args.size() ? c.args[i] : std::string(); };
  const std::string& n = c.name;
  const Value old = o.text.empty() ? Value() : Value::of(o.text[0]);
  const bool there = !o.text.empty() || !o.set.empty() || !o.hash.empty() || !o.list.empty();
  if (n == "get") return old;
  if (n == "strlen") return Value::of(static_cast<int64_t>(old.text.size()));
  if (n == "exists") return flag(there);
  if (n == "expire") {
    if (o.lease == arg(0)) o.text.clear(), o.holder.clear(), o.lease.clear();
    return {};
  }
  if (n == "set" || n == "setpx") {
    return o.text = {arg(0)}, o.lease = arg(2), Value::of(std::string("OK"));
  }
  if (n == "getset") return o.text = {arg(0)}, o.lease.clear(), old;
  if (n == "getdel") return o.text.clear(), o.lease.clear(), old;
  if (n == "setnx") return there ? flag(false) : (o.text = {arg(0)}, flag(true));
  if (n == "cas") return old == Value::of(arg(0)) ? (o.text = {arg(1)}, flag(true)) : flag(false);
  if (n == "del") return o = {}, flag(there);
  if (n == "append") {
    o.text = {old.text + arg(0)};
    return Value::of(static_cast<int64_t>(o.text[0].size()));
  }
  if (n == "incr" || n == "decr") {
    const int64_t by = c.args.empty() ? 1 : std::stoll(arg(0));
    const int64_t sum = (old.is_null() ? 0 : std::stoll(old.text)) + (n == "incr" ? by : -by);
    return o.text = {std::to_string(sum)}, Value::of(sum);
  }
  if (n == "sadd") return flag(o.set.insert(arg(0)).second);
  if (n == "srem") return flag(o.set.erase(arg(0)) > 0);
  if (n == "sismember") return flag(o.set.count(arg(0)) > 0);
  if (n == "scard") return Value::of(static_cast<int64_t>(o.set.size()));
  if (n == "smembers") {
    const std::vector<std::string> all(o.set.begin(), o.set.end());
    return given != nullptr && sorted(*given, 1) == all ? *given : Value::of(std::string("wrong"));
  }
  if (n == "hset") return flag(o.hash.insert_or_assign(arg(0), arg(1)).second);
  if (n == "hdel") return flag(o.hash.erase(arg(0)) > 0);
  if (n == "hexists") return flag(o.hash.count(arg(0)) > 0);
  if (n == "hlen") return Value::of(static_cast<int64_t>(o.hash.size()));
  if (n == "hget") return o.hash.count(arg(0)) > 0 ? Value::of(o.hash[arg(0)]) : Value();
  if (n == "hgetall") {
    std::vector<std::string> all;
    for (const auto& [field, value] : o.hash) all.push_back(field + "\n" + value);
    return given != nullptr && sorted(*given, 2) == all ? *given : Value::of(std::string("wrong"));
  }
  if (n == "rpush" || n == "lpush") {
    n == "rpush" ? o.list.push_back(arg(0)) : o.list.push_front(arg(0));
    return Value::of(static_cast<int64_t>(o.list.size()));
  }
  if (n == "lpop" || n == "rpop") {
    if (o.list.empty()) return {};
    const Value item = Value::of(n == "lpop" ? o.list.front() : o.list.back());
    n == "lpop" ? o.list.pop_front() : o.list.pop_back();
    return item;
  }
  if (n == "llen") return Value::of(static_cast<int64_t>(o.list.size()));
  if (n == "lrange") {
    std::vector<Value> all;
    for (const std::string& item : o.list) all.push_back(Value::of(item));
    return Value::of(std::move(all));
  }
  return carry_out_lock(o, c, given);
}

class Search {
 public:
  // `after`: for each operation, which must come before it; nothing: none.
  explicit Search(const History& history, const std::vector<const Operation*>& after = {}) {
    for (size_t i = 0; i < history.size(); ++i) {
      if (history[i].outcome == Outcome::failed) continue;
      operations_.push_back(&history[i]);
      after_.push_back(after.empty() ? nullptr : after[i]);
    }
    done_.assign(operations_.size(), false);
  }
  // Exponential in the number of operations.
  bool legal(const Objects& initial = {}) { return extend(initial); }

 private:
  bool extend(const Objects& objects) {
    int64_t deadline = INT64_MAX;
    bool finished = true;
    for (size_t i = 0; i < done_.size(); ++i) {
      if (done_[i] || operations_[i]->outcome != Outcome::ok) continue;
      deadline = std::min(deadline, operations_[i]->returned_ns);
      finished = false;
    }
    if (finished) return true;
    if (!seen_.insert({done_, objects}).second) return false;
    for (size_t i = 0; i < done_.size(); ++i) {
      const Operation& operation = *operations_[i];
      if (done_[i] || operation.called_ns > deadline || !is_due(i)) continue;
      Objects next = objects;
      bool right = true;
      for (size_t c = 0; c < operation.calls.size() && right; ++c) {
        const Value* given = operation.outcome != Outcome::ok ? nullptr
                             : operation.calls.size() == 1    ? &operation.result
                                                              : &operation.result.list[c];
        const Value result = carry_out(next[operation.calls[c].key], operation.calls[c], given);
        right = given == nullptr || *given == result;
      }
      if (!right) continue;
      done_[i] = true;
      if (extend(next)) return true;
      done_[i] = false;
    }
    return false;
  }

  bool is_due(size_t i) const {
    if (after_[i] == nullptr) return true;
    const auto first = std::find(operations_.begin(), operations_.end(), after_[i]);
    return done_[static_cast<size_t>(first - operations_.begin())];
  }

  std::vector<const Operation*> operations_;
  std::vector<const Operation*> after_;
  std::vector<bool> done_;
  std::set<std::pair<std::vector<bool>, Objects>> seen_;
};

// With what time does as operations of its own: what was given for a time ends once that time is
// over, give or take `slack_ns` (exactly one operation each, after the one that it ends).
inline bool legal_with_leases(const History& history, int64_t slack_ns, bool ends) {
  History all = history;
  std::vector<size_t> first(history.size(), SIZE_MAX);
  for (size_t i = 0; i < history.size(); ++i) {
    Call& call = all[i].calls[0];
    const bool lease = call.name == "setpx" || call.name == "acquire";
    if (!lease || call.args.size() < 2 || call.args[1] == "0") continue;
    if (all[i].outcome == Outcome::failed) continue;
    call.args.push_back("lease " + std::to_string(i));
    if (call.name == "acquire" && all[i].outcome == Outcome::ok && all[i].result.is_null())
      continue;
    const int64_t ttl = std::stoll(call.args[1]) * 1'000'000;
    Operation expire = all[i];
    expire.calls = {{"expire", call.key, {call.args[2]}}};
    expire.result = {};
    expire.called_ns = std::max(all[i].called_ns, all[i].called_ns + ttl - slack_ns);
    expire.returned_ns = all[i].returned_ns + ttl + slack_ns;
    if (!ends) expire.outcome = Outcome::unknown;
    all.push_back(std::move(expire));
    first.push_back(i);
  }
  std::vector<const Operation*> after;
  for (const size_t i : first) after.push_back(i == SIZE_MAX ? nullptr : &all[i]);
  return Search(all, after).legal();
}

}  // namespace coterie::proof::reference
