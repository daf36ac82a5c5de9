// A trial puts a whole cluster before the court: real nodes in the simulator, simulated clients,
// faults from a seed; the Raft invariants are checked after every event, and at the end what the
// clients saw is judged, every replica must hold the same state, and everything must have come to
// life again.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "coterie/base/time.h"
#include "coterie/trial/fault_plan.h"

namespace coterie::trial {

struct TrialOptions {
  uint64_t seed = 1;
  uint32_t nodes = 3;
  uint32_t clients = 8;
  Duration duration = seconds(20);  // of faults, on virtual time
  Duration patience = seconds(60);  // for everything to be answered after they have been mended
  std::optional<FaultMix> mix;      // none: drawn from the seed
  bool hostile = true;  // small limits now and then: snapshots and windows are met often
  std::function<void(const std::string&)>
      narrate;  // called with each line of the nodes' logs, if there
};

struct TrialReport {
  bool passed = false;
  std::string reason;  // of a failure: one line
  std::string faults;  // which kinds there were
  uint64_t strikes = 0;
  uint64_t events = 0;
  uint64_t digest = 0;  // of all events: the same seed gives the same
  uint64_t acknowledged = 0, unknown = 0, refused = 0;
  Duration virtual_time;
  bool vacuous = false;  // too little happened for the verdict to mean anything
};

TrialReport run_trial(const TrialOptions& options);

}  // namespace coterie::trial
