// The bytes of a log segment (docs/formats/log.md): a header page, then records back to back, then
// zeros to the end of the file, which was filled with them before its first use.
//
//   record   0 u32 length of the body        12 u16 kind, u16 flags: 1 the last of its batch
//            4 u32 segment sequence          16 u32 offset of this record in the file
//            8 u32 CRC32C                    20 u32 offset of the first record of its batch
//           24 body, then zeros up to a multiple of 8
//
// The CRC is seeded by the segment's sequence number and the replica's identity, so that a record
// counts only where it was written: not in a recycled, renamed or copied file, and not inside the
// body of another record. It covers the record's header and the first 40 bytes of the body: of an
// entry that is its own header with the CRC of the rest, so that no byte is summed twice.
//
// A batch is what one write to the disk holds. It says where it began, which is how recovery knows
// whether a good record behind a bad one belongs to the same, perhaps unfinished, write. It begins
// and ends at a sector's border, so that a write never touches what is durable, and a lost sector
// takes from one batch only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/entry.h"
#include "coterie/base/ids.h"
#include "coterie/base/payload.h"
#include "coterie/base/result.h"

namespace coterie::store {

inline constexpr uint32_t log_format_version = 1;
inline constexpr uint64_t segment_header_bytes = 4096;
inline constexpr uint64_t record_header_bytes = 24;
inline constexpr uint64_t segment_bytes_max = uint64_t{1} << 30;
inline constexpr uint64_t batch_alignment_bytes = 512;

struct SegmentHeader {
  uint32_t sequence = 0;
  ClusterId cluster;  // zero: made before the cluster was founded
  ReplicaId replica;
  uint64_t size_bytes = 0;  // of the whole file
};

// "NNNNNNNNNN.log", and back; nothing when it is no segment's name.
std::string segment_name(uint32_t sequence);
std::optional<uint32_t> segment_sequence(std::string_view name);
// Of the copy that is to take its place.
std::string unfinished_segment_name(uint32_t sequence);
bool is_unfinished_segment(std::string_view name);

// A whole header page.
Payload encode_segment_header(const SegmentHeader& header);
// Fault::corrupt when the bytes are none; Fault::invalid when they are of another format version.
Result<SegmentHeader> decode_segment_header(std::string_view bytes);

enum class RecordKind : uint16_t {
  entry = 1,    // body: the entry's bytes. It replaces all entries from its index on
  opening = 2,  // the first record of a segment. Body: u32 sequence, u32 zero, u64 end of the
                // predecessor, whose records beyond that end are void. Sequence 0: the log begins
  reset = 3,    // body: u64 index. All entries go; the next one has this index
};

inline constexpr uint64_t opening_body_bytes = 16;
inline constexpr uint64_t reset_body_bytes = 8;

// Bytes of a record with such a body.
constexpr uint64_t record_bytes(uint64_t body_bytes) {
  return record_header_bytes + (body_bytes + 7) / 8 * 8;
}

// Where the next batch begins when one ends here.
constexpr uint64_t batch_border(uint64_t offset) {
  return (offset + batch_alignment_bytes - 1) / batch_alignment_bytes * batch_alignment_bytes;
}

// A place in the log: behind it nothing, or nothing known, has been written.
struct LogEnd {
  uint32_t sequence = 0;  // 0: nothing was ever written
  uint64_t offset = 0;

  auto operator<=>(const LogEnd&) const = default;
};

Payload encode_opening(const LogEnd& predecessor);
Payload encode_reset(Index next);

uint32_t record_seed(uint32_t sequence, const ReplicaId& replica);
// Of the record whose header is at the front of `header`; its own CRC is left out.
uint32_t record_crc(std::string_view header, std::string_view body, uint32_t seed);

inline constexpr uint16_t record_last_of_batch = 1;  // a flag

// The parts of one write. The bodies are not copied; all headers and paddings share one slab.
class BatchBuilder {
 public:
  // `start`: where in the file the batch is to be written.
  BatchBuilder(uint32_t sequence, const ReplicaId& replica, uint64_t start);
  void add(RecordKind kind, Payload body);
  // Where the batch would end with one more body of this size.
  uint64_t end_with(uint64_t body_bytes) const {
    return batch_border(end_ + record_bytes(body_bytes));
  }
  uint64_t end() const { return batch_border(end_); }
  // REQUIRES: something was added
  std::vector<Payload> take();

 private:
  uint32_t sequence_;
  uint32_t seed_;
  uint64_t start_;
  uint64_t end_;
  PayloadBuilder frame_;         // paddings and headers, in order
  std::vector<Payload> bodies_;  // each follows the frame's bytes up to its cut
  std::vector<size_t> cuts_;
};

struct Record {
  RecordKind kind = RecordKind::entry;
  uint64_t offset = 0;
  uint64_t end = 0;         // where the next one is expected
  Entry entry;              // of an entry; its bytes are a copy
  LogEnd opening;           // of an opening
  Index reset_next;         // of a reset
  uint32_t prefix_crc = 0;  // CRC32C of the file's bytes up to `end`
};

enum class SegmentTail : uint8_t {
  zeros,  // nothing was written behind the last record
  bad,    // something is there, but no good record of a later batch
  lost,   // what followed is not known: the file is shorter than it was made, cannot be read, or
          // a write went to another place than it was meant for
};

// What can be read of one segment.
struct SegmentScan {
  uint32_t sequence = 0;
  uint64_t file_bytes = 0;
  bool header_good = false;
  bool whole = false;           // the header is good and the file is as long as it says
  ClusterId cluster;            // of a good header
  std::vector<Record> records;  // all good ones, by offset. Between two that do not adjoin: a hole
  uint64_t end = segment_header_bytes;  // behind the last record
  SegmentTail tail = SegmentTail::zeros;

  // It has been written to: its first record says what came before.
  bool begun() const {
    return !records.empty() && records.front().offset == segment_header_bytes &&
           records.front().kind == RecordKind::opening;
  }
};

// Reads the bytes of a segment file; any bytes will do. Fault::invalid when they are of a format or
// hold an entry that this version does not know, or belong to another replica.
Result<SegmentScan> scan_segment(const Payload& file, uint32_t sequence, const ReplicaId& replica);

}  // namespace coterie::store
