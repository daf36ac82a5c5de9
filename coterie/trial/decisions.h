// What a run decides while it goes on, typed: each thing that a lasting fault did by chance, as a
// single fault that does the same; and each conversation of a client, with its time and place. Put
// into a plan in place of what decided it, they make the same run; and they can be taken away one
// by one (shrink.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "coterie/trial/planned_fault.h"

namespace coterie::trial {

struct Decided {
  PlannedFault of;      // the fault of the plan
  PlannedFault single;  // the same as `of` when that was single already
  std::string about;    // what the frame said
};

struct Begun {
  uint32_t client = 0;
  uint64_t number = 0;  // of the conversation
  Duration at;          // since the clients began
  NodeId node;          // that was asked first
  std::string words;    // its first command
};

struct Decisions {
  static constexpr size_t most = 100'000;  // of each; what comes after is not kept
  std::vector<Decided> faults;
  std::vector<Begun> conversations;
  bool complete = true;
};

}  // namespace coterie::trial
