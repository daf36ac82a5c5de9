// Which operations must be judged together: those on one key, and those on keys that a transaction
// joins. A set of which only single members are asked is many small sets; a hash of which only
// single fields are asked is many small hashes.
#pragma once

#include <cstdint>
#include <vector>

#include "coterie/proof/history.h"

namespace coterie::proof {

struct Group {
  std::vector<uint32_t> operations;  // indices into the history, in its order; none has failed
  bool channel = false;              // publish and received
};

// REQUIRES: check_vocabulary has passed the history.
std::vector<Group> partition(const History& history);

}  // namespace coterie::proof
