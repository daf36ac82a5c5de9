// Registers whose written values are all different, judged in O(n log n).
//
// A value's cluster is its write and the reads that returned it. Let f be the first return in it
// and s the last call. f < s is a forward zone: between f and s the register must have held this
// value. Otherwise [s, f] is a backward zone: somewhere in it the value was written and read. The
// history holds exactly when no read ends before its write was called, no two forward zones
// overlap and no backward zone lies inside a forward one. (In short: no two clusters with f < s'
// and f' < s.)
//
// Gibbons & Korach, "Testing Shared Memories", 1997. The register before its first write is a
// cluster whose write lies before all time. A write of unknown outcome that nobody has read is
// left out, for it need not have happened; one that was read is a write that returns only at the
// end of time: its first reader bounds it.
#pragma once

#include <optional>

#include "coterie/proof/conviction.h"
#include "coterie/proof/part.h"

namespace coterie::proof {

// Whether the zones can decide: one key, get and set alone, no value set twice.
bool has_zones(const Part& part, const ValuePool& pool);

// REQUIRES: has_zones(part). Nothing: it holds.
std::optional<Conviction> judge_zones(const History& history, const Part& part,
                                      const ValuePool& pool);

}  // namespace coterie::proof
