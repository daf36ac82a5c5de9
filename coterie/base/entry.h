// An Entry is a batch of commands with the place in the log that a leader gave it. It is encoded
// once: the record in the log and the bytes in an append frame are the same. Layout, little-endian
// (docs/formats/entry.md):
//
//    0 u32 size_bytes, header included      16 u64 term
//    4 u32 CRC32C of all that follows       24 u64 index
//    8 u32 group                            32 i64 stamp_ms: log time
//   12 u16 kind                             40 body
//   14 u16 feature level
//
// Properties of an Entry made by encode() or from_bytes(): 1. bytes is exactly one record; 2. its
// CRC is right;
// 3. the fields are those of the header. Only from_bytes() faces bytes from outside.
#pragma once

#include <cstdint>

#include "coterie/base/ids.h"
#include "coterie/base/payload.h"
#include "coterie/base/result.h"

namespace coterie {

enum class EntryKind : uint16_t {
  leader_start = 0,  // no body: a new leader's first entry (Ongaro & Ousterhout 2014, section 8)
  commands = 1,      // body: a batch of commands, store/state/batch.h
  membership = 2,    // body: wire form of raft::Membership
  stamp = 3,         // no body: moves log time on an idle cluster, so that deadlines fall due
};

inline constexpr size_t entry_header_bytes = 40;
inline constexpr size_t entry_bytes_max = 48u << 20;

struct Entry {
  GroupId group;
  EntryKind kind = EntryKind::leader_start;
  uint16_t feature_level = 0;
  Term term;
  Index index;
  int64_t stamp_ms = 0;
  Payload bytes;  // the whole record

  Payload body() const {
    return bytes.slice(entry_header_bytes, bytes.size() - entry_header_bytes);
  }

  // Checks size, CRC and kind. `bytes` may be longer than the record; the Entry slices what it
  // needs.
  static Result<Entry> from_bytes(const Payload& bytes);
  bool operator==(const Entry& other) const { return bytes == other.bytes; }
};

// Encodes an entry. `out` holds, or will hold, entry_header_bytes of room (reserve_entry_header)
// followed by the body; seal_entry fills in the header and takes the bytes. The fields of `header`
// but bytes are used.
void reserve_entry_header(PayloadBuilder& out);
Entry seal_entry(const Entry& header, PayloadBuilder& out);
// An entry with this body, copied.
Entry make_entry(const Entry& header, std::string_view body);

// What a replica must never forget (section 5.1, figure 2), with the flag of the rule "Identity": a
// replica whose log was damaged does not vote until a leader of the current term has brought it
// back.
struct HardState {
  Term term;
  ReplicaId vote;  // for whom it voted in `term`; none if zero
  bool damaged = false;

  bool operator==(const HardState&) const = default;
};

}  // namespace coterie
