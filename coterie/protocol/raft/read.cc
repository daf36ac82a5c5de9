// Reads that see every write acknowledged before them: a leader notes its commit index, makes sure
// by a round of messages that it still led after the read came, and serves when that index is
// applied (dissertation, section 6.4). One round serves all reads of a turn. A follower asks the
// leader, once a turn.
#include <algorithm>
#include <array>

#include "coterie/base/assert.h"
#include "coterie/base/mutant.h"
#include "coterie/base/reached.h"
#include "coterie/protocol/raft/quorum.h"
#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

void Raft::grant(const Read& read, Index index, bool granted, Turn& turn) {
  if (!read.node) {
    turn.out.reads.push_back({read.number, granted, index});
    return;
  }
  const auto at = progress_.find(read.node);
  if (at == progress_.end()) return;  // replaced meanwhile
  if (granted) at->second.eager_up_to = std::max(at->second.eager_up_to, index);
  send(at->second.member, term(), ReadIndexReply{read.number, granted, index}, turn);
}

// Before a commit in its own term a leader does not know what is committed: reads wait.
void Raft::start_round(Turn& turn) {
  const bool knows_commit = committed_in_term() || COTERIE_MUTANT("read-before-own-commit");
  if (reads_waiting_.empty() || !knows_commit) return;
  Round& round = rounds_.emplace_back();
  round.number = ++round_;
  round.index = commit_;
  round.reads.swap(reads_waiting_);
  if (COTERIE_MUTANT("read-without-round")) {
    for (const Read& read : round.reads) grant(read, round.index, true, turn);
    rounds_.pop_back();
    return;
  }
  // Just enough followers are asked: those who answered last. The next heartbeat, or
  // round_late_at_, asks all.
  std::array<Progress*, members_max> voters;
  size_t count = 0;
  for (auto& [node, peer] : progress_) {
    if (peer.member.voter) voters[count++] = &peer;
  }
  const size_t needed = std::min(count, quorum_size(membership().voters()) - 1);
  std::partial_sort(voters.begin(), voters.begin() + static_cast<std::ptrdiff_t>(needed),
                    voters.begin() + static_cast<std::ptrdiff_t>(count),
                    [](const Progress* a, const Progress* b) {
                      if (a->round_acked != b->round_acked) return a->round_acked > b->round_acked;
                      if (a->heard_at != b->heard_at) return a->heard_at > b->heard_at;
                      return a->member.node < b->member.node;
                    });
  for (size_t i = 0; i < needed; ++i) voters[i]->round_wanted = true;
  if (round_late_at_ == Instant::never()) {
    round_late_at_ = turn.now.monotonic + options_.heartbeat_interval / 4;
  }
  confirm_rounds(turn);  // alone, it is its own majority
}

// Flush then sends each of them the newest round.
void Raft::ask_everyone() {
  COTERIE_REACHED("round asked of everyone");
  round_late_at_ = Instant::never();
  for (auto& [node, peer] : progress_) peer.round_wanted = peer.round_wanted || peer.member.voter;
}

void Raft::confirm_rounds(Turn& turn) {
  if (rounds_.empty()) return;
  const uint64_t confirmed = majority_round();
  while (!rounds_.empty() && rounds_.front().number <= confirmed) {
    for (const Read& read : rounds_.front().reads) grant(read, rounds_.front().index, true, turn);
    rounds_.pop_front();
    round_late_at_ =
        rounds_.empty() ? Instant::never() : turn.now.monotonic + options_.heartbeat_interval / 4;
  }
}

void Raft::handle(const Message& message, ReadIndexRequest& request, Turn& turn) {
  if (leads()) {
    reads_waiting_.push_back({message.from_node, request.number});
    return;
  }
  send({message.from_node, message.from}, term(), ReadIndexReply{request.number, false, Index()},
       turn);
}

// A follower's side
// ---------------------------------------------------------------------------------------------

void Raft::refuse_reads(Turn& turn) {
  for (const AskedReads& asked : reads_asked_) {
    for (uint64_t number : asked.numbers) turn.out.reads.push_back({number, false, Index()});
  }
  reads_asked_.clear();
  ask_again_at_ = Instant::never();
}

void Raft::ask_leader(Turn& turn) {
  if (reads_to_ask_.empty()) return;
  if (!leader_.node) {
    for (uint64_t number : reads_to_ask_) turn.out.reads.push_back({number, false, Index()});
    reads_to_ask_.clear();
    return;
  }
  AskedReads& asked = reads_asked_.emplace_back();
  asked.request = ++last_read_request_;
  asked.numbers.swap(reads_to_ask_);
  if (ask_again_at_ == Instant::never()) {
    ask_again_at_ = turn.now.monotonic + options_.heartbeat_interval * 2;
  }
  send(leader_, term(), ReadIndexRequest{asked.request}, turn);
}

// What is granted for a request holds for all reads asked before it.
void Raft::handle(const Message& message, ReadIndexReply& reply, Turn& turn) {
  if (message.from != leader_.replica || reads_asked_.empty()) return;
  if (reply.number < reads_asked_.front().request || reply.number > last_read_request_) return;
  while (!reads_asked_.empty() && reads_asked_.front().request <= reply.number) {
    for (uint64_t number : reads_asked_.front().numbers) {
      turn.out.reads.push_back({number, reply.granted, reply.index});
    }
    reads_asked_.pop_front();
  }
  ask_again_at_ = reads_asked_.empty() ? Instant::never()
                                       : turn.now.monotonic + options_.heartbeat_interval * 2;
}

}  // namespace coterie::raft
