// See state.h. Applying is in apply.cc, snapshots in snapshot_source.cc and snapshot_loader.cc.
#include "coterie/store/state/state.h"

#include <algorithm>

#include "coterie/store/state/executor.h"
#include "coterie/store/state/state_data.h"

namespace coterie::state {

void ApplyEffects::clear() {
  replies.clear();
  published.clear();
  opened.clear();
  closed.clear();
}

State::State() : impl_(std::make_unique<Impl>()) {}
State::State(const State& other) : impl_(std::make_unique<Impl>(*other.impl_)) {}
State& State::operator=(const State& other) {
  if (this != &other) impl_ = std::make_unique<Impl>(*other.impl_);
  return *this;
}
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;
State::~State() = default;

Reply State::read(const CommandSpec& spec, uint8_t db,
                  std::span<const std::string_view> args) const {
  ReplyBuilder reply;
  run_read(impl_->keyspace, impl_->now_ms, spec, db, args, reply);
  return reply.take();
}

const StateData& State::data() const { return *impl_; }

Index State::applied() const { return impl_->applied; }
Term State::applied_term() const { return impl_->applied_term; }
int64_t State::now_ms() const { return impl_->now_ms; }
Revision State::revision() const { return impl_->revision; }

int64_t State::next_deadline_ms() const {
  return std::min({impl_->keyspace.next_deadline_ms(), impl_->waiters.next_deadline_ms(),
                   impl_->sessions.next_deadline_ms()});
}

uint64_t State::keys() const {
  uint64_t sum = 0;
  for (uint8_t db = 0; db < databases; ++db) sum += keys_in(db);
  return sum;
}
uint64_t State::keys_in(uint8_t db) const { return impl_->keyspace.size(db, impl_->now_ms); }
uint64_t State::expiring_in(uint8_t db) const {
  return impl_->keyspace.expiring(db, impl_->now_ms);
}
uint64_t State::memory_bytes() const { return impl_->keyspace.memory_bytes(); }

std::optional<SessionView> State::session(SessionId id) const {
  const Session* session = impl_->sessions.find(id);
  if (session == nullptr) return std::nullopt;
  return SessionView{session->node,         session->replica,  session->last_applied,
                     session->acknowledged, session->heard_ms, session->kept_bytes};
}

std::vector<SessionId> State::sessions_of(NodeId node) const {
  std::vector<SessionId> ids;
  for (const auto& [id, session] : impl_->sessions.all()) {
    if (session.node == node) ids.push_back(id);
  }
  return ids;
}

std::optional<Reply> State::kept_reply(SessionId id, uint64_t number) const {
  const Session* session = impl_->sessions.find(id);
  return session == nullptr ? std::nullopt : session->reply(number);
}

bool State::waiting(SessionId id, uint64_t number) const {
  return impl_->waiters.of_request(id, number).has_value();
}

std::vector<SessionId> State::silent_sessions(int64_t now_ms) const {
  return impl_->sessions.silent(now_ms);
}

uint64_t State::digest() const {
  Digest digest;
  digest.add(impl_->applied.value);
  digest.add(impl_->applied_term.value);
  digest.add(static_cast<uint64_t>(impl_->now_ms));
  digest.add(impl_->revision.value);
  digest.add(impl_->keyspace.digest());
  impl_->sessions.add_to(digest);
  impl_->waiters.add_to(digest);
  impl_->once.add_to(digest);
  impl_->fences.add_to(digest);
  return digest.value();
}

uint64_t State::slot_digest(uint16_t slot) const {
  return impl_->keyspace.slot_digest(slot % slots);
}

}  // namespace coterie::state
