// Who is heard, and what a term means: begins from rejection. A message for another replica, from a
// replica that is no member, or of an older term is dropped or answered before anything changes; a
// newer term makes a follower of anybody (Ongaro & Ousterhout 2014, section 5.1).
#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/mutant.h"
#include "coterie/base/reached.h"
#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

namespace {

template <class T>
bool is(const Message& message) {
  return std::holds_alternative<T>(message.body);
}

const VoteRequest* vote_request(const Message& message) {
  return std::get_if<VoteRequest>(&message.body);
}

bool from_a_leader(const Message& message) {
  return is<Append>(message) || is<Heartbeat>(message) || is<SnapshotChunk>(message) ||
         is<TimeoutNow>(message);
}

}  // namespace

bool Raft::passes_gate(const Message& message) const {
  if (message.group != options_.group || message.from_node == options_.node) return false;
  if (message.to_node != options_.node) return false;
  if (message.to != options_.replica) {
    // Meant for the replica that was here before: what that one promised, this one does not
    // remember.
    COTERIE_REACHED("message for a replica that is gone");
    if (!(COTERIE_MUTANT("wiped-replica-votes") && is<VoteRequest>(message))) return false;
  }
  // A leader or candidate may be a member we have not heard of yet: its log, not ours, says so. All
  // others must be ours.
  if (from_a_leader(message) || is<VoteRequest>(message)) return true;
  if (COTERIE_MUTANT("wiped-replica-votes") && is<VoteReply>(message)) return true;
  const Member* member = membership().find(message.from);
  return member != nullptr && member->node == message.from_node;
}

// A member that speaks is there. An earlier word of another replica on its node was of a process
// that could not read its files for once, or of a second one: it must not take the member out.
void Raft::hear_member(const Message& message) {
  const auto said = said_.find(message.from_node);
  if (said == said_.end() || said->second == message.from) return;
  const Member* member = membership().find(message.from_node);
  if (member == nullptr || member->replica != message.from) return;
  COTERIE_REACHED("a member speaks whose node was said to hold another replica");
  said->second = message.from;
}

void Raft::on(ReceivedMessage&& input, Turn& turn) {
  Message& message = input.message;
  if (!passes_gate(message)) return;
  hear_member(message);
  // Pre-votes ask and answer about a term that nobody is in yet: they pass by the comparison of
  // terms.
  if (const VoteRequest* request = vote_request(message); request != nullptr && request->pre_vote) {
    return dispatch(message, turn);
  }
  if (const auto* reply = std::get_if<VoteReply>(&message.body);
      reply && reply->pre_vote && reply->granted) {
    return dispatch(message, turn);
  }
  if (message.term < term()) return answer_older_term(message, turn);
  if (message.term > term() && !meet_newer_term(message, turn)) return;
  dispatch(message, turn);
}

// Who speaks in an older term learns the newer one from our answer; a leader among them steps down.
void Raft::answer_older_term(const Message& message, Turn& turn) {
  const Member to{message.from_node, message.from};
  if (const auto* append = std::get_if<Append>(&message.body)) {
    AppendReply reply;
    reply.rejected = append->previous_index;
    reply.damaged = hard_state_.damaged;
    reply.life = life_;
    send(to, term(), reply, turn);
  } else if (is<Heartbeat>(message) || is<SnapshotChunk>(message)) {
    send(to, term(), HeartbeatReply{0, hard_state_.damaged, life_}, turn);
  } else if (is<VoteRequest>(message)) {
    send(to, term(), VoteReply{false, false}, turn);
  } else if (const auto* read = std::get_if<ReadIndexRequest>(&message.body)) {
    send(to, term(), ReadIndexReply{read->number, false, Index()}, turn);
  }
}

// Returns false when the message is not to be heard.
bool Raft::meet_newer_term(const Message& message, Turn& turn) {
  if (const VoteRequest* request = vote_request(message)) {
    // Dissertation, section 4.2.3: while a leader is alive, nobody is disturbed by who does not
    // hear it.
    if (!request->transfer && (leads() || in_lease(turn.now.monotonic))) {
      COTERIE_REACHED("vote refused while a leader is heard");
      return false;
    }
    if (COTERIE_MUTANT("course-vote-term")) return true;
  }
  become_follower(message.term, "a newer term was heard", turn);
  return true;
}

void Raft::dispatch(Message& message, Turn& turn) {
  if (from_a_leader(message)) hear_leader(message, turn);
  std::visit([&](auto& body) { handle(message, body, turn); }, message.body);
}

void Raft::hear_leader(const Message& message, Turn& turn) {
  COTERIE_ASSERT(!leads());  // election safety: one leader a term (section 5.2)
  if (role_ != Role::follower) become_follower(term(), "another leads this term", turn);
  if (!leader_.node) follow(message, turn);
  COTERIE_ASSERT(leader_.replica == message.from);
  heard_leader_at_ = turn.now.monotonic;
  leader_down_ = false;
  expect_leader_until(heard_leader_at_, options_.election_timeout_min,
                      options_.election_timeout_max);
}

}  // namespace coterie::raft
