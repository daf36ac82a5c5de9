// See input_budget.h.
#include "coterie/server/client/input_budget.h"

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"

namespace coterie::server {

void InputBudget::update(ClientId id, size_t bytes_before, size_t bytes, bool incomplete) {
  COTERIE_ASSERT(total_bytes_ >= bytes_before);
  total_bytes_ = total_bytes_ - bytes_before + bytes;
  if (incomplete && bytes > limits_.free_bytes) {
    large_.insert(id);
  } else if (!large_.empty() && large_.erase(id) > 0) {
    completed(id);
  }
  if (!full_ && total_bytes_ > limits_.total_bytes_max) {
    COTERIE_REACHED("clients' incomplete requests reach their bound");
    full_ = true;
    released_ = false;
    ++times_full_;
  } else if (full_ && total_bytes_ <= limits_.total_bytes_max / 4 * 3) {
    full_ = false;
    released_ = true;
    reader_ = 0;
  }
}

InputBudget::Decision InputBudget::decide(Instant now) {
  Decision decision;
  if (!full_) return decision;
  if (reader_ != 0) {
    if (now - reader_since_ < limits_.turn_max) return decision;
    COTERIE_REACHED("a client does not complete its request while others wait");
    decision.late = reader_;
    large_.erase(reader_);
    reader_ = 0;
  }
  if (large_.empty()) return decision;
  auto next = large_.upper_bound(last_reader_);
  if (next == large_.end()) next = large_.begin();
  decision.reader = reader_ = last_reader_ = *next;
  reader_since_ = now;
  return decision;
}

std::set<ClientId> InputBudget::take_released() {
  if (!released_) return {};
  released_ = false;
  return large_;
}

}  // namespace coterie::server
