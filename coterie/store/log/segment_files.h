// The segment files of a running log: the one in use, those before it, and one that is prepared so
// that a write never waits for zeros to be written. Segments that are of no use any more go.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "coterie/base/ids.h"
#include "coterie/store/log/log.h"
#include "coterie/store/log/segment_format.h"
#include "coterie/store/log/state_file.h"
#include "coterie/store/log/stitch.h"
#include "coterie/world/world.h"

namespace coterie::store {

class SegmentFiles {
 public:
  // `on_ready`: a segment has been prepared. `on_failure`: the disk has failed.
  SegmentFiles(world::Disk& disk, StateFile& state, uint64_t segment_bytes,
               std::function<void()> on_ready, std::function<void(Error)> on_failure);
  ~SegmentFiles();

  void adopt(const Papers& papers, const StitchedLog& log, uint32_t sequence_max);
  void set_cluster(const ClusterId& cluster);  // for the headers to come
  // What was recovered is durable: prepares a segment, removes what is of no use.
  void start();

  // The segment in use. The next batch goes to offset(); before the first batch of a segment comes
  // an opening, if !begun(). REQUIRES, but for end(): is_open()
  bool is_open() const;
  uint32_t sequence() const;
  uint64_t offset() const;
  bool begun() const;
  uint64_t room() const;  // 0 when none is in use
  LogEnd end() const;     // of what has been written, in whatever segment
  // A batch up to `offset` has been written.
  void advance(uint64_t offset);
  // A batch with this lowest index is durable in this segment.
  void lower(uint32_t sequence, Index low);

  // Takes the prepared segment into use if it has room for `bytes` of records besides its opening.
  // Otherwise one is being prepared, or will be by retry(): on_ready tells.
  bool open_next(uint64_t bytes);
  // Prepares a segment if none is there.
  void prepare();
  bool preparing() const;
  bool no_space() const;  // the last attempt to prepare one found the disk full
  void retry();           // after no_space()

  // Entries below are not needed: removes the segments that hold nothing else, never the last.
  void compact(Index keep_from);
  uint64_t bytes_on_disk() const;
  uint64_t segment_bytes() const;  // of a usual one
  const std::vector<LiveSegment>& live() const;
  std::vector<uint32_t> sequences() const;  // of all files, live or not

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace coterie::store
