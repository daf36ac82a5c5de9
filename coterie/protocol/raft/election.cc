// How a leader is chosen: randomised waiting, a pre-vote that changes nothing, a vote that is
// durable before it is given, and only for a log that is at least as complete (Ongaro & Ousterhout
// 2014, sections 5.2 and 5.4.1; dissertation, 9.6).
#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/mutant.h"
#include "coterie/base/reached.h"
#include "coterie/protocol/raft/quorum.h"
#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

void Raft::expect_leader_until(Instant from, Duration low, Duration high) {
  const auto width = static_cast<uint64_t>(high.ns - low.ns);
  election_deadline_ = from + low + nanoseconds(static_cast<int64_t>(random_.below(width)));
}

void Raft::election_timeout(Turn& turn) {
  COTERIE_ASSERT(!leads());
  if (!may_vote()) {
    leader_ = Member();
    refuse_reads(turn);
    return expect_leader_until(turn.now.monotonic, options_.election_timeout_min,
                               options_.election_timeout_max);
  }
  if (disk_hangs(turn.now.monotonic)) {
    // It could not even make its own vote durable.
    COTERIE_REACHED("no candidate while the disk hangs");
    return expect_leader_until(turn.now.monotonic, options_.election_timeout_min,
                               options_.election_timeout_max);
  }
  if (role_ == Role::candidate) {
    COTERIE_REACHED("vote split");
    note(turn, false, fmt::format("the election of term {} gave no majority in time", term()));
  }
  become_pre_candidate(leader_down_ ? "the leader's connection closed" : "no word of a leader",
                       turn);
}

void Raft::request_votes(bool pre_vote, bool transfer, Turn& turn) {
  VoteRequest request;
  request.pre_vote = pre_vote;
  request.transfer = transfer;
  request.last_index = log_.last();
  request.last_term = log_.last_term();
  for (const Member& member : membership().members) {
    if (!member.voter || member.replica == options_.replica) continue;
    send(member, pre_vote ? term().next() : term(), request, turn);
  }
}

void Raft::count_own_vote(Turn& turn) {
  COTERIE_ASSERT(role_ == Role::candidate && hard_state_is_durable());
  count_vote(options_.node, true, turn);
}

void Raft::count_vote(NodeId node, bool granted, Turn& turn) {
  COTERIE_ASSERT(role_ == Role::candidate || role_ == Role::pre_candidate);
  for (const auto& [voter, given] : votes_) {
    if (voter == node) return;
  }
  votes_.emplace_back(node, granted);
  size_t yes = 0;
  for (const auto& [voter, given] : votes_) yes += given ? 1 : 0;
  const size_t no = votes_.size() - yes;
  const size_t needed = quorum_size(membership().voters());
  if (yes >= needed) {
    if (role_ == Role::pre_candidate) return become_candidate(false, turn);
    return become_leader(turn);
  }
  if (membership().voters() - no >= needed || role_ == Role::pre_candidate) return;
  COTERIE_REACHED("election lost");
  become_follower(term(), "refused by a majority", turn);
  // Soon again, but not at the same time as another who lost.
  expect_leader_until(turn.now.monotonic, Duration(), options_.election_timeout_min);
}

bool Raft::in_lease(Instant now) const {
  return !leader_down_ && now - heard_leader_at_ < options_.election_timeout_min;
}

// A learner may be asked by a candidate whose log already says that it was promoted: it was asked
// as the replica it is, so it may answer. Who is no member at all was never promised anything
// about, and is silent.
bool Raft::may_grant() const {
  if (COTERIE_MUTANT("wiped-replica-votes")) return true;
  if (COTERIE_MUTANT("damaged-votes")) return membership().find(options_.replica) != nullptr;
  return !hard_state_.damaged && membership().find(options_.replica) != nullptr;
}

bool Raft::log_is_up_to_date(const VoteRequest& request) const {
  if (COTERIE_MUTANT("course-vote-log")) return true;
  if (request.last_term != log_.last_term()) return request.last_term > log_.last_term();
  return request.last_index >= log_.last();
}

void Raft::handle(const Message& message, VoteRequest& request, Turn& turn) {
  if (!request.pre_vote) return vote(message, request, turn);
  const bool granted = would_pre_vote(message, request, turn);
  const Member to{message.from_node, message.from};
  send(to, granted ? message.term : term(), VoteReply{true, granted}, turn);
}

bool Raft::would_pre_vote(const Message& message, const VoteRequest& request, Turn& turn) const {
  if (!may_grant() || leads() || message.term <= term()) return false;
  if (in_lease(turn.now.monotonic)) {
    COTERIE_REACHED("pre-vote refused while a leader is heard");
    return false;
  }
  if (!log_is_up_to_date(request)) return false;
  if (role_ != Role::pre_candidate) return true;
  // Two who ask at once would each win and then split the vote: between equal logs the smaller node
  // goes first.
  const bool equal = request.last_term == log_.last_term() && request.last_index == log_.last();
  if (equal && message.from_node > options_.node) {
    COTERIE_REACHED("two pre-candidates at once");
    return false;
  }
  return true;
}

void Raft::vote(const Message& message, const VoteRequest& request, Turn& turn) {
  const Member to{message.from_node, message.from};
  const bool free = !hard_state_.vote || hard_state_.vote == message.from;
  const bool granted = free && may_grant() && log_is_up_to_date(request) && !leads();
  if (granted && hard_state_.vote != message.from) {
    change_hard_state({term(), message.from, hard_state_.damaged});
    expect_leader_until(turn.now.monotonic, options_.election_timeout_min,
                        options_.election_timeout_max);
  }
  if (!granted && free && may_grant()) COTERIE_REACHED("vote refused to a shorter log");
  const Term answered = COTERIE_MUTANT("course-vote-term") ? message.term : term();
  if (COTERIE_MUTANT("vote-not-persisted")) {
    turn.out.messages.push_back({options_.group, options_.node, options_.replica, to.node,
                                 to.replica, answered, VoteReply{false, granted}});
    return;
  }
  send(to, answered, VoteReply{false, granted}, turn);
}

void Raft::handle(const Message& message, VoteReply& reply, Turn& turn) {
  const Member* member = membership().find(message.from);
  if (COTERIE_MUTANT("wiped-replica-votes")) member = membership().find(message.from_node);
  if (member == nullptr || !member->voter) return;
  if (reply.pre_vote) {
    if (role_ != Role::pre_candidate || (reply.granted && message.term != term().next())) return;
  } else if (role_ != Role::candidate) {
    return;
  }
  count_vote(message.from_node, reply.granted, turn);
}

}  // namespace coterie::raft
