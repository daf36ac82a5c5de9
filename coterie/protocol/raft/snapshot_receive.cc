// A follower takes a snapshot chunk by chunk, in order, and hands each to the world. While the
// whole one is installed it takes no entries: its log is about to be replaced.
#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

bool Raft::already_holds(const SnapshotPoint& point) const {
  return point.index <= commit_ ||
         (point.index <= log_.last() && log_.term_at(point.index) == point.term);
}

void Raft::answer_snapshot(Index index, uint64_t next_bytes, bool installed, bool refused,
                           Turn& turn) {
  if (leader_.node && !leads()) {
    send(leader_, term(), SnapshotReply{index, next_bytes, installed, refused}, turn);
  }
}

void Raft::handle(const Message&, SnapshotChunk& chunk, Turn& turn) {
  const SnapshotPoint& point = chunk.point;
  const uint64_t size = chunk.data.size();
  if (!point.index || chunk.total_bytes == 0 || chunk.offset_bytes > chunk.total_bytes ||
      size > chunk.total_bytes - chunk.offset_bytes ||
      point.membership.members.size() > members_max) {
    return;
  }
  if (receiving_ && receiving_->installing) {
    if (receiving_->point == point)
      answer_snapshot(point.index, receiving_->total_bytes, false, false, turn);
    return;
  }
  if (already_holds(point)) {
    COTERIE_REACHED("snapshot not needed");
    // A snapshot holds what is committed; the same entry here means the same log up to it.
    matched_ = std::max(matched_, point.index);
    learn_commit(point.index);
    return answer_snapshot(point.index, 0, true, false, turn);
  }
  if (receiving_ && point.index < receiving_->point.index)
    return;  // late: the leader has a newer one
  if (!receiving_ || receiving_->point != point || receiving_->total_bytes != chunk.total_bytes) {
    if (chunk.offset_bytes != 0) return answer_snapshot(point.index, 0, false, true, turn);
    receiving_ = Receiving{point, 0, chunk.total_bytes, false};
  }
  if (chunk.offset_bytes != receiving_->next_bytes || size == 0) {
    COTERIE_REACHED("snapshot chunk out of order");
    return answer_snapshot(point.index, receiving_->next_bytes, false, false, turn);
  }
  receiving_->next_bytes += size;
  receiving_->installing = receiving_->next_bytes == receiving_->total_bytes;
  turn.out.snapshot_writes.push_back(
      {point, chunk.offset_bytes, chunk.total_bytes, std::move(chunk.data)});
  answer_snapshot(point.index, receiving_->next_bytes, false, false, turn);
}

void Raft::on(SnapshotInstalled&& input, Turn& turn) {
  if (!receiving_ || !receiving_->installing || receiving_->point.index != input.point.index)
    return;
  const SnapshotPoint point = receiving_->point;
  receiving_.reset();
  if (!input.installed) {
    note(turn, true,
         fmt::format("the received snapshot up to {} is bad: it is asked for again", point.index));
    return answer_snapshot(point.index, 0, false, true, turn);
  }
  COTERIE_ASSERT(point.index > commit_);
  COTERIE_REACHED("snapshot installed");
  // The log did not hold the snapshot's last entry, so nothing behind it was ever committed.
  log_.reset(point.index, point.term);
  learn_replicas(point.membership);
  memberships_.reset(point.index, point.membership);
  snapshot_ = point;
  commit_ = point.index;
  emitted_ = point.index;
  dirty_from_ = Index();
  durable_index_ = point.index;
  for (WriteInFlight& write : writes_) write.last = Index();
  matched_ = std::max(matched_, point.index);  // what is committed is in every leader's log
  note(turn, false, fmt::format("a snapshot up to {} is installed", point.index));
  answer_snapshot(point.index, 0, true, false, turn);
}

}  // namespace coterie::raft
