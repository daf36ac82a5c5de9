// Mutual exclusion with fencing: no two clients hold a lock at once, tokens grow, and the resource
// that the lock guards accepts no token below one that it has accepted.
//
// A client surely holds a lock from the return of acquire to the call of its release, or to the
// earliest end of its lease: from there on another may hold it, too, which is why there are tokens.
// Sure holds must not overlap. What was granted before another request began has the lower token.
// O(n log n). Kleppmann, "How to do distributed locking", 2016, on why fencing is what counts.
#pragma once

#include <optional>

#include "coterie/proof/conviction.h"
#include "coterie/proof/judge.h"
#include "coterie/proof/part.h"

namespace coterie::proof {

// Whether these rules can judge it: one key, acquire and release alone, or use alone.
bool is_mutex(const Part& part);

// REQUIRES: is_mutex(part). Nothing: none of the rules is broken, which is less than
// linearizability.
std::optional<Conviction> judge_mutex(const History& history, const Part& part,
                                      const ValuePool& pool, const ExpirySlack& slack);

}  // namespace coterie::proof
