// A scenario is a plan written down, with what is expected of it: what the shrinker leaves of a
// failing seed, and what tests/golden keeps. One thing a line; # begins a comment.
//
//   # A deposed leader answered a read.
//   mutant read-without-round        the planted bug that it shows; without one, nothing may fail
//   expect judged                    the failure, in a build with that bug
//   seed 4711
//   nodes 3
//   duration 1800ms
//   pause 12000us                    mean, between two conversations of a client
//   keys 2
//   knob segment-kib 16
//   client 0 strings at-most 9 without 1-3,5
//   client 4 queue hurry 20          of 1000 conversations
//   at 1203ms partition side 1,3 for 800ms seed 77
//   at 1210.5ms client 4 holds 17 node 3    its 17th conversation, and no other without such a line
//   at 1310ms lose-frame node 1 peer 2 frame 3
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "coterie/base/result.h"
#include "coterie/trial/decisions.h"
#include "coterie/trial/plan.h"
#include "coterie/trial/trial.h"

namespace coterie::trial {

struct Scenario {
  std::string comment;  // its lines, without the marks
  std::string mutant;   // empty: none
  Failure expected = Failure::none;
  Plan plan;

  bool operator==(const Scenario&) const = default;
};

// Remarks that stand behind lines: what a conversation says, what a lost frame was.
using Remarks = std::map<std::string, std::string>;
Remarks remarks_of(const Plan& plan, const Decisions& decisions);

std::string write_scenario(const Scenario& scenario, const Remarks& remarks = {});
// Fault::invalid with the number of the line and what was expected there. A scenario of more than a
// million bytes, 9 nodes, 100 clients or 10,000 faults is refused.
Result<Scenario> read_scenario(std::string_view text);

}  // namespace coterie::trial
