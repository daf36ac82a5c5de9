// The machine's outside: how it starts, and what each input does. See raft.h.
#include "coterie/protocol/raft/raft.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"

namespace coterie::raft {

namespace {

MembershipLog founding(const SnapshotPoint& snapshot) {
  return MembershipLog(snapshot.index, snapshot.membership);
}

// The entries behind the first one stay in `entries`; of the first, only index and term are kept:
// it is the base.
LogMemory recovered_log(const SnapshotPoint& snapshot, std::vector<Entry>& entries) {
  if (!agrees(snapshot, entries)) {
    COTERIE_REACHED("recovered log disagrees with its snapshot");
    entries.clear();
  }
  if (entries.empty() || entries.front().index > snapshot.index) {
    return LogMemory(snapshot.index, snapshot.term);
  }
  LogMemory log(entries.front().index, entries.front().term);
  entries.erase(entries.begin());
  return log;
}

}  // namespace

bool agrees(const SnapshotPoint& snapshot, const std::vector<Entry>& entries) {
  if (entries.empty()) return true;
  const Index first = entries.front().index;
  if (first > snapshot.index) return first == snapshot.index.next();
  const uint64_t at = snapshot.index.value - first.value;
  return at < entries.size() && entries[at].term == snapshot.term;
}

Raft::Raft(const Options& options, Recovered recovered, Now now)
    : options_(options),
      random_(options.seed),
      hard_state_(recovered.hard_state),
      log_(recovered_log(recovered.snapshot, recovered.entries)),
      snapshot_(recovered.snapshot),
      memberships_(founding(recovered.snapshot)),
      commit_(recovered.snapshot.index),
      emitted_(recovered.snapshot.index) {
  COTERIE_ASSERT(options.node && options.replica);
  COTERIE_ASSERT(options.heartbeat_interval.ns > 0);
  COTERIE_ASSERT(options.heartbeat_interval * 2 < options.election_timeout_min);
  COTERIE_ASSERT(options.election_timeout_min < options.election_timeout_max);
  COTERIE_ASSERT(options.in_flight_messages_max > 0 && options.snapshot_chunks_max > 0);
  for (Entry& entry : recovered.entries) {
    if (entry.kind == EntryKind::membership && entry.index > snapshot_.index) {
      Result<Membership> membership = Membership::from_entry(entry);
      COTERIE_ASSERT(membership.has_value());  // a leader has proposed it, and its CRC is right
      memberships_.append(entry.index, *std::move(membership));
    }
    log_.append(std::move(entry));
  }
  if (hard_state_.term < log_.last_term()) {
    // A snapshot became durable before the term it was sent in: nothing was said in that term.
    change_hard_state({log_.last_term(), ReplicaId(), hard_state_.damaged});
  }
  durable_index_ = log_.last();
  life_ = random_.next() | 1;
  last_read_request_ =
      random_.next() >> 8;  // replies to an earlier life's requests match none of ours
  const Member* self = membership().find(options_.replica);
  if (self != nullptr && self->voter && membership().voters() == 1) {
    election_deadline_ = now.monotonic;  // nobody else could lead
  } else {
    expect_leader_until(now.monotonic, options_.election_timeout_min,
                        options_.election_timeout_max);
  }
}

void Raft::step(Input&& input, Now now, Effects& out) {
  Turn turn{now, out};
  std::visit([&](auto&& one) { on(std::move(one), turn); }, std::move(input));
}

void Raft::flush(Now now, Effects& out) {
  Turn turn{now, out};
  if (leads()) {
    flush_leader(turn);
  } else {
    flush_follower(turn);
  }
  emit_committed(turn);
}

void Raft::flush_leader(Turn& turn) {
  advance_commit();
  propose_healing();
  change_membership(turn);
  form_write(turn);
  start_round(turn);
  for (auto& [node, peer] : progress_) {
    replicate_to(peer, turn);
    if (peer.round_wanted) send_heartbeat(peer, turn);
  }
  drive_transfer(turn);
}

void Raft::flush_follower(Turn& turn) {
  heal_if_covered(turn);
  form_write(turn);
  acknowledge(turn);
  ask_leader(turn);
}

Instant Raft::next_deadline() const {
  if (!leads()) return std::min(election_deadline_, ask_again_at_);
  Instant next = std::min(heartbeat_at_, round_late_at_);
  for (const auto& [node, peer] : progress_) next = std::min(next, peer.notice_at);
  return next;
}

void Raft::on(Tick&&, Turn& turn) {
  const Instant now = turn.now.monotonic;
  if (leads()) {
    if (now >= heartbeat_at_) heartbeat(turn);
    if (leads() && now >= round_late_at_) ask_everyone();
    return;
  }
  if (now >= election_deadline_) election_timeout(turn);
  if (now >= ask_again_at_ && leader_.node && !reads_asked_.empty()) {
    COTERIE_REACHED("read index asked for again");
    ask_again_at_ = now + options_.heartbeat_interval * 2;
    send(leader_, term(), ReadIndexRequest{last_read_request_}, turn);
  }
}

void Raft::on(Durable&& input, Turn& turn) {
  COTERIE_ASSERT(input.number <= write_number_);
  durable_number_ = std::max(durable_number_, input.number);
  while (!writes_.empty() && writes_.front().number <= durable_number_) {
    durable_index_ = std::max(durable_index_, writes_.front().last);
    writes_.pop_front();
  }
  while (!held_.empty() && held_.front().until <= durable_number_) {
    // What was said in an earlier term is of no use to anybody.
    if (held_.front().message.term >= term()) {
      turn.out.messages.push_back(std::move(held_.front().message));
    }
    held_.pop_front();
  }
  if (role_ == Role::candidate && hard_state_is_durable()) count_own_vote(turn);
}

void Raft::on(Propose&& input, Turn&) {
  COTERIE_ASSERT(leads());
  COTERIE_ASSERT(input.entry.term == term() && input.entry.group == options_.group);
  COTERIE_ASSERT(input.entry.kind != EntryKind::membership);
  append_to_log(std::move(input.entry));
}

void Raft::on(ReadIndex&& input, Turn&) {
  if (leads()) {
    reads_waiting_.push_back({NodeId(), input.number});
  } else {
    reads_to_ask_.push_back(input.number);
  }
}

void Raft::on(PeerDown&& input, Turn& turn) {
  if (leads()) {
    if (const auto at = progress_.find(input.node); at != progress_.end()) {
      // It has probably died: until it is heard again nothing is entrusted to it.
      at->second.down = true;
      at->second.recently_active = false;
    }
    if (!rounds_.empty()) ask_everyone();
    return;
  }
  if (leader_.node != input.node || role_ != Role::follower) return;
  // It has probably died. A little chance keeps two followers from standing at the same moment.
  leader_down_ = true;
  const Instant soon = turn.now.monotonic +
                       nanoseconds(static_cast<int64_t>(
                           random_.below(static_cast<uint64_t>(options_.heartbeat_interval.ns))));
  election_deadline_ = std::min(election_deadline_, soon);
}

void Raft::on(PeerUp&& input, Turn&) {
  const auto at = progress_.find(input.node);
  if (at == progress_.end()) return;
  Progress& peer = at->second;
  if (peer.snapshotting) {
    peer.snapshot.sent_bytes = peer.snapshot.acked_bytes;
  } else {
    start_probing(peer, peer.match.next());
  }
}

void Raft::on(PeerReplica&& input, Turn&) {
  COTERIE_ASSERT(input.replica);
  said_[input.node] = input.replica;
}

void Raft::on(Compact&& input, Turn&) {
  const Index index = input.point.index;
  COTERIE_ASSERT(index <= emitted_);
  if (index < snapshot_.index) return;  // a newer one was installed meanwhile
  COTERIE_ASSERT(log_.term_at(index) == input.point.term);
  if (const Entry* entry = log_.at(index); entry != nullptr) snapshot_.stamp_ms = entry->stamp_ms;
  snapshot_.membership = membership_at(index);
  snapshot_.index = index;
  snapshot_.term = input.point.term;
  memberships_.drop_before(index);
  Index keep_from = std::min(input.keep_from, index.next());
  if (dirty_from_) keep_from = std::min(keep_from, dirty_from_);
  if (keep_from > log_.first()) log_.drop_before(keep_from);
}

void Raft::on(EagerCommit&& input, Turn&) {
  const auto at = progress_.find(input.node);
  if (at != progress_.end()) at->second.eager_up_to = std::max(at->second.eager_up_to, input.up_to);
}

void Raft::note(Turn& turn, bool warning, std::string text) const {
  turn.out.notes.push_back({warning, std::move(text)});
}

}  // namespace coterie::raft
