// What was done to a cluster and what became of its nodes, with the instants: what a picture of a
// run shows besides the clients.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/base/time.h"
#include "coterie/torture/fault_schedule.h"

namespace coterie::torture {

struct NodeEvent {
  enum class Kind : uint8_t {
    started,
    killed,
    ended,  // by itself; `how` says how
    wiped,  // its folder was emptied
    paused,
    resumed,
  };

  uint64_t node = 0;
  Kind kind = Kind::started;
  Instant at;
  std::string how{};
};

// A fault that has struck: its nodes are those it was done to.
struct Struck {
  ScheduledFault fault;
  Instant start;
  Instant end = Instant::never();  // it is under way
};

// Both in the order in which they came. Of another store than our own: no nodes, and nothing.
struct Chronicle {
  uint64_t nodes = 0;
  std::vector<NodeEvent> events;
  std::vector<Struck> faults;
};

}  // namespace coterie::torture
