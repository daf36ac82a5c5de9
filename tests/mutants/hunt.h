// Hunts a planted bug: whole clusters on trial, a seed after another, until one fails that would
// pass without the bug. Each row of seeds runs in a child process: an assertion that ends it, or a
// run that does not come to an end, counts as a failure like any other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coterie/trial/plan.h"

namespace coterie::trial {

struct Found {
  uint64_t seed = 0;
  std::string failure;  // failure_word(), or "assertion", "endless"
  std::string reason;   // one line
  double virtual_seconds = 0;
};

// What becomes of one run with this bug; empty name: without any. None: it passes.
std::optional<Found> try_plan(const std::string& mutant, const Plan& plan);
// The first of the seeds, in their order, that fails with the bug and passes without it.
std::optional<Found> hunt(const std::string& mutant, const std::vector<uint64_t>& seeds,
                          PlanOptions options);

}  // namespace coterie::trial
