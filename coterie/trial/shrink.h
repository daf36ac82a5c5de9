// Makes a failing plan small: fewer faults, clients, conversations and nodes, shorter, with limits
// as in production, as long as it still fails in the same way. What remains is the story of the
// bug.
//
// Delta debugging (Zeller & Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002):
// take away halves, then quarters, ..., until no single part can go. Since every link, disk, clock,
// client and fault draws from a stream of its own, what is taken away moves none of the others'
// decisions. Besides
//
//   conversations  get the times and places at which they began, before the first is left out;
//   lasting faults (a lossy link, a storm) are replaced by what they decided in that run, frame by
//                  frame and crash by crash, and those decisions are taken away like anything
//                  else: if a handful is left, that stays in the fault's place (six lost frames
//                  are easier to read than a lossy link; six hundred are not);
//   times          are moved to round ones, and waits in which nothing happens are shortened.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "coterie/trial/decisions.h"
#include "coterie/trial/plan.h"
#include "coterie/trial/trial.h"

namespace coterie::trial {

struct ShrinkOptions {
  uint64_t runs_max = 2'000;
  std::function<TrialReport(const Plan&)> run = [](const Plan& plan) { return run_trial(plan); };
  // What such a run decides. None: only what the plan has is taken away, and conversations stay.
  std::function<Decisions(const Plan&)> record = [](const Plan& plan) {
    Decisions decisions;
    TrialOptions trial;
    trial.decisions = &decisions;
    run_trial(plan, trial);
    return decisions;
  };
  // Called after every run that was tried; false: stop here.
  std::function<bool(uint64_t runs, const Plan& smallest)> progress;
};

struct Shrunk {
  Plan plan;
  TrialReport report;  // of the plan
  uint64_t runs = 0;
  bool to_the_end = false;  // false: a bound was met, and it may get smaller yet
};

// REQUIRES: the plan fails. Another failure counts as the same when its kind is the same and, of a
// violated history, the keys are of the same sort.
Shrunk shrink(const Plan& plan, const ShrinkOptions& options = {});

}  // namespace coterie::trial
