// Books of a queue: nothing comes out that was not put in, nothing comes out twice, what went in
// first comes out first, and a queue that says it is empty has not kept anything back. Each is a
// consequence of linearizability, said in the words of the violation; together they are less than
// it. O(n log n), whatever overlaps.
//
// Henzinger, Sezgin & Vafeiadis, "Aspect-Oriented Linearizability Proofs", 2013, has these as the
// violations of a queue. A pop of unknown outcome may have taken one item, which nobody will see.
#pragma once

#include <optional>

#include "coterie/proof/conviction.h"
#include "coterie/proof/part.h"

namespace coterie::proof {

// Whether the books can be kept: one key, rpush, lpop and llen alone.
bool has_books(const Part& part);

// REQUIRES: has_books(part). Items that were put in more than once are counted, but have no order.
std::optional<Conviction> judge_books(const History& history, const Part& part,
                                      const ValuePool& pool);

}  // namespace coterie::proof
