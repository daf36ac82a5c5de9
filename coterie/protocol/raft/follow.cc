// A follower's side of the log: it takes what fits behind what it has, refuses with a hint what
// does not, and acknowledges what is durable (Ongaro & Ousterhout 2014, section 5.3).
//
// Acknowledgements are formed from state at the end of a turn, so that many appends need one:
// `matched_` is how far the log is known to be the leader's, durable_index_ how far it is durable.
#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/mutant.h"
#include "coterie/base/reached.h"
#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

// Properties of parsed_ afterwards: entries of our group, contiguous from previous_index + 1; terms
// do not fall and are not above the leader's; memberships are well-formed.
bool Raft::parse_entries(const Message& message, const Append& append, Turn& turn) {
  parsed_.clear();
  Index index = append.previous_index;
  Term before = append.previous_term;
  for (const Payload& bytes : append.entries) {
    Result<Entry> entry = Entry::from_bytes(bytes);
    index = index.next();
    const bool fits = entry && entry->group == options_.group && entry->index == index &&
                      entry->term >= before && entry->term <= message.term &&
                      entry->bytes.size() == bytes.size() &&
                      (entry->kind != EntryKind::membership || Membership::from_entry(*entry));
    if (!fits) {
      parsed_.clear();
      note(turn, true,
           fmt::format("malformed entries from node {} are ignored{}", message.from_node,
                       entry ? "" : ": " + entry.error().message));
      return false;
    }
    before = entry->term;
    parsed_.push_back(*std::move(entry));
  }
  return true;
}

void Raft::handle(const Message& message, Append& append, Turn& turn) {
  if (receiving_ && receiving_->installing && !COTERIE_MUTANT("append-during-install")) {
    // The log is about to be replaced: what it took now would be lost after it was acknowledged.
    COTERIE_REACHED("append while a snapshot is being installed");
    if (append.round != 0) {
      send(leader_, term(), HeartbeatReply{append.round, hard_state_.damaged, life_}, turn);
    }
    return;
  }
  if (!parse_entries(message, append, turn)) return;
  const Index previous = append.previous_index;
  // What is committed is in every leader's log. Else it must not leave a gap, nor follow another
  // entry than the leader's.
  if (previous > commit_ &&
      (previous > log_.last() || log_.term_at(previous) != append.previous_term)) {
    refuse_append(message, append, turn);
    parsed_.clear();
    return;
  }
  take_entries(append, turn);
  matched_ = std::max(matched_, previous + append.entries.size());
  parsed_.clear();
  learn_commit(append.commit);
  if (append.heal_index && append.heal_life == life_) heal_index_ = append.heal_index;
  if (append.round != 0) {
    answer_wanted_ = true;
    answer_round_ = std::max(answer_round_, append.round);
  }
  stand_if_asked(turn);
}

// The hint lets the leader skip what cannot agree in one step a term, not one an entry: our last
// entry, at or before the place asked about, whose term is not above the leader's there.
void Raft::refuse_append(const Message& message, const Append& append, Turn& turn) {
  Index hint = std::min(append.previous_index, log_.last());
  while (hint > commit_ && log_.term_at(hint) > append.previous_term) hint = hint.previous();
  AppendReply reply;
  reply.round = append.round;
  reply.rejected = append.previous_index;
  reply.hint_index = hint;
  reply.hint_term = log_.term_at(hint);
  reply.damaged = hard_state_.damaged;
  reply.applied = emitted_;
  reply.life = life_;
  send({message.from_node, message.from}, term(), reply, turn);
}

void Raft::take_entries(const Append& append, Turn&) {
  for (size_t i = 0; i < append.entries.size(); ++i) {
    Entry& entry = parsed_[i];
    if (entry.index <= commit_) continue;
    if (entry.index <= log_.last()) {
      if (log_.term_at(entry.index) == entry.term) continue;
      COTERIE_REACHED("entry of an older term overwritten");
      if (COTERIE_MUTANT("conflict-cut-one-late")) {
        cut_log(entry.index.next());
        continue;
      }
      cut_log(entry.index);
    }
    append_to_log(std::move(entry));
  }
}

void Raft::learn_commit(Index commit) {
  const Index known = COTERIE_MUTANT("commit-beyond-match") ? log_.last() : matched_;
  commit_ = std::max(commit_, std::min(commit, known));
}

void Raft::handle(const Message&, Heartbeat& heartbeat, Turn& turn) {
  learn_commit(heartbeat.commit);
  send(leader_, term(), HeartbeatReply{heartbeat.round, hard_state_.damaged, life_}, turn);
}

void Raft::acknowledge(Turn& turn) {
  if (role_ != Role::follower || !leader_.node) return;
  Index durable = std::min(matched_, durable_index_);
  if (COTERIE_MUTANT("reply-before-sync")) durable = matched_;
  if (!answer_wanted_ && durable <= acknowledged_) return;
  AppendReply reply;
  reply.accepted = true;
  reply.round = answer_round_;
  reply.durable = durable;
  reply.damaged = hard_state_.damaged;
  reply.applied = emitted_;
  reply.matched = matched_;
  reply.life = life_;
  send(leader_, term(), reply, turn);
  acknowledged_ = durable;
  answer_wanted_ = false;
}

}  // namespace coterie::raft
