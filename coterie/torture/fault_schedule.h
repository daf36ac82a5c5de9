// What is done to a cluster of real processes, and when: drawn from a seed before anything starts.
// The same seed gives the same schedule; what the processes make of it is theirs, since real time
// is nobody's to repeat.
//
// Faults come in two rows that run side by side, one for what happens to nodes and one for what
// happens to the links between them. In each row a fault ends before the next begins. Every kind
// that is asked for comes once before any comes again, as far as the time allows. Half of the
// kills, pauses and cuts aim: whoever leads when they strike is among the nodes they are done to.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/result.h"
#include "coterie/base/time.h"

namespace coterie::torture {

enum class FaultKind : uint8_t {
  // of nodes
  kill,      // SIGKILL, and started again when the fault is over
  kill_all,  // all nodes at once
  pause,     // SIGSTOP, and SIGCONT when the fault is over
  wipe,      // SIGKILL, and started again with an empty folder
  sync,      // every sync of its disk fails: the node must stop by itself
  full,      // its disk is full
  // of links
  cut,      // nothing passes between some nodes and the rest
  one_way,  // nothing gets out of a node, or nothing gets in
  delay,    // what the links carry comes later, and not evenly
  narrow,   // the links of a node carry little
  reset,    // connections are killed again and again, new ones refused in between
};
inline constexpr size_t fault_kinds = static_cast<size_t>(FaultKind::reset) + 1;

std::string_view fault_kind_name(FaultKind kind);
// What it does, for the help.
std::string_view fault_kind_help(FaultKind kind);
bool is_of_links(FaultKind kind);

// "all", "none", or names with commas between them; `all-but-NAME,NAME`. Fault::invalid says which
// there are.
Result<std::set<FaultKind>> parse_fault_kinds(std::string_view text);

struct ScheduledFault {
  FaultKind kind = FaultKind::kill;
  Duration start{};   // since the cluster was ready
  Duration length{};  // until it is taken back
  // The nodes it is done to, numbered from 1; of a cut one side, the smaller.
  std::set<uint64_t> nodes{};
  bool inward = false;  // one_way: nothing gets in (otherwise nothing gets out)
  bool lossy = false;   // cut, one_way: bytes are lost and connections break, instead of waiting
  Duration delay{};     // delay: of each byte; as much again is drawn for each
  uint64_t bytes_per_second = 0;  // narrow
  // At whoever leads when it strikes; `nodes` are for the case that nobody is known to.
  bool aimed = false;
  uint64_t leader = 0;  // which of `nodes` led when it struck; 0: not known

  bool operator==(const ScheduledFault&) const = default;
};

// "pause node 2"; of a fault that has struck with a word on who led: "pause node 2 (leader)".
std::string describe_deed(const ScheduledFault& fault);
// "+12.3 s for 1.5 s: pause node 2"
std::string describe(const ScheduledFault& fault);

// The fault as it strikes when `leader` leads, 0: when nobody is known to. Of one that is aimed the
// leader is among the nodes, in the place of the first if it was not.
ScheduledFault struck_at(const ScheduledFault& fault, uint64_t leader);

struct ScheduleOptions {
  uint64_t seed = 0;
  uint64_t nodes = 3;
  Duration duration = seconds(60);  // every fault is over by then
  std::set<FaultKind> kinds{};
};

// Ordered by start. REQUIRES: nodes > 0. Kinds that a cluster of that size cannot bear (a wipe of
// one of two) are left out; links have faults only where there are links.
std::vector<ScheduledFault> draw_schedule(const ScheduleOptions& options);

// Whether a cluster of that size is put to such a fault.
bool bears(uint64_t nodes, FaultKind kind);

}  // namespace coterie::torture
