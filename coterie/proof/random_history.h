// Small histories by chance, for the differential tests: an object that is right is worked on by
// clients at random, each operation takes effect at a random instant between its call and its
// return, some outcomes are unknown, some operations fail. Such a history holds. A change of one
// result, time or outcome then makes one of which nobody knows.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/proof/history.h"
#include "coterie/proof/reference_search.h"

namespace coterie::proof {

struct RandomHistoryOptions {
  std::vector<std::string> names;  // of operations
  size_t operations = 8;
  uint32_t clients = 3;
  size_t keys = 1;
  uint64_t values = 3;  // how many different ones; 0: every written value is new
  std::string prefix;   // of values that are new
  double unknown = 0.1;
  double failed = 0.05;
  double transactions = 0;
  int64_t ttl = 0;  // of what is given for a time: up to so many units of time; 0: for ever
};

class RandomHistory {
 public:
  RandomHistory(const RandomHistoryOptions& options, Random& random)
      : options_(options), random_(random) {}

  History make() {
    // Each client works in turn; the instants of effect are drawn first, then carried out in order.
    struct Plan {
      Operation operation;
      int64_t at;
      bool happens;
    };
    std::vector<Plan> plans;
    std::vector<int64_t> free_at(options_.clients, 0);
    for (size_t i = 0; i < options_.operations; ++i) {
      Plan plan;
      plan.operation.client = static_cast<uint32_t>(random_.below(options_.clients));
      int64_t& clock = free_at[plan.operation.client];
      plan.operation.called_ns = clock + random_.between(0, 6);
      plan.operation.returned_ns = plan.operation.called_ns + random_.between(0, 12);
      plan.at = random_.between(plan.operation.called_ns, plan.operation.returned_ns);
      plan.happens = true;
      clock = plan.operation.returned_ns + 1;
      if (random_.chance(options_.unknown)) {
        plan.operation.outcome = Outcome::unknown;
        plan.happens = random_.chance(0.5);
        plan.at += random_.between(0, 20);
      } else if (random_.chance(options_.failed)) {
        plan.operation.outcome = Outcome::failed;
        plan.happens = false;
      }
      const size_t calls =
          random_.chance(options_.transactions) ? static_cast<size_t>(random_.between(2, 3)) : 1;
      for (size_t c = 0; c < calls; ++c) plan.operation.calls.push_back(call());
      plans.push_back(std::move(plan));
    }
    std::vector<size_t> order(plans.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return plans[a].at < plans[b].at; });
    reference::Objects objects;
    for (const size_t i : order) {
      end_leases(objects, plans[i].at);
      if (plans[i].happens) carry_out(objects, plans[i].operation, plans[i].at);
    }
    History history;
    for (Plan& plan : plans) history.push_back(std::move(plan.operation));
    return history;
  }

  // Changes one thing; the history may hold or not.
  void change(History& history) {
    Operation& one = history[random_.below(history.size())];
    const Operation& other = history[random_.below(history.size())];
    switch (random_.below(6)) {
      case 0:
        if (one.calls.size() == 1 && other.calls.size() == 1 &&
            one.calls[0].name == other.calls[0].name && one.outcome == other.outcome)
          one.result = other.result;
        break;
      case 1:
        one.returned_ns = std::max(one.called_ns, one.returned_ns - random_.between(1, 12));
        break;
      case 2:
        one.called_ns = std::min(one.returned_ns, one.called_ns + random_.between(1, 12));
        break;
      case 3: {
        const int64_t shift = random_.between(-20, 20);
        one.called_ns += shift, one.returned_ns += shift;
        break;
      }
      case 4:
        if (one.outcome == Outcome::unknown) one.outcome = Outcome::failed;
        break;
      case 5:
        if (one.outcome == Outcome::ok && one.calls.size() == 1) twist(one.result, one.calls[0]);
        break;
    }
  }

 private:
  std::string value() {
    if (options_.values == 0) return options_.prefix + std::to_string(++fresh_);
    return std::to_string(1 + random_.below(options_.values));
  }

