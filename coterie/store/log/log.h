// The durable log of one replica. What was acknowledged is in it; what is in it is checked before
// it is used. Files of a data directory (docs/formats/log.md):
//
//   identity        written once and synced: format version, cluster, node, replica
//   state           term, vote and damage flag, in two preallocated slots, always synced
//   N.log           segments (N: 10 digits), zero-filled before use; a record counts only in the
//                   segment and at the place where it was written
//   N.snap          snapshots (N: the index, 20 digits), checksummed by block; one counts when its
//                   footer is durable
//
// Recovery tells three ends apart. Good records up to zeros: whole. A bad last batch with nothing
// good behind it: torn (or rotted after its acknowledgement, which cannot be told apart): it is
// cut. Bad with good behind it, or before a place that is known to have been durable: damage;
// nothing from there on is served, and the replica says so (HardState::damaged) until it has been
// repaired from its peers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/entry.h"
#include "coterie/base/ids.h"
#include "coterie/base/result.h"
#include "coterie/base/time.h"
#include "coterie/world/world.h"

namespace coterie::store {

enum class FsyncMode : uint8_t {
  always,    // acknowledged means written and synced
  interval,  // synced every second: a crash may forget that much. After an unclean stop the replica
             // is as wiped
  never,     // left to the kernel; as above
};

struct LogOptions {
  FsyncMode fsync = FsyncMode::always;
  // In whole pages, 1 GiB at most. An entry larger than that gets a segment of its own size.
  uint64_t segment_bytes = 16u << 20;
  Duration sync_interval = seconds(1);
};

// Who owns a data directory.
struct Papers {
  ClusterId cluster;  // zero: not founded yet
  NodeId node;
  ReplicaId replica;
  std::string founding;  // the wire form of the founding membership; empty: not founded yet
};

struct SnapshotFile {
  Index index;
  Term term;
  std::string
      header;  // opaque to the log: the wire form of the membership and what else the replica keeps
  uint64_t body_bytes = 0;  // of the opaque body behind it
};

// Takes a snapshot's body while Log::open() reads it, so that it is read once and never in memory
// as a whole; and says whether it is of any use.
class SnapshotTaker {
 public:
  virtual ~SnapshotTaker() = default;
  // A snapshot begins. What was taken of another one before is void.
  virtual void begin(const SnapshotFile& about) = 0;
  // The next piece of the body, checked. Fault::invalid: it is of another format, and the open
  // fails; another fault: it is of no use, and an older one is tried. The same holds for finish().
  virtual Result<void> take(std::string_view piece) = 0;
  // That was all, and the whole file is good.
  virtual Result<void> finish() = 0;
};

// What a data directory holds when it is opened.
struct Recovery {
  std::optional<Papers> papers;  // none: an empty directory, or nothing in it can be trusted
  // Whose directory it was, when all that is lost is term and vote. What follows is then what a new
  // open() would return after write_papers(), the term being the highest that is seen. Nothing is
  // removed before that.
  std::optional<Papers> former;
  // Who owned it is lost, but there are snapshots or records in it. Nothing is removed before
  // write_papers().
  bool orphaned = false;
  HardState hard_state;
  bool clean = true;                     // the last stop was clean, or every write was synced
  std::optional<SnapshotFile> snapshot;  // the newest that is whole and of use
  std::vector<Entry> entries;            // contiguous, from just behind the snapshot or earlier
  std::vector<std::string> notes;        // what was cut or found damaged, for the operator
};

class Log {
 public:
  // Submits nothing yet. `disk` outlives the Log. `on_durable(n)`: all writes up to number n are
  // durable (under a weaker FsyncMode: written); called from a completion of the disk, and may call
  // the Log, but for flush(). `on_failure`: the node must stop; nothing is called any more.
  // Fault::no_space is not a failure: see full().
  Log(world::Disk& disk, LogOptions options, std::function<void(uint64_t)> on_durable,
      std::function<void(Error)> on_failure);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Reads the directory; synchronous, before the first turn. Once. Fault::invalid: another format,
  // with what to do. Damaged identity or state files: a Recovery without papers is returned, with a
  // note; the replica is then as wiped. Snapshots are shown to `taker`, if there is one, from the
  // newest on, until one is of use: that is Recovery::snapshot. One that is not is left where it
  // is.
  Result<Recovery> open(SnapshotTaker* taker = nullptr);
  // What open() has returned is durable. A process that was killed leaves to the next one what the
  // kernel has not written yet, or never will: it is written again first, and until then nothing
  // may be said to others that depends on it. Writes wait by themselves; so does it, on a full
  // disk. True for a new directory.
  bool settled() const;

  // Makes the identity file durable, then calls done. With another replica than that of
  // Recovery::papers, or none: all that the directory held of the log's files is removed first.
  // With that of Recovery::former: term and vote are forgotten for good, the data are kept; done
  // when a new open(), of a new Log, will return them. Once at a time.
  void write_papers(const Papers& papers, std::function<void(Result<void>)> done);

  // Numbered writes, in order: the hard state first, then the entries, which replace all from
  // entries.front().index on. What is submitted in one turn goes to the disk as one write per file.
  // REQUIRES: number rises; there are papers; entries are contiguous and leave no gap.
  void write(uint64_t number, const std::optional<HardState>& hard_state,
             const std::vector<Entry>& entries);
  // Ends a turn, every turn: what was gathered by write() is submitted, unless the write before is
  // under way: then it goes with the next flush() after that. Also tries again what found no space,
  // and syncs under FsyncMode::interval.
  void flush(Now now);
  // Entries below `keep_from` are no longer needed (a durable snapshot covers them). Whole segments
  // are removed.
  void compact(Index keep_from);
  // A snapshot from elsewhere replaces the log: all entries go; the next one is at `next`.
  // REQUIRES: the snapshot at next - 1 is durable.
  void reset(Index next);
  // Marks a clean end; done when all is durable. Nothing is written after it.
  void close(std::function<void()> done);

  // The disk is full: writes wait, or soon will; or what open() has found waits to be settled. All
  // is tried again by flush().
  bool full() const;
  // How long recent syncs took, the one under way included (a moving maximum over some seconds), as
  // of the last flush().
  Duration recent_sync() const;
  uint64_t durable_number() const;
  uint64_t bytes_on_disk() const;  // of the segments, the prepared one included

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace coterie::store
