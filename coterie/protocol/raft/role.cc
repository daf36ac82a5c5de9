// One function per transition between roles, asserting where it comes from:
//
//   follower -> pre_candidate -> candidate -> leader;  any -> follower;  follower -> candidate when
//   the leader asks for it
//
// (Ongaro & Ousterhout 2014, figure 4; pre-vote: dissertation, section 9.6.)
#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

void Raft::become_follower(Term newer, const char* reason, Turn& turn) {
  COTERIE_ASSERT(newer >= term());
  if (leads()) leave_leadership(reason, turn);
  if (role_ == Role::candidate || role_ == Role::pre_candidate) {
    note(turn, false,
         fmt::format("election of term {} given up: {}",
                     role_ == Role::candidate ? term() : term().next(), reason));
  }
  role_ = Role::follower;
  leader_ = Member();
  votes_.clear();
  by_transfer_ = false;
  if (newer > term()) {
    change_hard_state({newer, ReplicaId(), hard_state_.damaged});
    matched_ = Index();
    acknowledged_ = Index();
    answer_wanted_ = false;
    answer_round_ = 0;
    heal_index_ = Index();
    // Another leader's snapshot of the same index need not have the same bytes.
    if (receiving_ && !receiving_->installing) receiving_.reset();
  }
  stand_at_.reset();
  refuse_reads(turn);
  expect_leader_until(turn.now.monotonic, options_.election_timeout_min,
                      options_.election_timeout_max);
}

void Raft::follow(const Message& message, Turn& turn) {
  COTERIE_ASSERT(role_ == Role::follower && !leader_.node);
  leader_ = {message.from_node, message.from};
  note(turn, false, fmt::format("node {} leads term {}", leader_.node, term()));
}

void Raft::become_pre_candidate(const char* reason, Turn& turn) {
  COTERIE_ASSERT(role_ != Role::leader && may_vote());
  if (role_ == Role::follower) {
    note(turn, false, fmt::format("asks for a pre-vote for term {}: {}", term().next(), reason));
  }
  role_ = Role::pre_candidate;
  leader_ = Member();
  by_transfer_ = false;
  stand_at_.reset();
  refuse_reads(turn);
  votes_.clear();
  // Asking changes nothing, so it may be repeated soon.
  expect_leader_until(turn.now.monotonic, options_.heartbeat_interval,
                      options_.heartbeat_interval * 2);
  request_votes(true, false, turn);
  count_vote(options_.node, true, turn);
}

void Raft::become_candidate(bool transfer, Turn& turn) {
  COTERIE_ASSERT(role_ == Role::pre_candidate || (transfer && role_ == Role::follower));
  COTERIE_ASSERT(may_vote());
  role_ = Role::candidate;
  leader_ = Member();
  stand_at_.reset();
  refuse_reads(turn);
  votes_.clear();
  by_transfer_ = transfer;
  change_hard_state({term().next(), options_.replica, false});
  matched_ = Index();
  acknowledged_ = Index();
  answer_wanted_ = false;
  answer_round_ = 0;
  if (receiving_ && !receiving_->installing) receiving_.reset();
  note(turn, false,
       fmt::format("stands for election in term {}{}", term(),
                   transfer ? ": asked by the leader" : ""));
  expect_leader_until(turn.now.monotonic, options_.election_timeout_min,
                      options_.election_timeout_max);
  // They leave, and our own vote counts, when term and vote are durable.
  request_votes(false, transfer, turn);
}

void Raft::become_leader(Turn& turn) {
  COTERIE_ASSERT(role_ == Role::candidate && hard_state_is_durable());
  note(turn, false,
       fmt::format("leads term {} of {} voters, log up to {}", term(), membership().voters(),
                   log_.last()));
  role_ = Role::leader;
  leader_ = own_member();
  votes_.clear();
  receiving_.reset();
  progress_.clear();
  round_ = 1;
  heartbeat_at_ = turn.now.monotonic + options_.heartbeat_interval;
  for (uint64_t number : reads_to_ask_) reads_waiting_.push_back({NodeId(), number});
  reads_to_ask_.clear();
  rebuild_progress(turn);
  term_start_ = log_.last().next();
  append_to_log(own_entry(EntryKind::leader_start));
}

void Raft::leave_leadership(const char* reason, Turn& turn) {
  COTERIE_ASSERT(leads());
  note(turn, true, fmt::format("steps down from leading term {}: {}", term(), reason));
  if (transfer_) COTERIE_REACHED("stepped down with a transfer under way");
  for (const Read& read : reads_waiting_) grant(read, Index(), false, turn);
  for (const Round& round : rounds_) {
    for (const Read& read : round.reads) grant(read, Index(), false, turn);
  }
  if (!rounds_.empty()) COTERIE_REACHED("stepped down with reads unconfirmed");
  reads_waiting_.clear();
  rounds_.clear();
  round_late_at_ = Instant::never();
  transfer_.reset();
  progress_.clear();
  // Its own log is that of its term: nothing of it was ever another leader's.
  matched_ = Index();
  acknowledged_ = Index();
}

}  // namespace coterie::raft
