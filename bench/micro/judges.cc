// How long the judges take: histories of known size and width are made, judged several times, and
// the medians printed with the peak of memory. One line of JSON a case, for bench/results.jsonl.
//
//   judges_bench [--rounds N] [--only TEXT] [--seed N]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coterie/base/random.h"
#include "coterie/proof/judge.h"

namespace {

using namespace coterie;
using namespace coterie::proof;

struct Case {
  std::string name;
  Model model;
  size_t operations;
  uint32_t clients;
  uint64_t keys;
  std::vector<std::string> names;
  bool unique = true;  // every written value is new; otherwise one of four
  double unknown = 0;
  bool legal = true;   // otherwise one read near the end is stale
  bool lossy = false;  // of the last tenth, some acknowledged writes are lost
};

// What the keys hold.
struct Store {
  std::map<std::string, std::string> texts;
  std::map<std::string, std::deque<std::string>> lists;
};

Value carry_out(Store& store, const Call& call) {
  auto& texts = store.texts;
  std::deque<std::string>& list = store.lists[call.key];
  if (call.name == "rpush") {
    list.push_back(call.args[0]);
    return Value::of(static_cast<int64_t>(list.size()));
  }
  if (call.name == "lpop") {
    if (list.empty()) return {};
    Value first = Value::of(list.front());
    list.pop_front();
    return first;
  }
  const auto found = texts.find(call.key);
  const Value old = found == texts.end() ? Value() : Value::of(found->second);
  if (call.name == "get") return old;
  if (call.name == "set") return texts[call.key] = call.args[0], Value::of(std::string("OK"));
  if (call.name == "del") {
    return Value::of(static_cast<int64_t>(texts.erase(call.key)));
  }
  if (call.name == "append") {
    std::string& text = texts[call.key];
    text += call.args[0];
    return Value::of(static_cast<int64_t>(text.size()));
  }
  if (call.name == "incr") {
    const int64_t next = (old.is_null() ? 0 : std::strtoll(old.text.c_str(), nullptr, 10)) + 1;
    return texts[call.key] = std::to_string(next), Value::of(next);
  }
  const bool same = !old.is_null() && old.text == call.args[0];  // cas
  if (same) texts[call.key] = call.args[1];
  return Value::of(std::string(same ? "1" : "0"));
}

History make(const Case& given, uint64_t seed) {
  Random random(seed);
  struct Plan {
    Operation operation;
    int64_t at;
    bool happens;
  };
  std::vector<Plan> plans;
  std::vector<int64_t> clock(given.clients, 0);
  uint64_t fresh = 0;
  const auto value = [&] {
    return given.unique ? fmt::format("v{}", ++fresh) : fmt::format("{}", random.below(4));
  };
  for (size_t i = 0; i < given.operations; ++i) {
    // The client that is free first.
    const auto client =
        static_cast<uint32_t>(std::min_element(clock.begin(), clock.end()) - clock.begin());
    Plan plan;
    Operation& operation = plan.operation;
    operation.client = client;
    operation.called_ns = clock[client] + random.between(0, 20'000);
    operation.returned_ns = operation.called_ns + random.between(100'000, 1'000'000);
    clock[client] = operation.returned_ns + 1;
    plan.at = random.between(operation.called_ns, operation.returned_ns);
    plan.happens = true;
    Call call;
    call.name = given.names[random.below(given.names.size())];
    call.key = fmt::format("key{}", random.below(given.keys));
    if (call.name == "set" || call.name == "append" || call.name == "rpush") call.args = {value()};
    if (call.name == "cas") call.args = {fmt::format("{}", random.below(4)), value()};
    operation.calls = {call};
    if (random.chance(given.unknown)) {
      operation.outcome = Outcome::unknown;
      plan.happens = random.chance(0.5);
      plan.at += random.between(0, 5'000'000);
    }
    plans.push_back(std::move(plan));
  }
  std::vector<size_t> order(plans.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return plans[a].at < plans[b].at; });
  Store store;
  std::map<std::string, std::vector<std::string>> held;
  for (size_t n = 0; n < order.size(); ++n) {
    Operation& operation = plans[order[n]].operation;
    if (!plans[order[n]].happens) continue;
    const Call& call = operation.calls[0];
    // Every third write, acknowledged and lost.
    const bool lost = given.lossy && call.name == "set" && n > order.size() * 9 / 10 &&
                      operation.outcome == Outcome::ok && n % 3 == 0;
    if (lost) {
      operation.result = Value::of(std::string("OK"));
      continue;
    }
    operation.result = carry_out(store, call);
    std::vector<std::string>& before = held[call.key];
    const bool reads = call.name == "get" && operation.outcome == Outcome::ok;
    // What it held two thousand writes ago.
    if (!given.legal && reads && n > order.size() * 9 / 10 && before.size() > 2'000) {
      operation.result = Value::of(before[before.size() - 2'000]);
      before.clear();
    }
    if (call.name == "set") before.push_back(call.args[0]);
  }
  History history;
  for (Plan& plan : plans) history.push_back(std::move(plan.operation));
  return history;
}

std::vector<Case> cases() {
  const std::vector<std::string> read_write = {"get", "set"};
  const std::vector<std::string> mixed = {"get", "get", "set", "cas", "incr", "del"};
  const std::vector<std::string> append = {"get", "get", "set", "append"};
  std::vector<Case> all;
  for (const double unknown : {0.0, 0.01}) {
    const std::string with = unknown > 0 ? ", 1 % unknown" : "";
    all.push_back({"kv get/set" + with, Model::kv, 100'000, 10, 10, read_write, true, unknown});
    all.push_back({"kv few values" + with, Model::kv, 100'000, 10, 10, read_write, false, unknown});
    all.push_back(
        {"kv get/set/cas/incr/del" + with, Model::kv, 100'000, 10, 10, mixed, false, unknown});
    all.push_back({"kv get/set/append" + with, Model::kv, 100'000, 10, 10, append, true, unknown});
  }
  for (const bool legal : {true, false}) {
    const std::string holds = legal ? "" : ", illegal";
    all.push_back({"register 10 clients 10k" + holds, Model::plain_register, 10'000, 10, 1,
                   read_write, true, 0, legal});
    all.push_back({"register 10 clients 100k" + holds, Model::plain_register, 100'000, 10, 1,
                   read_write, true, 0, legal});
    all.push_back({"register 50 clients 10k" + holds, Model::plain_register, 10'000, 50, 1,
                   read_write, true, 0, legal});
  }
  all.push_back({"register few values 10 clients 10k", Model::plain_register, 10'000, 10, 1,
                 read_write, false});
  all.push_back(
      {"cas register 10 clients 10k", Model::kv, 10'000, 10, 1, {"get", "set", "cas"}, false});
  all.push_back(
      {"cas register 50 clients 10k", Model::kv, 10'000, 50, 1, {"get", "set", "cas"}, false});
  const size_t lossless = all.size();
  for (size_t i = 0; i < lossless; ++i) {
    Case lossy = all[i];
    if (lossy.unique || !lossy.legal) continue;
    lossy.name += ", writes lost";
    lossy.lossy = true;
    all.push_back(std::move(lossy));
  }
  all.push_back({"queue 4 clients 10k", Model::queue, 10'000, 4, 1, {"rpush", "lpop"}, true});
  all.push_back({"counter 10 clients 10k", Model::counter, 10'000, 10, 1, {"incr", "get"}, true});
  return all;
}

std::string_view verdict_name(Verdict verdict) {
  return verdict == Verdict::holds      ? "holds"
         : verdict == Verdict::violated ? "violated"
                                        : "bound met";
}

uint64_t status_kb(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::strtoull(line.c_str() + field.size(), nullptr, 10);
  }
  return 0;
}
// What is held now, after the peak up to here is forgotten.
uint64_t memory_now_kb() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
  return status_kb("VmRSS:");
}
uint64_t memory_peak_kb() { return status_kb("VmHWM:"); }

// In a process of its own, so that its peak of memory is its own.
void run(const Case& given, size_t rounds, uint64_t seed) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child != 0) {
    waitpid(child, nullptr, 0);
    return;
  }
  const History history = make(given, seed);
  const uint64_t held = memory_now_kb();
  // Some ten seconds; a case beyond it says so.
  Bounds bounds;
  bounds.steps_max = 50'000'000;
  std::vector<double> times, cpu_times;
  Ruling ruling;
  for (size_t i = 0; i < rounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    ruling = judge(history, given.model, bounds);
    cpu_times.push_back(static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC);
    times.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (times.back() > 5) break;
  }
  std::sort(times.begin(), times.end());
  std::sort(cpu_times.begin(), cpu_times.end());
  fmt::print(
      "{{\"bench\": \"judges\", \"case\": \"{}\", \"operations\": {}, \"clients\": {}, "
      "\"verdict\": \"{}\", "
      "\"shown_by\": {}, \"median_s\": {:.4f}, \"worst_s\": {:.4f}, \"median_cpu_s\": {:.4f}, "
      "\"memory_mb\": {}}}\n",
      given.name, given.operations, given.clients, verdict_name(ruling.verdict),
      ruling.operations.size(), times[times.size() / 2], times.back(),
      cpu_times[cpu_times.size() / 2], (memory_peak_kb() - held) / 1024);
  std::fflush(stdout);
  std::_Exit(0);
}

}  // namespace

int main(int count, char** words) {
  size_t rounds = 5;
  uint64_t seed = 1985;
  std::string only;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string flag = words[i];
    if (flag == "--rounds") rounds = std::max(1UL, std::strtoul(words[i + 1], nullptr, 10));
    if (flag == "--only") only = words[i + 1];
    if (flag == "--seed") seed = std::strtoul(words[i + 1], nullptr, 10);
  }
  for (const Case& given : cases()) {
    if (given.name.find(only) != std::string::npos) run(given, rounds, seed);
  }
  return 0;
}
