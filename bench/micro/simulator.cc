// How fast the simulator is, a line of JSON a case: events a second, median of some rounds.
//
//   simulator_bench [--rounds N] [--only TEXT]    the cases whose names contain it
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "bench/micro/simulator_cases.h"

namespace coterie::bench {

Measured measure(uint64_t events, const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t cpu = std::clock();
  work();
  Measured measured;
  measured.events = events;
  measured.cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  measured.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return measured;
}

namespace {

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const auto& group : {ping_pong_cases(), raft_cases()})
    all.insert(all.end(), group.begin(), group.end());
  return all;
}

void run(const Case& given, size_t rounds) {
  std::vector<Measured> runs;
  for (size_t i = 0; i < rounds; ++i) runs.push_back(given.run());
  std::sort(runs.begin(), runs.end(),
            [](const Measured& a, const Measured& b) { return a.cpu_seconds < b.cpu_seconds; });
  const Measured& median = runs[runs.size() / 2];
  const auto rate = [](const Measured& one, double seconds) {
    return static_cast<double>(one.events) / seconds;
  };
  fmt::print(
      "{{\"bench\": \"simulator\", \"case\": \"{}\", \"events\": {}, \"events_per_s\": {:.0f}, "
      "\"events_per_cpu_s\": {:.0f}, \"worst_per_cpu_s\": {:.0f}",
      given.name, median.events, rate(median, median.seconds), rate(median, median.cpu_seconds),
      rate(runs.back(), runs.back().cpu_seconds));
  for (const auto& [name, value] : median.figures) fmt::print(", \"{}\": {}", name, value);
  fmt::print("}}\n");
  std::fflush(stdout);
}

}  // namespace

}  // namespace coterie::bench

int main(int count, char** words) {
  size_t rounds = 5;
  std::string only;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view flag = words[i];
    if (flag == "--rounds") rounds = std::max(1UL, std::strtoul(words[i + 1], nullptr, 10));
    if (flag == "--only") only = words[i + 1];
  }
  bool any = false;
  for (const coterie::bench::Case& given : coterie::bench::all_cases()) {
    if (given.name.find(only) == std::string::npos) continue;
    any = true;
    coterie::bench::run(given, rounds);
  }
  if (!any) fmt::print(stderr, "simulator_bench: no case is called {}\n", only);
  return any ? 0 : 1;
}
