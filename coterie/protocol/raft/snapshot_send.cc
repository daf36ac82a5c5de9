// A leader brings forward a follower that needs entries it no longer has: it sends its newest
// snapshot in chunks, a few in flight, each asked for from the world first. Heartbeats go their own
// way (Ongaro & Ousterhout 2014, section 7).
#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

void Raft::start_snapshot(Progress& peer, Turn& turn) {
  COTERIE_ASSERT(snapshot_.index >= log_.base());
  start_probing(peer, peer.next);
  peer.snapshotting = true;
  peer.snapshot = Progress::Snapshot();
  peer.snapshot.point = snapshot_;
  peer.snapshot.moved_at = turn.now.monotonic;
  note(turn, false,
       fmt::format("sends node {} a snapshot up to {}: its log ends before {}", peer.member.node,
                   snapshot_.index, log_.first()));
  read_snapshot(peer, turn);
}

void Raft::read_snapshot(Progress& peer, Turn& turn) {
  Progress::Snapshot& sending = peer.snapshot;
  if (sending.reading || (sending.total_bytes > 0 && sending.sent_bytes >= sending.total_bytes))
    return;
  const uint64_t window = uint64_t{options_.snapshot_chunks_max} * options_.snapshot_chunk_bytes;
  if (sending.sent_bytes - sending.acked_bytes >= window) return;
  sending.reading = true;
  turn.out.snapshot_reads.push_back(
      {peer.member.node, sending.point.index, sending.sent_bytes, options_.snapshot_chunk_bytes});
}

void Raft::on(SnapshotData&& input, Turn& turn) {
  const auto at = progress_.find(input.to);
  if (at == progress_.end() || !at->second.snapshotting) return;
  Progress& peer = at->second;
  Progress::Snapshot& sending = peer.snapshot;
  if (sending.point.index != input.index || !sending.reading) return;
  sending.reading = false;
  if (input.total_bytes == 0 || input.data.empty()) {
    COTERIE_REACHED("snapshot could not be read");
    // A newer one at once; the same one again only after a while.
    if (snapshot_.index > sending.point.index) start_snapshot(peer, turn);
    return;
  }
  if (input.offset_bytes != sending.sent_bytes) return;  // rewound meanwhile
  COTERIE_ASSERT(input.offset_bytes + input.data.size() <= input.total_bytes);
  sending.total_bytes = input.total_bytes;
  sending.sent_bytes += input.data.size();
  send(peer.member, term(),
       SnapshotChunk{sending.point, input.offset_bytes, input.total_bytes, std::move(input.data)},
       turn);
}

// What was lost on the way is sent again; when all was acknowledged, an empty chunk asks whether it
// is installed.
void Raft::retry_snapshot(Progress& peer, Turn& turn) {
  Progress::Snapshot& sending = peer.snapshot;
  if (turn.now.monotonic - sending.moved_at < options_.heartbeat_interval * 2) return;
  sending.moved_at = turn.now.monotonic;
  if (sending.total_bytes > 0 && sending.reported_bytes == sending.total_bytes) {
    send(peer.member, term(),
         SnapshotChunk{sending.point, sending.total_bytes, sending.total_bytes, Payload()}, turn);
    return;
  }
  if (sending.reading) return;
  // Nothing moves: go on from where it says it is, be that behind what it once had.
  sending.acked_bytes = sending.reported_bytes;
  sending.sent_bytes = sending.reported_bytes;
}

void Raft::handle(const Message& message, SnapshotReply& reply, Turn& turn) {
  const auto at = progress_.find(message.from_node);
  if (at == progress_.end() || at->second.member.replica != message.from) return;
  Progress& peer = at->second;
  peer.heard_at = turn.now.monotonic;
  if (!peer.snapshotting || reply.index != peer.snapshot.point.index) return;
  Progress::Snapshot& sending = peer.snapshot;
  if (reply.installed) {
    COTERIE_REACHED("snapshot sent");
    note(turn, false,
         fmt::format("node {} has installed the snapshot up to {}", peer.member.node, reply.index));
    return start_probing(peer, std::max(peer.match, reply.index).next());
  }
  if (reply.refused) {
    COTERIE_REACHED("snapshot started again");
    return start_snapshot(peer, turn);
  }
  if (reply.next_offset_bytes > sending.total_bytes) return;  // of an earlier attempt
  sending.reported_bytes = reply.next_offset_bytes;
  if (reply.next_offset_bytes > sending.acked_bytes) {
    sending.acked_bytes = reply.next_offset_bytes;
    sending.sent_bytes = std::max(sending.sent_bytes, sending.acked_bytes);
    sending.moved_at = turn.now.monotonic;
  }
}

}  // namespace coterie::raft
