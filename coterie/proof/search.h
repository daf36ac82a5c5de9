// The general search: whether the steps of a part can be ordered, for every machine.
//
// It sweeps over calls and returns in the order of time and keeps all configurations that the
// history allows up to there. A configuration is what has taken effect among the operations that
// are open, the state, and which unknown operations were used: everything that has returned has
// taken effect, so that is all. An operation is placed only when its return forces it, after as
// many others as it takes. Memory follows how many operations overlap, not how many there are.
//
//  - A read that is right in the present state is placed at once: it changes nothing, so it can
//    hinder nothing.
//  - Of equal open operations the one that returns first is placed first.
//  - Unknown operations stay open for ever; equal ones are counted, not told apart. Of two
//    configurations that differ only there, the one that has used fewer can do all that the other
//    can. They are tried only where they may help (guide.h).
//  - What changes nothing and has been placed need not be placed again: of two configurations that
//    differ only there, the one that has placed more can do all that the other can.
//
// Wing & Gong, "Testing and Verifying Concurrent Objects", 1993; Lowe, "Testing for
// Linearizability", 2017 (just-in-time linearization).
//
// The number of configurations can grow beyond all bounds, by which unknown operations were used
// or by which of many open ones were placed. So the exact set is approached from both sides.
// Narrow sweeps keep the best few configurations at each return: a history that holds mostly shows
// it there. A wide sweep does not count how often unknown operations are used, and so follows more
// orders than there are: a history that is violated mostly shows it there, and so does one that
// holds, if the order that was found uses none too often; otherwise that kind is counted in the
// next (counterexample-guided refinement: Clarke et al., 2000). See sweep.h.
#pragma once

#include <string>
#include <vector>

#include "coterie/proof/judge.h"
#include "coterie/proof/machine.h"
#include "coterie/proof/part.h"

namespace coterie::proof {

struct Found {
  Verdict verdict = Verdict::holds;
  Bound bound = Bound::none;
  // Of a violation: the first step whose return no configuration survives, and up to three of the
  // states that were possible then.
  uint32_t stuck = none;
  std::vector<std::string> states;
};

// What a search may still use; taken from the bounds of the whole call.
struct Budget {
  uint64_t steps = 0;
  uint64_t memory_bytes = 0;
  uint64_t open = 0;
  bool narrow_sweeps = true;
};

// Takes the steps that it has made from `budget`.
Found search(const Part& part, ValuePool& pool, Budget& budget);

}  // namespace coterie::proof
