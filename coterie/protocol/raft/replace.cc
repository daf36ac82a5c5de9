// A wiped node holds a new replica, which remembers nothing of what the old one promised. The
// leader takes the old one out, takes the new one in as a learner, and makes it a voter when it has
// caught up: each step an entry, one at a time, each after the one before and an entry of the
// leader's own term have committed (dissertation, section 4.1; the correction of 2015 asks for the
// latter).
//
// A replica whose log was damaged keeps its identity but may have lost entries it had acknowledged.
// It votes again when its durable log covers an entry that a leader of the current term proposed
// after hearing of the damage: all that can have been committed with its help lies before that.
#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/base/reached.h"
#include "coterie/protocol/raft/quorum.h"
#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

void Raft::change_membership(Turn& turn) {
  if (!committed_in_term() || commit_ < memberships_.latest_index() || transfer_) return;
  for (const auto& [node, replica] : said_) {
    if (node != options_.node && replace_member(node, replica, turn)) return;
  }
  promote_learner(turn);
}

// Whoever took a new replica in has heard its node later than what is remembered here: a word of an
// older replica must not make this one take the new one out again.
void Raft::learn_replicas(const Membership& next) {
  for (const Member& member : next.members) {
    const Member* before = membership().find(member.node);
    if (before != nullptr && before->replica == member.replica) continue;
    if (const auto said = said_.find(member.node); said != said_.end())
      said->second = member.replica;
  }
}

// The next step for a node that holds this replica. Returns whether it was proposed.
bool Raft::replace_member(NodeId node, ReplicaId replica, Turn& turn) {
  const Member* member = membership().find(node);
  if (member != nullptr && member->replica == replica) return false;
  Membership next = membership();
  auto at = std::find_if(next.members.begin(), next.members.end(),
                         [&](const Member& one) { return one.node >= node; });
  if (member == nullptr) {
    if (next.members.size() >= members_max) return false;
    next.members.insert(at, {node, replica, false});
    note(turn, false, fmt::format("node {} is taken in as a learner", node));
  } else if (!member->voter) {
    at->replica = replica;  // learners count for nothing: it is one step
    note(turn, false, fmt::format("node {} was wiped again: it stays a learner", node));
  } else {
    // Without it, who is left must still be able to commit.
    size_t active = 1;
    for (const auto& [other, peer] : progress_) {
      if (other != node && peer.member.voter && peer.recently_active) ++active;
    }
    if (active < quorum_size(membership().voters() - 1)) {
      COTERIE_REACHED("replacement waits for a majority");
      return false;
    }
    next.members.erase(at);
    note(turn, true, fmt::format("node {} holds a new replica: the old one is taken out", node));
  }
  propose_membership(std::move(next), turn);
  return true;
}

bool Raft::promote_learner(Turn& turn) {
  for (const auto& [node, peer] : progress_) {
    if (peer.member.voter || peer.damaged || !peer.recently_active) continue;
    if (peer.probing || peer.snapshotting) continue;
    // It must know by its own log that it is a member: then it may answer whoever asks for its
    // vote.
    if (peer.match < memberships_.latest_index()) continue;
    if (peer.match + options_.promote_lag_max < log_.last()) continue;
    Membership next = membership();
    for (Member& member : next.members) {
      if (member.node == node) member.voter = true;
    }
    note(turn, false, fmt::format("node {} has caught up: it votes from now on", node));
    propose_membership(std::move(next), turn);
    return true;
  }
  return false;
}

void Raft::propose_membership(Membership next, Turn& turn) {
  COTERIE_REACHED("membership changed");
  Entry header = own_entry(EntryKind::membership);
  append_to_log(make_entry(header, to_wire(next).view()));
  rebuild_progress(turn);
}

void Raft::hear_damage(Progress& peer, bool damaged, Turn& turn) {
  if (damaged == peer.damaged) return;
  peer.damaged = damaged;
  if (damaged) {
    COTERIE_REACHED("damage heard of");
    peer.heal_index = log_.last().next();
    note(turn, true,
         fmt::format(
             "node {} has a damaged log: it is repaired, and votes again once it holds entry {}",
             peer.member.node, peer.heal_index));
  } else {
    note(turn, false, fmt::format("node {} is whole again", peer.member.node));
  }
}

// The entry a damaged replica waits for, if nothing else came.
void Raft::propose_healing() {
  for (const auto& [node, peer] : progress_) {
    if (peer.damaged && peer.heal_index > log_.last()) append_to_log(own_entry(EntryKind::stamp));
  }
}

void Raft::heal_if_covered(Turn& turn) {
  if (!hard_state_.damaged || !heal_index_ || std::min(matched_, durable_index_) < heal_index_)
    return;
  COTERIE_REACHED("healed");
  change_hard_state({term(), hard_state_.vote, false});
  heal_index_ = Index();
  answer_wanted_ = true;
  note(turn, false, "the damaged log is whole again: this replica votes from now on");
}

}  // namespace coterie::raft
