// Torture: clients work, faults strike, and what the clients saw is kept for the judges. Either a
// cluster of our own processes, with faults, or a store that is there already, without.
//
// After the faults all is healed, and then nothing excuses the store: every node must be ready and
// every client answered within a bound, or the run has stalled.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "coterie/base/result.h"
#include "coterie/proof/history.h"
#include "coterie/proof/judge.h"
#include "coterie/torture/chronicle.h"
#include "coterie/torture/clients.h"
#include "coterie/torture/fault_schedule.h"
#include "coterie/torture/target.h"

namespace coterie::torture {

struct Progress {
  Duration elapsed;
  OperationCounts operations;
  std::string doing;
};

// What a run needs of whoever started it.
struct Surroundings {
  // Waits until then; true when somebody wants the run to end at once.
  std::function<bool(Instant)> interrupted_before;
  std::function<void(const std::string&)> note;  // a line for the log of the run
  std::function<void(const Progress&)> progress;
};

struct LoadOptions {
  uint64_t seed = 0;
  uint32_t clients = 12;
  Duration duration = seconds(60);
};

struct ClusterTortureOptions {
  LoadOptions load;
  uint64_t nodes = 5;
  std::set<FaultKind> kinds;
  std::string folder;  // of the nodes' data and logs; it exists
  std::string program = "/proc/self/exe";
  std::string disk_shim{};  // empty: there is none
};

enum class RunEnd : uint8_t {
  complete,     // the history can be judged
  stalled,      // nodes or clients did not come back, or a node ended by itself
  interrupted,  // somebody wanted it
  unable,       // it could not even start
};

struct Run {
  RunEnd end = RunEnd::complete;
  std::string why;  // of all but complete: a line, for a stall followed by what each node says
  proof::History history;
  OperationCounts operations;
  Chronicle chronicle;
  Instant begun;         // when the clients did
  proof::Bounds bounds;  // for the judges
  // Too little was acknowledged to say anything.
  bool vacuous = false;
};

// A run longer than that holds too much to be judged: it is ended early, and says so.
inline constexpr uint64_t operations_max = 2'000'000;

// The thread that calls it starts the nodes, and no node is there when it returns.
Run torture_cluster(const ClusterTortureOptions& options, const Surroundings& surroundings);

// REQUIRES: prepare_target(target)
Run torture_target(const Target& target, const LoadOptions& load, const Surroundings& surroundings);

}  // namespace coterie::torture
