// The shortest explanation found of a violation that the general search has shown: a few operations
// that no order explains, not even alone.
//
// Leaving an operation out may make a violation that was none: a read whose write is gone. So only
// what keeps every history that holds one that holds is left out:
//  - what was called after the violation had shown itself; what had not returned by then counts as
//    unknown;
//  - an operation that changes nothing;
//  - a key of several, with all its calls;
//  - of texts with get and set alone, a value with all its writes and reads;
//  - of lists with pushes and pops alone, an item with all its pushes and pops, once the lengths
//  that
//    pushes return are not asked for.
#pragma once

#include "coterie/proof/search.h"

namespace coterie::proof {

struct Explanation {
  std::vector<uint32_t> operations;  // in the history
  uint32_t stuck = none;             // the operation that no order explains, with the others
  std::vector<std::string> states;   // what the keys could hold when it returned
};

// REQUIRES: search(part) has found `found`, a violation. Tries at most `tries_max` smaller parts.
Explanation explain(const Part& part, ValuePool& pool, const Found& found, const Budget& bounds,
                    uint64_t tries_max);

}  // namespace coterie::proof