  Call call() {
    Call call;
    call.name = options_.names[random_.below(options_.names.size())];
    call.key = "k" + std::to_string(random_.below(options_.keys));
    const std::string& n = call.name;
    const uint64_t few = options_.values == 0 ? 3 : options_.values;
    const auto one_of_few = [&] { return std::to_string(1 + random_.below(few)); };
    if (options_.ttl > 0 && (n == "setpx" || n == "acquire")) {
      call.args = {n == "setpx" ? value() : "owner" + std::to_string(random_.below(2)),
                   std::to_string(random_.between(n == "setpx" ? 1 : 0, options_.ttl))};
    } else if (n == "hset") {
      call.args = {"f" + std::to_string(random_.below(2)), value()};
    } else if (n == "hget" || n == "hdel" || n == "hexists") {
      call.args = {"f" + std::to_string(random_.below(2))};
    } else if (n == "cas") {
      call.args = {one_of_few(), value()};
    } else if (n == "sismember" || n == "srem") {
      call.args = {one_of_few()};
    } else if (n == "incr" || n == "decr") {
      if (random_.chance(0.5)) call.args = {one_of_few()};
    } else if (n == "acquire" || n == "release") {
      call.args = {"owner" + std::to_string(random_.below(2))};
    } else if (n == "use") {
      call.args = {one_of_few()}, call.key += "used";
    } else if (n == "set" || n == "setnx" || n == "getset" || n == "append" || n == "sadd" ||
               n == "rpush" || n == "lpush") {
      call.args = {value()};
    }
    return call;
  }

  struct Lease {
    int64_t end;
    Call expire;
  };
  void end_leases(reference::Objects& objects, int64_t now) {
    std::stable_sort(leases_.begin(), leases_.end(),
                     [](const Lease& a, const Lease& b) { return a.end < b.end; });
    while (!leases_.empty() && leases_.front().end <= now) {
      const Call& expire = leases_.front().expire;
      reference::carry_out(objects[expire.key], expire, nullptr);
      leases_.erase(leases_.begin());
    }
  }

  void carry_out(reference::Objects& objects, Operation& operation, int64_t at) {
    std::vector<Value> results;
    for (const Call& call : operation.calls) {
      reference::Object& object = objects[call.key];
      Value given;
      std::vector<Value> all;
      if (call.name == "smembers") {
        for (const std::string& member : object.set) all.push_back(Value::of(member));
        given = Value::of(std::move(all));
      } else if (call.name == "hgetall") {
        for (const auto& [field, held] : object.hash)
          all.push_back(Value::of(field)), all.push_back(Value::of(held));
        given = Value::of(std::move(all));
      } else if (call.name == "acquire") {
        given = Value::of(object.token + 1);
      }
      Call carried = call;
      if (options_.ttl > 0 && call.args.size() == 2 && call.args[1] != "0" &&
          (call.name == "setpx" || call.name == "acquire")) {
        const std::string lease = "lease " + std::to_string(++fresh_);
        carried.args.push_back(lease);
        leases_.push_back({at + std::stoll(call.args[1]), {"expire", call.key, {lease}}});
      }
      results.push_back(reference::carry_out(object, carried, &given));
    }
    if (operation.outcome == Outcome::ok)
      operation.result = results.size() == 1 ? results[0] : Value::of(std::move(results));
  }

  void twist(Value& result, const Call& call) {
    const bool optional = call.name == "get" || call.name == "hget" || call.name == "lpop" ||
                          call.name == "rpop" || call.name == "getset" || call.name == "getdel" ||
                          call.name == "acquire";
    if (optional && random_.chance(0.3)) {
      result = {};
    } else if (result.kind == Value::Kind::list) {
      if (call.name == "hgetall" ? result.list.size() < 2 : result.list.empty()) return;
      const size_t width = call.name == "hgetall" ? 2 : 1;
      result.list.resize(result.list.size() - width);
    } else if (result.text == "0" || result.text == "1") {
      result = Value::of(std::string(result.text == "0" ? "1" : "0"));
    } else if (result.text != "OK") {
      result = Value::of(static_cast<int64_t>(1 + random_.below(4)));
    }
  }

  const RandomHistoryOptions& options_;
  Random& random_;
  int64_t fresh_ = 0;
  std::vector<Lease> leases_;
};

}  // namespace coterie::proof
