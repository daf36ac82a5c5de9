// When an entry counts: a leader commits an entry of its own term once a majority has it durably,
// itself included only after its own write; entries of earlier terms are committed by it indirectly
// (Ongaro & Ousterhout 2014, section 5.4.2, figure 8). Who waits for a commit is told with the next
// append, or by one without entries.
#include <algorithm>
#include <array>

#include "coterie/base/assert.h"
#include "coterie/base/mutant.h"
#include "coterie/protocol/raft/quorum.h"
#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

// The largest value that a majority of the voters has reached; `own` is ours.
template <class ValueOf>
int64_t Raft::held_by_majority(int64_t own, ValueOf value_of) const {
  COTERIE_ASSERT(leads());
  std::array<int64_t, members_max> values;
  size_t voters = 0;
  for (const Member& member : membership().members) {
    if (!member.voter) continue;
    values[voters++] =
        member.replica == options_.replica ? own : value_of(progress_.at(member.node));
  }
  COTERIE_ASSERT(voters > 0);
  const size_t at = quorum_size(voters) - 1;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at),
                   values.begin() + static_cast<std::ptrdiff_t>(voters), std::greater<>());
  return values[at];
}

Instant Raft::majority_heard_at(Instant now) const {
  return {held_by_majority(now.ns, [](const Progress& peer) { return peer.heard_at.ns; })};
}

uint64_t Raft::majority_round() const {
  return static_cast<uint64_t>(held_by_majority(
      static_cast<int64_t>(round_),
      [](const Progress& peer) { return static_cast<int64_t>(peer.round_acked); }));
}

void Raft::advance_commit() {
  Index held(static_cast<uint64_t>(held_by_majority(
      static_cast<int64_t>(durable_index_.value),
      [](const Progress& peer) { return static_cast<int64_t>(peer.match.value); })));
  if (COTERIE_MUTANT("commit-when-appended")) held = durable_index_;
  if (held <= commit_) return;
  if (log_.term_at(held) != term() && !COTERIE_MUTANT("commit-old-term")) return;
  commit_ = held;
}

bool Raft::committed_in_term() const { return leads() && commit_ >= term_start_; }

bool Raft::wants_notice(Progress& peer, Turn& turn) const {
  if (peer.commit_told >= commit_) return false;
  if (options_.commit_notice_delay.ns <= 0 || peer.eager_up_to > peer.commit_told) return true;
  if (peer.notice_at == Instant::never()) {
    peer.notice_at = turn.now.monotonic + options_.commit_notice_delay;
    return false;
  }
  return peer.notice_at <= turn.now.monotonic;
}

}  // namespace coterie::raft
