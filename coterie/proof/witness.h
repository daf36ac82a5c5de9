// The order that the store itself tells (revisions, commit indexes) is tried before any search:
// whether it keeps to the times of the operations and explains their results takes O(n log n). If
// it does, the history holds; if not, nothing is known, for a hint never convicts.
#pragma once

#include "coterie/proof/history.h"
#include "coterie/proof/machine.h"
#include "coterie/proof/part.h"

namespace coterie::proof {

// False also when some operation that has happened has no order. Unknown ones without an order are
// taken as not having happened. Of equal orders, what changes nothing comes last.
bool follows_its_order(const History& history, const Part& part, ValuePool& pool);

}  // namespace coterie::proof
