// See snapshots.h.
#include "coterie/node/snapshots.h"

#include <algorithm>
#include <utility>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/base/reached.h"

namespace coterie::node {

namespace {
constexpr size_t piece_bytes = 256 << 10;

store::SnapshotFile about(const raft::SnapshotPoint& point) {
  const SnapshotHeader header{point.membership, point.stamp_ms};
  return {point.index, point.term, to_wire(header).text(), 0};
}
}  // namespace

struct Snapshots::Making {
  Making(world::Disk& disk, const raft::SnapshotPoint& at, state::State&& frozen,
         uint64_t bytes_max)
      : point(at), source(std::move(frozen)), writer(disk, about(at), bytes_max) {}

  raft::SnapshotPoint point;
  state::SnapshotSource source;
  store::SnapshotWriter writer;
  bool finishing = false;
};

struct Snapshots::Receiving {
  Receiving(world::Disk& disk, const raft::SnapshotPoint& at, uint64_t bytes_max)
      : point(at), writer(disk, about(at), bytes_max) {
    taker.begin(about(at));
  }
  void check(Result<void> taken);

  raft::SnapshotPoint point;
  store::SnapshotWriter writer;
  StateTaker taker;
  uint64_t received_bytes = 0;
  bool finishing = false;
};

void Snapshots::Receiving::check(Result<void> taken) {
  if (taken) return;
  COTERIE_REACHED("snapshot: a received one is of no use");
  writer.give_up(std::move(taken).error());
}

Result<raft::SnapshotPoint> snapshot_point(const store::SnapshotFile& file) {
  COTERIE_TRY(header, from_wire<SnapshotHeader>(Payload::copy_of(file.header)));
  return raft::SnapshotPoint{file.index, file.term, std::move(header.membership), header.stamp_ms};
}

void StateTaker::begin(const store::SnapshotFile& about) {
  about_ = about;
  loader_.emplace();
  loaded_.reset();
}

Result<void> StateTaker::take(std::string_view piece) { return loader_->feed(piece); }

Result<void> StateTaker::finish() {
  COTERIE_TRY(point, snapshot_point(about_));
  COTERIE_TRY(state, loader_->finish());
  if (state.applied() != point.index || state.applied_term() != point.term) {
    return fail(Fault::corrupt, "it holds the state at another entry");
  }
  point.stamp_ms = std::max(point.stamp_ms, state.now_ms());
  loaded_ = LoadedSnapshot{std::move(point), std::move(state)};
  return {};
}

Snapshots::Snapshots(world::Disk& disk, std::optional<store::SnapshotFile> newest,
                     uint64_t bytes_max, Callbacks callbacks)
    : disk_(disk),
      newest_(std::move(newest)),
      bytes_max_(bytes_max),
      callbacks_(std::move(callbacks)) {}

Snapshots::~Snapshots() { *alive_ = false; }

void Snapshots::make(state::State frozen, const raft::Membership& membership) {
  COTERIE_ASSERT(!making());
  const raft::SnapshotPoint point{frozen.applied(), frozen.applied_term(), membership,
                                  frozen.now_ms()};
  making_ = std::make_unique<Making>(disk_, point, std::move(frozen), bytes_max_);
}

bool Snapshots::work(size_t bytes_max) {
  if (!making_ || making_->finishing) return false;
  size_t done_bytes = 0;
  while (done_bytes < bytes_max) {
    if (making_->writer.failed()) break;
    if (!making_->writer.ready()) return false;  // the disk will wake us
    auto piece = making_->source.next(piece_bytes);
    if (!piece) break;
    done_bytes += piece->size();
    making_->writer.append(*std::move(piece));
  }
  if (done_bytes >= bytes_max) return true;
  making_->finishing = true;
  making_->writer.finish(
      [this, alive = alive_, point = making_->point](Result<store::SnapshotFile> file) {
        if (*alive) made(std::move(file), point);
      });
  return false;
}

void Snapshots::made(Result<store::SnapshotFile> file, const raft::SnapshotPoint& point) {
  making_.reset();
  if (!file) {
    callbacks_.note(world::LogLevel::warning, "snapshot at " + std::to_string(point.index.value) +
                                                  " not written: " + file.error().message);
    return callbacks_.made(point, tl::unexpected(std::move(file).error()));
  }
  if (newest_ && newest_->index >= file->index) {
    // The log behind the older one is gone: it must not take the place of the leader's.
    COTERIE_REACHED("snapshot: a newer one was received while it was made");
    return store::remove_old_snapshots(disk_, *file, newest_->index);
  }
  store::remove_old_snapshots(disk_, newest_, file->index);
  newest_ = *std::move(file);
  callbacks_.made(point, {});
}

void Snapshots::read(const raft::SnapshotRead& wanted) {
  raft::SnapshotData answer{wanted.to, wanted.index, wanted.offset_bytes, 0, {}};
  if (!newest_ || newest_->index != wanted.index) return callbacks_.data(std::move(answer));
  store::read_snapshot(
      disk_, *newest_, wanted.offset_bytes, wanted.size_bytes_max,
      [this, alive = alive_, answer, total = newest_->body_bytes](Result<Payload> data) mutable {
        if (!*alive) return;
        if (data) {
          answer.total_bytes = total;
          answer.data = *std::move(data);
        } else {
          callbacks_.note(world::LogLevel::warning,
                          "snapshot cannot be read: " + data.error().message);
        }
        callbacks_.data(std::move(answer));
      });
}

bool Snapshots::ready_for_chunk() const { return !receiving_ || receiving_->writer.ready(); }

void Snapshots::write(raft::SnapshotWrite&& chunk) {
  if (chunk.offset_bytes == 0) {
    receiving_ = std::make_unique<Receiving>(disk_, chunk.point, bytes_max_);
  }
  if (!receiving_ || receiving_->finishing || receiving_->point.index != chunk.point.index) return;
  COTERIE_ASSERT(receiving_->received_bytes == chunk.offset_bytes);
  receiving_->received_bytes += chunk.data.size();
  // Of one that was given up nothing is of interest but that it ends.
  if (!receiving_->writer.failed()) receiving_->check(receiving_->taker.take(chunk.data.view()));
  const bool last = receiving_->received_bytes >= chunk.total_bytes;
  receiving_->writer.append(std::move(chunk.data));
  if (last) finish_receiving();
}

// A file that has its name is believed at the next start: it gets it only when its content has
// passed all checks.
void Snapshots::finish_receiving() {
  receiving_->finishing = true;
  if (!receiving_->writer.failed()) receiving_->check(receiving_->taker.finish());
  receiving_->writer.finish([this, alive = alive_](Result<store::SnapshotFile> file) {
    if (*alive && receiving_) received(std::move(file));
  });
}

void Snapshots::received(Result<store::SnapshotFile> file) {
  const std::unique_ptr<Receiving> done = std::move(receiving_);
  if (!file) {
    COTERIE_REACHED("snapshot: a received one was bad");
    callbacks_.note(world::LogLevel::warning,
                    "a received snapshot is not usable: " + file.error().message);
    return callbacks_.received(done->point, {});
  }
  store::remove_old_snapshots(disk_, newest_, file->index);
  newest_ = *std::move(file);
  std::optional<LoadedSnapshot> loaded = done->taker.loaded();
  COTERIE_ASSERT(loaded.has_value());
  callbacks_.received(done->point, std::move(loaded->state));
}

}  // namespace coterie::node
