// Which rare paths a campaign must take. Those of rooms that are not in the simulator do not count;
// nor do those that no simulated cluster can take, or none of ten thousand took, each with the
// reason. The tests of their rooms must take all of these all the same.
#pragma once

#include <string_view>
#include <vector>

#include "coterie/base/reached.h"

namespace coterie::trial {

struct OutOfReach {
  std::string_view name;
  std::string_view reason;
};

const std::vector<OutOfReach>& out_of_reach();

// A campaign is to take it: it is in a room that runs in the simulator, and not out of reach.
bool counts_in_campaigns(const ReachedSite& site);

}  // namespace coterie::trial
