// Prints the digest of every event of some seeds, one line a seed: what must be the same whatever
// compiled it. See determinism_test.sh.
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "coterie/trial/plan.h"
#include "coterie/trial/trial.h"

int main(int count, char** words) {
  if (count != 4) {
    fmt::print(stderr, "usage: sim_digest FIRST LAST NODES\n");
    return 64;
  }
  using namespace coterie;
  const uint64_t last = std::strtoull(words[2], nullptr, 10);
  for (uint64_t seed = std::strtoull(words[1], nullptr, 10); seed <= last; ++seed) {
    trial::PlanOptions options;
    options.seed = seed;
    options.nodes = static_cast<uint32_t>(std::strtoul(words[3], nullptr, 10));
    options.clients = 16;
    options.duration = seconds(2);
    const trial::TrialReport report = trial::run_trial(trial::draw_plan(options));
    fmt::print("{} {:016x} {} events, {} operations: {}\n", seed, report.digest, report.events,
               report.history.size(), trial::failure_word(report.failure));
  }
  return 0;
}
