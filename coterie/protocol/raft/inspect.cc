// What a machine shows of itself, and its digest.
#include "coterie/base/assert.h"
#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

const char* role_name(Role role) {
  switch (role) {
    case Role::follower:
      return "follower";
    case Role::pre_candidate:
      return "pre-candidate";
    case Role::candidate:
      return "candidate";
    case Role::leader:
      return "leader";
  }
  return "?";
}

void Effects::clear() {
  messages.clear();
  writes.clear();
  committed.clear();
  reads.clear();
  snapshot_reads.clear();
  snapshot_writes.clear();
  notes.clear();
}

bool Effects::empty() const {
  return messages.empty() && writes.empty() && committed.empty() && reads.empty() &&
         snapshot_reads.empty() && snapshot_writes.empty() && notes.empty();
}

Role Raft::role() const { return role_; }
Term Raft::term() const { return hard_state_.term; }
NodeId Raft::leader() const { return leader_.node; }
ReplicaId Raft::replica() const { return options_.replica; }
NodeId Raft::node() const { return options_.node; }
uint64_t Raft::life() const { return life_; }
Index Raft::last_index() const { return log_.last(); }
Index Raft::commit() const { return commit_; }
Index Raft::durable_index() const { return durable_index_; }
Index Raft::first_index() const { return log_.first(); }
uint64_t Raft::log_truncations() const { return log_.truncations(); }
const Entry* Raft::entry_at(Index index) const { return log_.at(index); }
const SnapshotPoint& Raft::snapshot() const { return snapshot_; }
const Membership& Raft::membership() const { return memberships_.latest(); }
Index Raft::membership_index() const { return memberships_.latest_index(); }
const std::map<NodeId, Progress>& Raft::progress() const { return progress_; }
HardState Raft::hard_state() const { return hard_state_; }
uint64_t Raft::log_bytes() const { return log_.bytes(); }

Term Raft::term_at(Index index) const {
  return index == snapshot_.index ? snapshot_.term : log_.term_at(index);
}

const Membership& Raft::membership_at(Index index) const {
  COTERIE_ASSERT(index >= snapshot_.index && index <= log_.last());
  return memberships_.at(index);
}

bool Raft::may_vote() const {
  const Member* self = membership().find(options_.replica);
  return !hard_state_.damaged && self != nullptr && self->voter;
}

Member Raft::own_member() const {
  const Member* self = membership().find(options_.replica);
  return self != nullptr ? *self : Member{options_.node, options_.replica, false};
}

}  // namespace coterie::raft
