// The durable log of one replica. What was acknowledged is in it; what is in it is checked before it is used.
// Files of a data directory (docs/formats/log.md):
//
//   identity            written once and synced: format version, cluster, node, replica
//   state               two preallocated slots of term, vote and damage flag, written in turn, always synced
//   NNNNNNNNNN.log      segments: zero-filled before use; records carry the segment's sequence number in their CRC's seed,
//                       so that the old records of a recycled file never look alive
//   NNNNNNNNNN.snap     snapshots, checksummed by block; a snapshot counts when its footer is durable
//
// Recovery tells three ends apart. Good records up to zeros: whole. A bad last batch with nothing good behind it: torn
// (or rotted after its acknowledgement, which cannot be told apart): it is cut. Bad with good behind it: damage; nothing
// from there on is served, and the replica says so (HardState::damaged) until it has been repaired from its peers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coterie/base/entry.h"
#include "coterie/base/ids.h"
#include "coterie/base/result.h"
#include "coterie/base/time.h"
#include "coterie/world/world.h"

namespace coterie::store {

enum class FsyncMode : uint8_t {
  always,    // acknowledged means written and synced
  interval,  // synced every second: a crash may forget that much. After an unclean stop the replica is as wiped
  never,     // left to the kernel; as above
};

struct LogOptions {
  FsyncMode fsync = FsyncMode::always;
  uint64_t segment_bytes = 16u << 20;  // an entry larger than that gets a segment of its own size
  Duration sync_interval = seconds(1);
};

// Who owns a data directory.
struct Papers {
  ClusterId cluster;   // zero: not founded yet
  NodeId node;
  ReplicaId replica;
  std::string founding;  // the wire form of the founding membership; empty: not founded yet
};

struct SnapshotFile {
  Index index;
  Term term;
  std::string header;        // opaque to the log: the wire form of the membership and what else the replica keeps
  uint64_t body_bytes = 0;   // of the opaque body behind it
};

// What a data directory holds when it is opened.
struct Recovery {
  std::optional<Papers> papers;   // none: an empty directory
  HardState hard_state;
  bool clean = true;              // the last stop was clean, or every write was synced
  std::optional<SnapshotFile> snapshot;  // the newest whole one
  std::vector<Entry> entries;     // contiguous, from just behind the snapshot or earlier
  std::vector<std::string> notes; // what was cut or found damaged, for the operator
};

class Log {
 public:
  // Submits nothing yet. `disk` outlives the Log. `on_durable(n)`: all writes up to number n are durable; called from a
  // completion of the disk. `on_failure`: the node must stop. Fault::no_space is not a failure: see full().
  Log(world::Disk& disk, LogOptions options, std::function<void(uint64_t)> on_durable,
      std::function<void(Error)> on_failure);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Reads the directory; synchronous, before the first turn. Fault::invalid: another format, with what to do.
  // Damaged identity or state files: a Recovery without papers is returned when nothing can be trusted, with a note;
  // the replica is then as wiped.
  Result<Recovery> open();

  // Makes the identity file durable (first start, and again when the cluster is founded), then calls done.
  void write_papers(const Papers& papers, std::function<void(Result<void>)> done);

  // Numbered writes, in order: the hard state first, then the entries, which replace all from entries.front().index on.
  // What is submitted in one turn goes to the disk as one write per file. REQUIRES: number rises; opened.
  void write(uint64_t number, const std::optional<HardState>& hard_state, const std::vector<Entry>& entries);
  // Ends a turn: what was gathered by write() is submitted.
  void flush(Now now);
  // Entries below `keep_from` are no longer needed (a durable snapshot covers them).
  void compact(Index keep_from);
  // A snapshot from elsewhere replaces the log: all entries go; the next one is at `next`.
  void reset(Index next);
  // Marks a clean end; done when all is durable.
  void close(std::function<void()> done);

  bool full() const;                       // the last write found no space; writes are tried again by flush()
  Duration recent_sync() const;            // how long recent syncs took (a moving maximum), for status and notes
  uint64_t durable_number() const;
  uint64_t bytes_on_disk() const;
};

}  // namespace coterie::store
