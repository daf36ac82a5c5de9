// All that a State is. Every part shares its memory with its copies, or is small.
#pragma once

#include <cstdint>

#include "coterie/base/ids.h"
#include "coterie/store/state/fence.h"
#include "coterie/store/state/keyspace.h"
#include "coterie/store/state/once.h"
#include "coterie/store/state/sessions.h"
#include "coterie/store/state/state.h"
#include "coterie/store/state/waiters.h"

namespace coterie::state {

struct StateData {
  Index applied;
  Term applied_term;
  int64_t now_ms = 0;
  Revision revision;
  Keyspace keyspace;
  Sessions sessions;
  Waiters waiters;
  OnceTable once;
  FenceTable fences;
};

struct State::Impl : StateData {};

}  // namespace coterie::state
