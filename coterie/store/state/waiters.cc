// See waiters.h.
#include "coterie/store/state/waiters.h"

#include <algorithm>
#include <utility>

#include "coterie/base/assert.h"

namespace coterie::state {

namespace {
// Deadlines are not negative: log time begins at 0.
uint64_t deadline_place(int64_t deadline_ms) {
  return static_cast<uint64_t>(std::max<int64_t>(deadline_ms, 0));
}
}  // namespace

uint64_t WaiterTraits::digest(const Waiter& waiter) {
  Digest digest;
  digest.add(waiter.id);
  digest.add(waiter.session.value);
  digest.add(waiter.number);
  digest.add(static_cast<uint64_t>(waiter.deadline_ms));
  digest.add(waiter.command.view());
  digest.add(waiter.db);
  for (const Bytes& key : waiter.keys) digest.add(key.view());
  return digest.value();
}

void Waiters::add(Waiter waiter) {
  waiter.id = ++last_id_;
  insert(std::move(waiter));
}

void Waiters::insert(Waiter waiter) {
  for (const Bytes& key : waiter.keys) by_key_.insert({key, waiter.id, waiter.db});
  by_deadline_.insert({deadline_place(waiter.deadline_ms), waiter.id, waiter.id});
  by_request_.insert({waiter.session.value, waiter.number, waiter.id});
  waiters_.insert(std::move(waiter));
}

void Waiters::remove(uint64_t id) {
  const Waiter* found = waiters_.find(id);
  COTERIE_ASSERT(found != nullptr);
  const Waiter waiter = *found;
  for (const Bytes& key : waiter.keys)
    by_key_.erase(WaiterOfKeyTraits::Probe{waiter.db, key.view(), id});
  by_deadline_.erase(WaiterPairTraits::Probe{deadline_place(waiter.deadline_ms), id});
  by_request_.erase(WaiterPairTraits::Probe{waiter.session.value, waiter.number});
  waiters_.erase(id);
}

const Waiter* Waiters::next(uint8_t db, std::string_view key, uint64_t after) const {
  const uint64_t rank = by_key_.rank_of(WaiterOfKeyTraits::Probe{db, key, after + 1});
  if (rank >= by_key_.size()) return nullptr;
  const WaiterOfKey& of = *by_key_.at(rank);
  return of.db == db && of.key.view() == key ? waiters_.find(of.id) : nullptr;
}

std::optional<uint64_t> Waiters::of_request(SessionId session, uint64_t number) const {
  const WaiterPair* found = by_request_.find(WaiterPairTraits::Probe{session.value, number});
  return found == nullptr ? std::nullopt : std::optional(found->id);
}

std::vector<uint64_t> Waiters::of_session(SessionId session) const {
  std::vector<uint64_t> ids;
  by_request_.visit(by_request_.rank_of_place(session.value), [&](const WaiterPair& pair) {
    if (pair.first != session.value) return false;
    ids.push_back(pair.id);
    return true;
  });
  return ids;
}

std::optional<uint64_t> Waiters::due(int64_t now_ms) const {
  if (by_deadline_.empty() || next_deadline_ms() > now_ms) return std::nullopt;
  return by_deadline_.at(0)->id;
}

int64_t Waiters::next_deadline_ms() const {
  return by_deadline_.empty() ? INT64_MAX : static_cast<int64_t>(by_deadline_.at(0)->first);
}

void Waiters::add_to(Digest& digest) const {
  digest.add(last_id_);
  digest.add(waiters_.digest());
}

bool Waiters::restore(Waiter waiter) {
  if (waiter.id <= last_id_ || of_request(waiter.session, waiter.number)) return false;
  last_id_ = waiter.id;
  insert(std::move(waiter));
  return true;
}

}  // namespace coterie::state
