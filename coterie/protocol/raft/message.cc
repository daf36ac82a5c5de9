// See message.h.
#include "coterie/protocol/raft/message.h"

#include <algorithm>

#include "coterie/base/codec.h"

namespace coterie::raft {

const Member* Membership::find(ReplicaId replica) const {
  for (const Member& member : members) {
    if (member.replica == replica) return &member;
  }
  return nullptr;
}

const Member* Membership::find(NodeId node) const {
  for (const Member& member : members) {
    if (member.node == node) return &member;
  }
  return nullptr;
}

size_t Membership::voters() const {
  return static_cast<size_t>(std::count_if(members.begin(), members.end(),
                                           [](const Member& member) { return member.voter; }));
}

Result<Membership> Membership::from_entry(const Entry& entry) {
  if (entry.kind != EntryKind::membership)
    return fail(Fault::corrupt, "not an entry of kind membership");
  COTERIE_TRY(membership, from_wire<Membership>(entry.body()));
  const std::vector<Member>& members = membership.members;
  const auto misplaced =
      std::adjacent_find(members.begin(), members.end(),
                         [](const Member& a, const Member& b) { return a.node >= b.node; });
  if (members.size() > members_max || misplaced != members.end()) {
    return fail(Fault::corrupt, "malformed membership");
  }
  return membership;
}

}  // namespace coterie::raft
