// See event_queue.h.
#include "coterie/protocol/raft/event_queue.h"

#include <algorithm>
#include <utility>

namespace coterie::raft {

Event& EventQueue::push(Instant at, Event::Kind kind, NodeId node) {
  uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<uint32_t>(events_.size());
    events_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  heap_.push_back({at, order_++, slot});
  std::push_heap(heap_.begin(), heap_.end(), Later{});
  Event& event = events_[slot];
  event.kind = kind;
  event.node = node;
  return event;
}

void EventQueue::pop(Event& into) {
  std::pop_heap(heap_.begin(), heap_.end(), Later{});
  const uint32_t slot = heap_.back().slot;
  heap_.pop_back();
  into = std::move(events_[slot]);
  free_.push_back(slot);
}

}  // namespace coterie::raft
