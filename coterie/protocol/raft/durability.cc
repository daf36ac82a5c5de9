// What must be durable, and what waits for it: a term and a vote before any message of that term;
// entries before they are acknowledged or counted. All that one turn changes is one numbered write.
#include <algorithm>

#include "coterie/base/assert.h"
#include "coterie/base/mutant.h"
#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

void Raft::change_hard_state(const HardState& state) {
  COTERIE_ASSERT(state.term >= term());
  hard_state_ = state;
  hard_dirty_ = true;
  hard_write_ = write_number_ + 1;
}

bool Raft::disk_hangs(Instant now) const {
  return !writes_.empty() && now - writes_.front().since > options_.election_timeout_max;
}

void Raft::append_to_log(Entry entry) {
  if (!dirty_from_) dirty_from_ = entry.index;
  if (entry.kind == EntryKind::membership) {
    Result<Membership> membership = Membership::from_entry(entry);
    COTERIE_ASSERT(membership.has_value());  // checked at the gateway
    learn_replicas(*membership);
    memberships_.append(entry.index, *std::move(membership));
  }
  log_.append(std::move(entry));
}

// What was written of the entries that are cut counts no more, though its write may still become
// durable.
void Raft::cut_log(Index from) {
  COTERIE_ASSERT(from > commit_ && from > matched_ && !leads());
  log_.truncate(from);
  memberships_.truncate(from);
  if (dirty_from_ >= from) dirty_from_ = Index();
  if (COTERIE_MUTANT("cut-entries-stay-durable")) return;
  durable_index_ = std::min(durable_index_, from.previous());
  for (WriteInFlight& write : writes_) write.last = std::min(write.last, from.previous());
}

void Raft::form_write(Turn& turn) {
  if (!hard_dirty_ && !dirty_from_) return;
  Write& write = turn.out.writes.emplace_back();
  write.number = ++write_number_;
  if (hard_dirty_) {
    write.hard_state = hard_state_;
    if (COTERIE_MUTANT("vote-not-persisted")) write.hard_state->vote = ReplicaId();
  }
  if (dirty_from_) {
    write.entries.reserve(static_cast<size_t>(log_.last() - dirty_from_) + 1);
    for (Index i = dirty_from_; i <= log_.last(); i = i.next())
      write.entries.push_back(*log_.at(i));
  }
  hard_dirty_ = false;
  dirty_from_ = Index();
  writes_.push_back(
      {write.number, write.entries.empty() ? Index() : log_.last(), turn.now.monotonic});
}

void Raft::send(const Member& to, Term as_of, Body body, Turn& turn) {
  Message message{options_.group, options_.node, options_.replica, to.node,
                  to.replica,     as_of,         std::move(body)};
  if (hard_state_is_durable()) {
    turn.out.messages.push_back(std::move(message));
  } else {
    held_.push_back({hard_write_, std::move(message)});
  }
}

void Raft::emit_committed(Turn& turn) {
  while (emitted_ < commit_) {
    emitted_ = emitted_.next();
    turn.out.committed.push_back(*log_.at(emitted_));
  }
}

}  // namespace coterie::raft
