// A leader's side of the log. To each follower it knows `match` (durable there), `next` (to be
// sent) and what is in flight. A follower is probed, one message at a time, until it is known where
// the logs agree; then messages follow each other without waiting, within a window (Ongaro &
// Ousterhout 2014, section 5.3; dissertation, section 10.2.2).
#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

// A peer for each member but us, kept if it still is the same replica.
void Raft::rebuild_progress(Turn& turn) {
  std::map<NodeId, Progress> before = std::move(progress_);
  progress_.clear();
  for (const Member& member : membership().members) {
    if (member.replica == options_.replica) continue;
    const auto known = before.find(member.node);
    if (known != before.end() && known->second.member.replica == member.replica) {
      Progress& kept = progress_.emplace(member.node, std::move(known->second)).first->second;
      kept.member = member;
      continue;
    }
    Progress& fresh = progress_[member.node];
    fresh.member = member;
    fresh.next = log_.last().next();
    fresh.heard_at = turn.now.monotonic;
    fresh.answered_at = turn.now.monotonic;
    fresh.recently_active = true;
  }
}

Entry Raft::own_entry(EntryKind kind) const {
  Entry header;
  const Entry* newest = log_.at(log_.last());
  header.group = options_.group;
  header.kind = kind;
  header.feature_level = newest == nullptr ? 0 : newest->feature_level;
  header.term = term();
  header.index = log_.last().next();
  header.stamp_ms = newest == nullptr ? snapshot_.stamp_ms : newest->stamp_ms;
  return make_entry(header, {});
}

void Raft::start_probing(Progress& peer, Index next) {
  COTERIE_ASSERT(next > peer.match);
  peer.probing = true;
  peer.probe_sent = false;
  peer.snapshotting = false;
  peer.next = next;
  peer.in_flight.clear();
  peer.in_flight_bytes = 0;
  peer.commit_told = Index();
  peer.notice_at = Instant::never();
}

bool Raft::window_open(const Progress& peer) const {
  return peer.in_flight.size() < options_.in_flight_messages_max &&
         peer.in_flight_bytes < options_.in_flight_bytes_max;
}

void Raft::replicate_to(Progress& peer, Turn& turn) {
  if (peer.snapshotting) return read_snapshot(peer, turn);
  if (peer.next.previous() < log_.base()) return start_snapshot(peer, turn);
  if (peer.probing) {
    if (!peer.probe_sent) send_append(peer, !holds_back(), turn);
    return;
  }
  while (!holds_back() && peer.next <= log_.last() && window_open(peer))
    send_append(peer, true, turn);
  if (wants_notice(peer, turn)) send_append(peer, false, turn);
}

// REQUIRES: the entry before peer.next is known.
void Raft::send_append(Progress& peer, bool with_entries, Turn& turn) {
  Append append;
  append.previous_index = peer.next.previous();
  append.previous_term = log_.term_at(append.previous_index);
  append.commit = commit_;
  if (peer.probing || peer.round_wanted) append.round = round_;
  if (peer.damaged) {
    append.heal_index = peer.heal_index;
    append.heal_life = peer.life;
  }
  uint64_t bytes = 0;
  Index last = append.previous_index;
  while (with_entries && last < log_.last()) {
    const Payload& record = log_.at(last.next())->bytes;
    if (bytes > 0 && bytes + record.size() > options_.append_bytes_max) break;
    append.entries.push_back(record);
    bytes += record.size();
    last = last.next();
  }
  if (peer.probing) {
    peer.probe_sent = true;
  } else if (bytes > 0) {
    if (peer.in_flight.empty()) peer.answered_at = turn.now.monotonic;
    peer.in_flight.push_back({last, bytes});
    peer.in_flight_bytes += bytes;
    peer.next = last.next();
  }
  peer.round_wanted = false;
  peer.commit_told = commit_;
  peer.notice_at = Instant::never();
  send(peer.member, term(), std::move(append), turn);
}

void Raft::send_heartbeat(Progress& peer, Turn& turn) {
  peer.round_wanted = false;
  send(peer.member, term(), Heartbeat{std::min(commit_, peer.match), round_}, turn);
}

