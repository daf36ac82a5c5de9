// Messages of a channel: there is one order of all publications that explains what every
// subscriber was given. It keeps to real time (what was published before another publication began
// comes before it), nobody is given a message twice, and nothing that was not published, or not
// yet. That a message is missed is no violation: delivery is at most once.
//
// An order exists when the precedences have no cycle; they are the order of each subscriber and the
// interval order of the publications, which is never written out: a publication may come next when
// no other that remains has returned before it was called. O(n log n).
#pragma once

#include <optional>
#include <span>

#include "coterie/proof/conviction.h"
#include "coterie/proof/history.h"

namespace coterie::proof {

// REQUIRES: all `operations` are publish or received on one channel, none has failed. A text that
// was published more than once is counted, but has no place in the order.
std::optional<Conviction> judge_pubsub(const History& history,
                                       std::span<const uint32_t> operations);

}  // namespace coterie::proof
