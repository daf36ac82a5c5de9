// The digest of a machine: of every field that decides what it does next.
#include "coterie/base/digest.h"

#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

namespace {

void add(Digest& digest, const Identity& identity) {
  digest.add(identity.high);
  digest.add(identity.low);
}
void add(Digest& digest, Instant instant) { digest.add(static_cast<uint64_t>(instant.ns)); }
void add(Digest& digest, bool value) { digest.add(value ? 1 : 0); }

void add(Digest& digest, const Progress& peer) {
  digest.add(peer.member.node.value);
  add(digest, peer.member.replica);
  add(digest, peer.member.voter);
  digest.add(peer.match.value);
  digest.add(peer.next.value);
  add(digest, peer.probing);
  add(digest, peer.snapshotting);
  add(digest, peer.damaged);
  add(digest, peer.recently_active);
  add(digest, peer.down);
  digest.add(peer.life);
  add(digest, peer.heard_at);
  add(digest, peer.answered_at);
  for (const Progress::Sent& sent : peer.in_flight) {
    digest.add(sent.last.value);
    digest.add(sent.bytes);
  }
  add(digest, peer.probe_sent);
  digest.add(peer.round_acked);
  add(digest, peer.round_wanted);
  digest.add(peer.commit_told.value);
  digest.add(peer.eager_up_to.value);
  add(digest, peer.notice_at);
  digest.add(peer.heal_index.value);
  if (!peer.snapshotting) return;
  digest.add(peer.snapshot.point.index.value);
  digest.add(peer.snapshot.acked_bytes);
  digest.add(peer.snapshot.sent_bytes);
  digest.add(peer.snapshot.reported_bytes);
  digest.add(peer.snapshot.total_bytes);
  add(digest, peer.snapshot.reading);
  add(digest, peer.snapshot.moved_at);
}

}  // namespace

uint64_t Raft::digest() const {
  Digest digest;
  digest.add(options_.node.value);
  add(digest, options_.replica);
  digest.add(Random(random_).next());
  digest.add(life_);
  add_durable_state(digest);
  digest.add(static_cast<uint64_t>(role_));
  digest.add(leader_.node.value);
  add(digest, leader_.replica);
  add(digest, election_deadline_);
  add(digest, heard_leader_at_);
  add(digest, leader_down_);
  for (const auto& [node, granted] : votes_) {
    digest.add(node.value);
    add(digest, granted);
  }
  add(digest, by_transfer_);
  add_follower_state(digest);
  if (leads()) add_leader_state(digest);
  return digest.value();
}

void Raft::add_durable_state(Digest& digest) const {
  digest.add(hard_state_.term.value);
  add(digest, hard_state_.vote);
  add(digest, hard_state_.damaged);
  digest.add(hard_write_);
  add(digest, hard_dirty_);
  log_.add_to(digest);
  memberships_.add_to(digest);
  digest.add(snapshot_.index.value);
  digest.add(snapshot_.term.value);
  digest.add(dirty_from_.value);
  digest.add(durable_index_.value);
  digest.add(write_number_);
  digest.add(durable_number_);
  for (const WriteInFlight& write : writes_) {
    digest.add(write.number);
    digest.add(write.last.value);
    add(digest, write.since);
  }
  for (const Held& held : held_) {
    digest.add(held.until);
    digest.add(held.message.to_node.value);
    digest.add(held.message.term.value);
    digest.add(held.message.body.index());
  }
  digest.add(commit_.value);
  digest.add(emitted_.value);
  for (const auto& [node, replica] : said_) {
    digest.add(node.value);
    add(digest, replica);
  }
}

void Raft::add_follower_state(Digest& digest) const {
  digest.add(matched_.value);
  digest.add(acknowledged_.value);
  add(digest, answer_wanted_);
  digest.add(answer_round_);
  digest.add(heal_index_.value);
  digest.add(stand_at_ ? stand_at_->value + 1 : 0);
  if (receiving_) {
    digest.add(receiving_->point.index.value);
    digest.add(receiving_->next_bytes);
    digest.add(receiving_->total_bytes);
    add(digest, receiving_->installing);
  }
  for (uint64_t number : reads_to_ask_) digest.add(number);
  for (const AskedReads& asked : reads_asked_) {
    digest.add(asked.request);
    for (uint64_t number : asked.numbers) digest.add(number);
  }
  digest.add(last_read_request_);
  add(digest, ask_again_at_);
}

void Raft::add_leader_state(Digest& digest) const {
  for (const auto& [node, peer] : progress_) add(digest, peer);
  digest.add(term_start_.value);
  add(digest, heartbeat_at_);
  digest.add(round_);
  add(digest, round_late_at_);
  for (const Read& read : reads_waiting_) {
    digest.add(read.node.value);
    digest.add(read.number);
  }
  for (const Round& round : rounds_) {
    digest.add(round.number);
    digest.add(round.index.value);
    for (const Read& read : round.reads) {
      digest.add(read.node.value);
      digest.add(read.number);
    }
  }
  if (transfer_) {
    digest.add(transfer_->to.value);
    add(digest, transfer_->give_up_at);
    add(digest, transfer_->sent);
    digest.add(transfer_->needs.value);
    add(digest, transfer_->ask_again_at);
  }
}

}  // namespace coterie::raft
