// Hunts every planted bug, two at a time, and prints the table of docs/explanation/mutants.md.
// With names as arguments, those only.
//
//   mutants_table [--seeds N] [NAME...]
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "coterie/trial/mutants.h"
#include "tests/mutants/hunt.h"

namespace coterie::trial {
namespace {

std::string row(const MutantDescription& mutant, uint64_t seeds_max) {
  std::vector<uint64_t> seeds;
  for (uint64_t seed = 1; seed <= seeds_max; ++seed) seeds.push_back(seed);
  PlanOptions options;
  options.clients = 16;
  const auto found = hunt(std::string(mutant.name), seeds, options);
  if (!found) {
    return fmt::format("| {} | {} | {} | not within {} | | |", mutant.name, mutant.room,
                       mutant.mistake, seeds_max);
  }
  std::fprintf(stderr, "%s: seed %llu: %s: %s\n", std::string(mutant.name).c_str(),
               static_cast<unsigned long long>(found->seed), found->failure.c_str(),
               found->reason.c_str());
  const std::string time =
      found->virtual_seconds > 0 ? fmt::format("{:.1f}", found->virtual_seconds) : "-";
  return fmt::format("| {} | {} | {} | {} | {} | {} |", mutant.name, mutant.room, mutant.mistake,
                     found->seed, found->failure, time);
}

int run(const std::vector<std::string>& names, uint64_t seeds_max) {
  std::vector<const MutantDescription*> wanted;
  for (const MutantDescription& mutant : described_mutants()) {
    bool named = names.empty();
    for (const std::string& name : names) named |= name == mutant.name;
    if (named) wanted.push_back(&mutant);
  }
  std::vector<std::string> rows(wanted.size());
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i; (i = next++) < wanted.size();) rows[i] = row(*wanted[i], seeds_max);
  };
  std::thread other(work);
  work();
  other.join();
  fmt::print(
      "| name | room | the mistake | seed | shows as | virtual s |\n"
      "|---|---|---|---:|---|---:|\n");
  for (const std::string& line : rows) fmt::print("{}\n", line);
  return 0;
}

}  // namespace
}  // namespace coterie::trial

int main(int argc, char** argv) {
  std::vector<std::string> names(argv + 1, argv + argc);
  uint64_t seeds_max = 2'000;
  if (names.size() >= 2 && names[0] == "--seeds") {
    seeds_max = std::strtoull(names[1].c_str(), nullptr, 10);
    names.erase(names.begin(), names.begin() + 2);
  }
  return coterie::trial::run(names, seeds_max);
}
