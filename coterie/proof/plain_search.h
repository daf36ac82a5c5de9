// Is there an order of the operations in which each takes effect between its call and its return,
// and each result is what the key holds at that point? A plain search with memory: it extends the
// order by one operation at a time and never visits the same (operations done, state) twice.
//
// Herlihy & Wing, "Linearizability", 1990; Wing & Gong, "Testing and Verifying Concurrent Objects",
// 1993; the memory is Lowe's, "Testing for Linearizability", 2017. Exponential in the number of
// operations that overlap; histories are split by key first, since each key is an object of its own
// (Herlihy & Wing, locality).
#pragma once

#include <cstddef>
#include <string>

#include "coterie/base/result.h"
#include "coterie/proof/history.h"
#include "coterie/proof/ruling.h"

namespace coterie::proof {

struct SearchBounds {
  size_t operations_max = 4'096;  // of one key
  size_t steps_max = 2'000'000;   // of one key
};

// Strings with set, get, del and incr: "get" of an absent key has the result "", "incr" has the new
// number, "del" has "1" or "0". Unknown outcomes are optional.
Ruling linearizable_strings(const History& history, const SearchBounds& bounds = {});

}  // namespace coterie::proof
