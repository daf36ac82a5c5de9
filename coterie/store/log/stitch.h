// From what can be read of the segments to the log they hold. Pure: no disk.
//
// Imagine a diary in several booklets. The first line of each says which booklet came before and on
// which line that one ended; so the booklets are laid out backwards from the newest, and read
// forwards. A later line with an earlier date replaces everything from that date on. Where a line
// cannot be read though there are later ones, what the diary says from there on cannot be known
// from what stood before: what follows is good only by itself, and only if it begins no later than
// where a snapshot ends.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coterie/base/entry.h"
#include "coterie/store/log/log.h"
#include "coterie/store/log/segment_format.h"
#include "coterie/store/log/state_format.h"

namespace coterie::store {

// A segment whose records are part of the log.
struct LiveSegment {
  uint32_t sequence = 0;
  uint64_t size_bytes = 0;
  Index low = Index(UINT64_MAX);  // lowest index among its durable entries and resets
};

struct StitchedLog {
  std::vector<Entry> entries;      // contiguous
  Index next = Index(1);           // of the next entry to be written
  bool damaged = false;            // entries that may have been acknowledged are lost
  bool reanchor = false;           // before the next entry a reset to `next` must be written
  LogEnd end;                      // what is written next follows this place
  bool continue_in_place = false;  // in the same segment: behind `end` all is zeros
  uint32_t cut_segment = 0;        // otherwise what lies behind `end` is dead up to this segment
  std::vector<LiveSegment> live;   // oldest first; those up to `end`
  std::optional<uint32_t> prefix_crc;  // CRC32C of the last live one's bytes up to `end`
  std::optional<LiveSegment> spare;
  std::vector<uint32_t> dead;  // segments that are of no use once something follows `end`
  std::vector<std::string> notes;
};

// `scans` ordered by sequence. `snapshot`: the one that will be used.
StitchedLog stitch_log(std::vector<SegmentScan> scans, const StateRecord& state,
                       const std::optional<SnapshotFile>& snapshot);

}  // namespace coterie::store