void Raft::heartbeat(Turn& turn) {
  const Instant now = turn.now.monotonic;
  heartbeat_at_ = now + options_.heartbeat_interval;
  if (now - majority_heard_at(now) > options_.election_timeout_max) {
    // Dissertation, section 6.2: its clients shall look for another leader.
    return become_follower(term(), "no majority was heard for an election timeout", turn);
  }
  if (disk_hangs(now)) {
    COTERIE_REACHED("leader's own write hangs");
    return become_follower(term(), "its own write is not durable after an election timeout", turn);
  }
  if (transfer_) drive_transfer(turn);
  for (auto& [node, peer] : progress_) {
    peer.recently_active = !peer.down && now - peer.heard_at < options_.election_timeout_max;
    if (peer.snapshotting) retry_snapshot(peer, turn);
    // Otherwise it gets the log, unless a snapshot is due: flush starts it.
    const bool fed = !peer.snapshotting && peer.next.previous() >= log_.base();
    if (fed && peer.probing && peer.probe_sent) {
      send_append(peer, false, turn);  // asked again, without its entries
    } else if (fed && !peer.probing && peer.match.next() < peer.next &&
               now - peer.answered_at > options_.heartbeat_interval) {
      // What was sent is not known to be durable there: was it lost, or its answer, or is its disk
      // slow? Without entries it costs no more than a heartbeat to ask.
      COTERIE_REACHED("appends in flight asked about");
      peer.round_wanted = true;
      send_append(peer, false, turn);
    } else {
      send_heartbeat(peer, turn);
    }
  }
}

// What every reply tells. Returns nullptr when the sender is no peer of ours.
Progress* Raft::heard_peer(const Message& message, bool damaged, uint64_t life, Turn& turn) {
  const auto at = progress_.find(message.from_node);
  if (!leads() || at == progress_.end() || at->second.member.replica != message.from)
    return nullptr;
  Progress& peer = at->second;
  peer.heard_at = turn.now.monotonic;
  peer.down = false;
  peer.recently_active = true;
  if (peer.life != life && life != 0) {
    if (peer.life != 0) {
      // It restarted: what was in flight is lost, and what it held may have been damaged.
      COTERIE_REACHED("follower restarted");
      const Index next = peer.match.next();
      peer.match = Index();
      peer.damaged = false;
      if (!peer.snapshotting) start_probing(peer, next);
    }
    peer.life = life;
  }
  hear_damage(peer, damaged, turn);
  return &peer;
}

void Raft::handle(const Message& message, HeartbeatReply& reply, Turn& turn) {
  Progress* peer = heard_peer(message, reply.damaged, reply.life, turn);
  if (peer == nullptr) return;
  peer->round_acked = std::max(peer->round_acked, reply.round);
  confirm_rounds(turn);
}

void Raft::handle(const Message& message, AppendReply& reply, Turn& turn) {
  Progress* peer = heard_peer(message, reply.damaged, reply.life, turn);
  if (peer == nullptr) return;
  peer->answered_at = turn.now.monotonic;
  peer->applied = reply.applied;
  peer->round_acked = std::max(peer->round_acked, reply.round);
  if (reply.accepted) {
    accepted(*peer, reply, turn);
  } else {
    refused(*peer, reply);
  }
  confirm_rounds(turn);
}

void Raft::refused(Progress& peer, const AppendReply& reply) {
  if (peer.snapshotting) return;
  // A damaged replica may have lost what it had acknowledged.
  if (reply.damaged) peer.match = std::min(peer.match, reply.hint_index);
  if (reply.rejected <= peer.match) return;  // said before what it has said since
  if (peer.probing && reply.rejected != peer.next.previous()) return;  // of an earlier probe
  if (reply.rejected > log_.last()) return;                            // not ours
  Index agree = std::min(reply.hint_index, log_.last());
  while (agree > log_.base() && log_.term_at(agree) > reply.hint_term) agree = agree.previous();
  if (agree == log_.base() && agree && log_.base_term() > reply.hint_term) agree = agree.previous();
  if (!peer.probing) COTERIE_REACHED("append refused in the stream");
  start_probing(peer, std::max(agree, peer.match).next());
}

void Raft::accepted(Progress& peer, const AppendReply& reply, Turn& turn) {
  if (reply.matched > log_.last() || reply.durable > reply.matched) return;  // not about our log
  const bool answers_probe = peer.probing && reply.matched.next() >= peer.next;
  peer.match = std::max(peer.match, reply.durable);
  peer.next = std::max(peer.next, reply.matched.next());
  if (peer.snapshotting) {
    if (reply.matched < log_.base()) return;
    COTERIE_REACHED("follower caught up without its snapshot");
    note(turn, false, fmt::format("node {} needs no snapshot any more", peer.member.node));
    start_probing(peer, peer.next);
  }
  if (answers_probe) {
    peer.probing = false;
    peer.probe_sent = false;
  }
  size_t answered = 0;
  while (answered < peer.in_flight.size() && peer.in_flight[answered].last <= reply.durable) {
    peer.in_flight_bytes -= peer.in_flight[answered].bytes;
    ++answered;
  }
  peer.in_flight.erase(peer.in_flight.begin(),
                       peer.in_flight.begin() + static_cast<std::ptrdiff_t>(answered));
}

}  // namespace coterie::raft
