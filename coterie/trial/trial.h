// A trial puts a whole cluster before the court: real nodes in the simulator, simulated clients,
// the faults of a plan; the Raft invariants are checked after every event. At the end
//
//   liveness    a majority is healed while everything else stays broken for good: every client must
//               have its answer, and get new ones, within a bound of virtual time;
//   one state   all is healed: every replica must come to the same state;
//   the judges  coterie/proof rules on what the clients saw.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coterie/base/time.h"
#include "coterie/proof/history.h"
#include "coterie/trial/breaker.h"
#include "coterie/trial/plan.h"
#include "coterie/world/sim/simulation.h"

namespace coterie::trial {

// What a run can fail for. Two failures with the same kind are the same to the shrinker.
enum class Failure : uint8_t {
  none,
  not_founded,  // no cluster within the patience
  stopped,      // a node stopped by itself, and no fault explains it
  invariant,    // of Raft
  not_live,     // a client waits, or a node does not come back
  differ,       // two replicas hold different states at one index
  surprise,     // a reply that no store of this kind should give
  judged,       // the history is violated
  bound_met,    // a judge met a bound before it knew
};
inline constexpr size_t failures = static_cast<size_t>(Failure::bound_met) + 1;
std::string_view failure_word(Failure failure);  // "not-live"

struct TrialReport {
  Failure failure = Failure::none;
  std::string reason;              // of a failure: one line
  std::vector<size_t> operations;  // of a violated history: those that show it
  std::string key;                 // and the key they are on
  std::string faults;              // which kinds were planned
  uint64_t struck = 0;             // faults that found something to strike
  std::map<FaultKind, Strikes> by_kind;
  uint64_t events = 0;
  uint64_t digest = 0;  // of all events: the same plan gives the same
  uint64_t acknowledged = 0, unknown = 0, refused = 0;
  uint64_t leaders = 0;  // terms in which somebody led
  Duration virtual_time;
  bool vacuous = false;  // too little happened for the verdict to mean anything
  proof::History history;
  std::vector<NodeId> nodes;  // of each operation: where its last command went

  bool passed() const { return failure == Failure::none; }
};

struct TrialOptions {
  Duration patience = seconds(60);  // for everything to be answered after a majority was healed
  Decisions* decisions = nullptr;   // what is decided is put down there
  // Called with each line of the nodes' logs, if there.
  std::function<void(const std::string&)> narrate;
  // Called when the nodes are there, before the first event.
  std::function<void(sim::Simulation&)> watch;
  // Called when the run is over and judged, while the simulation is still there.
  std::function<void(const TrialReport&)> ended;
};

TrialReport run_trial(const Plan& plan, const TrialOptions& options = {});

}  // namespace coterie::trial
