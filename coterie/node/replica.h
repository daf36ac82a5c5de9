// A Replica is one group's share of a node: its Raft machine, its durable log, its copy of the
// state, and the session by which this node's clients write. It carries out the machine's effects
// through the world, and it is where a write's path meets itself: from the session into an entry,
// into the log and to the followers, and, when a majority has it, through apply back to the
// client's ticket.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coterie/node/gateway.h"
#include "coterie/node/intake.h"
#include "coterie/node/reads.h"
#include "coterie/node/session.h"
#include "coterie/node/snapshots.h"
#include "coterie/node/wire.h"
#include "coterie/protocol/clock/log_time.h"
#include "coterie/protocol/raft/raft.h"
#include "coterie/store/log/log.h"
#include "coterie/store/state/state.h"
#include "coterie/world/world.h"

namespace coterie::node {

struct ReplicaOptions {
  raft::Options raft;  // group, node, replica, seed and timing
  Duration request_timeout = seconds(10);
  uint64_t snapshot_log_bytes = 64u << 20;  // log kept in memory that makes a snapshot due
  uint64_t keep_log_bytes =
      8u << 20;  // of it kept behind a snapshot, for followers a little behind
  uint64_t snapshot_bytes_max = store::snapshot_body_bytes_max;
  uint64_t entry_bytes = 4u << 20;  // a batch is closed above this
  uint64_t apply_bytes_a_turn = 512u << 10;
};

class Replica {
 public:
  struct Callbacks {
    std::function<void(const Payload& channel, const Payload& message)> published;
    std::function<void(world::LogLevel, std::string)> note;
  };

  // `recovery` is what log.open() gave, and `snapshot` what its snapshot holds, if it has one; the
  // papers are founded. `log` and `world` outlive the replica.
  static std::unique_ptr<Replica> start(world::World& world, store::Log& log,
                                        store::Recovery&& recovery,
                                        std::optional<LoadedSnapshot>&& snapshot,
                                        const FoundingRecord& founding,
                                        const ReplicaOptions& options, Callbacks callbacks);

  void write(Ticket ticket, const state::CommandSpec& spec, uint8_t db,
             std::span<const std::string_view> args);
  void read(Ticket ticket, const state::CommandSpec& spec, uint8_t db,
            std::span<const std::string_view> args, bool stale);
  void cancel(Ticket ticket);

  void on_message(NodeId from, raft::Message&& message);
  void on_forward(NodeId from, Forward&& forward);
  void on_refused(const ForwardRefused& refused);
  void on_hello(const Hello& hello);
  void on_link(NodeId peer, world::LinkChange change);
  void on_durable(uint64_t number);
  void end_turn();
  Instant next_deadline() const;

  std::vector<std::pair<Ticket, Reply>> take_answers();
  void transfer_leadership(NodeId to);
  // The log is being closed: what its disk completes from now on changes nothing here.
  void retire() { retired_ = true; }
  // The disk of this node, or of a majority, has no room: see the rule "Log".
  void disks_full(bool own, bool majority);

  const raft::Raft& raft() const { return raft_; }
  const state::State& state() const { return state_; }
  uint64_t pending_bytes() const { return session_.pending_bytes() + reads_.pending_bytes(); }
  bool idle() const { return session_.pending() == 0 && reads_.pending_bytes() == 0; }
  Instant last_read_granted() const { return reads_.last_granted(); }

 private:
  Replica(world::World& world, store::Log& log, raft::Recovered&& recovered, state::State&& state,
          std::optional<store::SnapshotFile> snapshot, const ReplicaOptions& options,
          Callbacks callbacks);

  void step(raft::Input&& input);
  void lead_or_follow();
  void gather_writes();
  void propose_batches();
  void propose_housekeeping();
  void propose(EntryKind kind, PayloadBuilder& body);
  void ask_for_reads();
  void carry_out();
  void apply_committed();
  void apply(const Entry& entry);
  void snapshot_if_due();
  void on_chunk(raft::Message&& message);
  bool chunk_waits() const { return !chunks_.empty() && snapshots_.ready_for_chunk(); }
  void on_snapshot_made(const raft::SnapshotPoint& point, const Result<void>& written);
  void on_snapshot_received(const raft::SnapshotPoint& point, std::optional<state::State> state);
  bool proposing() const;

  world::World& world_;
  store::Log& log_;
  ReplicaOptions options_;
  Callbacks callbacks_;
  raft::Raft raft_;
  raft::Effects effects_;
  state::State state_;
  raft::Membership applied_membership_;
  state::ApplyEffects applied_;
  std::deque<Entry> to_apply_;
  Session session_;
  Reads reads_;
  Intake intake_;
  Snapshots snapshots_;
  std::deque<raft::Message> chunks_;  // of a snapshot, not yet given to Raft
  Instant chunks_from_{0};            // none are taken before
  Instant snapshot_from_{0};          // none is begun before
  clock::LogTime log_time_;
  std::vector<std::pair<NodeId, Forward>> forwards_;  // arrived in this turn
  NodeId last_leader_;
  Term last_term_;
  bool leads_ = false;           // as of the last turn
  int64_t newest_stamp_ms_ = 0;  // in the log, as far as this leader has proposed
  Instant housekeeping_at_{0};
  Instant probe_at_{0};
  bool own_disk_full_ = false;
  bool majority_full_ = false;
  bool retired_ = false;
};

}  // namespace coterie::node
