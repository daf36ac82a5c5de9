// The bytes of the `state` file (docs/formats/log.md): one record, written twice, in two slots a
// page apart, one after the other: first over the slot that is bad or older, if one is. A state
// counts when both are durable. So one bad slot, torn or rotted, never hides anything that counted:
// the other one holds the same state or a newer one (docs/decisions/0009-state-file.md). Both bad:
// the replica does not know how it voted.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "coterie/base/entry.h"
#include "coterie/base/ids.h"
#include "coterie/base/payload.h"
#include "coterie/base/result.h"
#include "coterie/store/log/segment_format.h"

namespace coterie::store {

inline constexpr uint32_t state_format_version = 1;
inline constexpr uint64_t state_slot_bytes = 512;
inline constexpr uint64_t state_slot_distance = 4096;  // a torn page takes one slot at most
inline constexpr uint64_t state_file_bytes = 2 * state_slot_distance;

struct StateRecord {
  uint64_t counter = 0;  // rises with each state
  HardState hard_state;
  bool unsynced = false;       // log writes may have been acknowledged before they were synced
  bool stopped = false;        // a clean end: the log ends exactly at `end`
  uint32_t first_segment = 0;  // those before it were not needed any more and are gone
  // Segments that may have been written to since: they exist, with their headers. 0: none.
  uint32_t open_segment = 0;    // the one in use
  uint32_t newest_segment = 0;  // the one prepared to follow it
  LogEnd end;                   // the log was durable up to here, at least, when this was written
  // What an earlier start has cut off, for good: all behind this place in its segment, and all
  // segments behind that one up to `cut_segment`.
  LogEnd cut;
  uint32_t cut_segment = 0;

  bool operator==(const StateRecord&) const = default;
};

// One slot. The CRC is seeded by the replica, so that the state of a former one never counts.
Payload encode_state_slot(const StateRecord& state, const ReplicaId& replica);

struct StateScan {
  std::optional<StateRecord> state;  // none: both slots are bad
  bool one_bad = false;
  unsigned spare_slot = 0;  // the one to be written first: it does not hold `state` alone
};

// Reads the bytes of a state file; any bytes will do. Fault::invalid: of another format version.
Result<StateScan> scan_state(std::string_view file, const ReplicaId& replica);

}  // namespace coterie::store
