// A leader hands over: it brings one follower up to date and asks it to stand at once
// (dissertation, section 3.10). From then on it sends nobody a new entry, so that no voter finds
// the successor's log too short; after an election timeout it gives up and goes on.
#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

void Raft::on(TransferLeadership&& input, Turn& turn) {
  if (!leads() || transfer_) return;
  const Progress* best = nullptr;
  for (const auto& [node, peer] : progress_) {
    if (!peer.member.voter || peer.damaged || (input.to && node != input.to)) continue;
    if (!input.to && !peer.recently_active) continue;
    if (best == nullptr || peer.match > best->match) best = &peer;
  }
  if (best == nullptr) {
    note(turn, true, "leadership is kept: there is no voter to take it over");
    return;
  }
  Transfer transfer;
  transfer.to = best->member.node;
  transfer.give_up_at = turn.now.monotonic + options_.election_timeout_max;
  transfer_ = transfer;
  note(turn, false, fmt::format("hands leadership over to node {}", best->member.node));
}

void Raft::drive_transfer(Turn& turn) {
  if (!transfer_) return;
  const auto at = progress_.find(transfer_->to);
  if (at == progress_.end() || turn.now.monotonic >= transfer_->give_up_at) {
    COTERIE_REACHED("transfer given up");
    note(turn, true,
         fmt::format("node {} did not take leadership over: it stays here", transfer_->to));
    transfer_.reset();
    return;
  }
  const Progress& peer = at->second;
  if (transfer_->sent && peer.next <= transfer_->needs) {
    // What it needs was lost on the way: it gets it first, or it would stand and lose.
    COTERIE_REACHED("transfer: the successor lacks entries after all");
    transfer_->sent = false;
  }
  if (peer.probing || peer.snapshotting) return;
  if (!transfer_->sent && peer.next <= log_.last()) return;
  const bool again = transfer_->sent;
  if (again && turn.now.monotonic < transfer_->ask_again_at) return;
  if (!again) transfer_->needs = log_.last();
  transfer_->sent = true;
  transfer_->ask_again_at = turn.now.monotonic + options_.heartbeat_interval;
  send(peer.member, term(), TimeoutNow{transfer_->needs}, turn);
}

void Raft::handle(const Message&, TimeoutNow& request, Turn& turn) {
  stand_at_ = request.last_index;
  stand_if_asked(turn);
}

void Raft::stand_if_asked(Turn& turn) {
  if (!stand_at_ || log_.last() < *stand_at_) return;
  stand_at_.reset();
  if (!may_vote()) return;
  COTERIE_REACHED("stands because the leader asked");
  become_candidate(true, turn);
}

}  // namespace coterie::raft
