// See fence.h.
#include "coterie/store/state/fence.h"

#include "coterie/base/assert.h"
#include "coterie/store/state/state.h"

namespace coterie::state {

std::optional<uint64_t> FenceTable::highest(std::string_view resource) const {
  const Fence* fence = fences_.find(resource);
  return fence == nullptr ? std::nullopt : std::optional(fence->token);
}

bool FenceTable::full() const { return fences_.size() >= Limits::fence_resources_max; }

void FenceTable::raise(std::string_view resource, uint64_t token) {
  if (Fence* fence = fences_.find_for_write(resource)) {
    COTERIE_ASSERT(fence->token <= token);
    fence->token = token;
    return;
  }
  COTERIE_ASSERT(!full());
  fences_.insert({Bytes(resource), token});
}

}  // namespace coterie::state
