// Snapshots keeps the log short and brings back who is too far behind. Making one freezes the state
// (a copy of references), then turns it into bytes and hands them to the disk piece by piece over
// many turns: no fork, no pause. Sending one reads pieces of the file as Raft asks for them;
// receiving one writes a file and builds a state beside the one in force, which it replaces when
// all of it is durable and has passed its checks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "coterie/node/gateway.h"
#include "coterie/protocol/raft/raft.h"
#include "coterie/store/log/snapshot.h"
#include "coterie/store/state/state.h"
#include "coterie/world/world.h"

namespace coterie::node {

// What a snapshot file's header holds for the replica.
struct SnapshotHeader {
  raft::Membership membership;  // as of the snapshot's index
  int64_t stamp_ms = 0;         // of the entry at that index
};

// A snapshot that was read to its end, and is what its header says.
struct LoadedSnapshot {
  raft::SnapshotPoint point;
  state::State state;
};

// Builds the state that a snapshot holds while its bytes come from a disk or a peer.
class StateTaker final : public store::SnapshotTaker {
 public:
  void begin(const store::SnapshotFile& about) override;
  Result<void> take(std::string_view piece) override;
  Result<void> finish() override;

  // Once, after finish() has succeeded; none: it has not.
  std::optional<LoadedSnapshot> loaded() { return std::exchange(loaded_, std::nullopt); }

 private:
  store::SnapshotFile about_;
  std::optional<state::SnapshotLoader> loader_;
  std::optional<LoadedSnapshot> loaded_;
};

class Snapshots {
 public:
  struct Callbacks {
    // A snapshot of this replica's own is durable, or was not written.
    std::function<void(const raft::SnapshotPoint&, const Result<void>&)> made;
    // A received one is durable and of use: `state` is what it holds. No state: it was bad, and is
    // gone.
    std::function<void(const raft::SnapshotPoint&, std::optional<state::State>)> received;
    std::function<void(raft::SnapshotData)> data;
    std::function<void(world::LogLevel, std::string)> note;
  };

  // `bytes_max`: no larger ones are made or taken in.
  Snapshots(world::Disk& disk, std::optional<store::SnapshotFile> newest, uint64_t bytes_max,
            Callbacks callbacks);
  ~Snapshots();

  // Begins a snapshot of `frozen` at its applied index. REQUIRES: !making()
  void make(state::State frozen, const raft::Membership& membership);
  bool making() const { return making_ != nullptr; }
  bool receiving() const { return receiving_ != nullptr; }
  // Does a piece of the work, `bytes_max` at most; called in every turn. True: there is more to do
  // now.
  bool work(size_t bytes_max);

  void read(const raft::SnapshotRead& wanted);
  // What is received faster than the disk takes it would wait in memory: so the next chunk is not
  // given to Raft, which answers it at once, before this says so.
  bool ready_for_chunk() const;
  void write(raft::SnapshotWrite&& chunk);

  const std::optional<store::SnapshotFile>& newest() const { return newest_; }

 private:
  struct Making;
  struct Receiving;

  void made(Result<store::SnapshotFile> file, const raft::SnapshotPoint& point);
  void finish_receiving();
  void received(Result<store::SnapshotFile> file);

  world::Disk& disk_;
  std::optional<store::SnapshotFile> newest_;
  uint64_t bytes_max_;
  Callbacks callbacks_;
  std::unique_ptr<Making> making_;
  std::unique_ptr<Receiving> receiving_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// What Raft must know of a snapshot file; Fault::corrupt when its header does not say.
Result<raft::SnapshotPoint> snapshot_point(const store::SnapshotFile& file);

}  // namespace coterie::node
