// See timers.h.
#include "coterie/world/net/timers.h"

namespace coterie::world {

TimerId Timers::at(Instant when, std::function<void()> call) {
  const TimerId id = ++last_;
  queue_.emplace(std::pair{when, id}, std::move(call));
  when_.emplace(id, when);
  return id;
}

void Timers::cancel(TimerId id) {
  const auto found = when_.find(id);
  if (found == when_.end()) return;
  queue_.erase({found->second, id});
  when_.erase(found);
}

Instant Timers::next() const {
  return queue_.empty() ? Instant::never() : queue_.begin()->first.first;
}

void Timers::run_due(Instant now) {
  const TimerId newest = last_;
  auto next = queue_.begin();
  while (next != queue_.end() && next->first.first <= now) {
    const auto key = next->first;
    if (key.second <= newest) {
      const std::function<void()> call = std::move(next->second);
      queue_.erase(next);
      when_.erase(key.second);
      call();
    }
    next = queue_.upper_bound(key);  // the call may have changed the queue
  }
}

}  // namespace coterie::world
