// See kernel.h.
#include "coterie/world/sim/kernel.h"

#include <algorithm>

#include "coterie/base/assert.h"

namespace coterie::sim {

namespace {

// A heap of the standard library keeps the largest in front; ours is the earliest.
struct Later {
  bool operator()(const Event& a, const Event& b) const {
    return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
  }
};

}  // namespace

void Kernel::schedule(Instant when, EventKind kind, uint32_t subject, uint64_t argument) {
  COTERIE_ASSERT(when >= now_);
  heap_.push_back({when, sequence_++, argument, subject, kind});
  std::push_heap(heap_.begin(), heap_.end(), Later{});
}

void Kernel::schedule_action(Instant when, std::function<void()> action) {
  uint64_t slot = 0;
  if (free_actions_.empty()) {
    slot = actions_.size();
    actions_.push_back(std::move(action));
  } else {
    slot = free_actions_.back();
    free_actions_.pop_back();
    actions_[slot] = std::move(action);
  }
  schedule(when, EventKind::action, 0, slot);
}

Event Kernel::take() {
  COTERIE_ASSERT(!heap_.empty());
  std::pop_heap(heap_.begin(), heap_.end(), Later{});
  const Event event = heap_.back();
  heap_.pop_back();
  now_ = event.when;
  events_ += 1;
  digest_.add(static_cast<uint64_t>(event.when.ns) * 0x9e3779b97f4a7c15ULL ^
              (uint64_t{event.subject} << 40) ^
              (uint64_t{static_cast<uint32_t>(event.kind)} << 32) ^
              event.argument * 0xd6e8feb86659fd93ULL);
  return event;
}

std::function<void()> Kernel::take_action(uint64_t slot) {
  std::function<void()> action = std::move(actions_[slot]);
  actions_[slot] = nullptr;
  free_actions_.push_back(static_cast<uint32_t>(slot));
  return action;
}

void Kernel::advance(Instant when) {
  COTERIE_ASSERT(when >= now_ && when <= next_at());
  now_ = when;
}

}  // namespace coterie::sim
