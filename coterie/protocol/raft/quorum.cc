// See quorum.h.
#include "coterie/protocol/raft/quorum.h"

#include <algorithm>

#include "coterie/base/mutant.h"

namespace coterie::raft {

size_t quorum_size(size_t voters) {
  const size_t majority = voters / 2 + 1;
  return COTERIE_MUTANT("quorum-one-short") ? std::max<size_t>(majority - 1, 1) : majority;
}

}  // namespace coterie::raft
