// See segment_format.h. Reads a segment front to back. Where no good record stands, it looks for a
// good one of a later batch: that proves that the bad place had been written in full and was
// damaged afterwards, because a batch is submitted only when the one before it has completed.
#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "coterie/base/codec.h"
#include "coterie/base/crc32c.h"
#include "coterie/base/mutant.h"
#include "coterie/base/reached.h"
#include "coterie/store/log/segment_format.h"

namespace coterie::store {

namespace {

enum class Verdict : uint8_t { good, bad, unknown };

// Where the zeros begin that reach to the end of the file. Most of a segment is that, so it is
// asked once, by pages.
uint64_t used_bytes(std::string_view file) {
  constexpr size_t piece_bytes = 4096;
  static constexpr std::array<char, piece_bytes> zeros{};
  size_t end = file.size();
  while (end >= piece_bytes &&
         std::memcmp(&file[end - piece_bytes], zeros.data(), piece_bytes) == 0)
    end -= piece_bytes;
  while (end > 0 && file[end - 1] == 0) --end;
  return end;
}

struct Scanner {
  const Payload& file;
  uint32_t sequence;
  uint32_t seed;
  uint64_t used;  // behind it all is zeros

  const char* at(uint64_t offset) const { return file.data() + offset; }

  // The cheap half of the check, for the search: does a record of ours claim to stand here?
  bool claims(uint64_t offset) const {
    return load_le<uint32_t>(at(offset) + 4) == sequence &&
           load_le<uint32_t>(at(offset) + 16) == offset;
  }
  // It stands where it says, but in another file.
  bool is_of_another(uint64_t offset) const {
    return file.size() - offset >= record_header_bytes &&
           load_le<uint32_t>(at(offset) + 4) != sequence &&
           load_le<uint32_t>(at(offset) + 16) == offset;
  }
  uint64_t batch_start(uint64_t offset) const { return load_le<uint32_t>(at(offset) + 20); }

  Verdict read(uint64_t offset, Record& record) const;
  bool good_header(uint64_t offset) const;
  bool misplaced_in(uint64_t from, uint64_t to) const;
  uint64_t find_later(uint64_t bad) const;
};

bool decode_body(const Payload& body, Record& record) {
  switch (record.kind) {
    case RecordKind::entry:
      return false;  // handled by the caller
    case RecordKind::opening:
      if (body.size() != opening_body_bytes) return false;
      record.opening.sequence = load_le<uint32_t>(body.data());
      record.opening.offset = load_le<uint64_t>(body.data() + 8);
      return true;
    case RecordKind::reset:
      if (body.size() != reset_body_bytes) return false;
      record.reset_next = Index(load_le<uint64_t>(body.data()));
      return record.reset_next > Index(0);
  }
  return false;
}

// A record of this segment, wherever it belongs in it.
bool Scanner::good_header(uint64_t offset) const {
  if (offset > file.size() || file.size() - offset < record_header_bytes) return false;
  if (load_le<uint32_t>(at(offset) + 4) != sequence) return false;
  const auto length = load_le<uint32_t>(at(offset));
  if (length == 0 || record_bytes(length) > file.size() - offset) return false;
  const std::string_view body(at(offset) + record_header_bytes, length);
  return record_crc({at(offset), record_header_bytes}, body, seed) ==
         load_le<uint32_t>(at(offset) + 8);
}

Verdict Scanner::read(uint64_t offset, Record& record) const {
  if (!good_header(offset) || !claims(offset)) return Verdict::bad;
  if (batch_start(offset) < segment_header_bytes || batch_start(offset) > offset) {
    return Verdict::bad;
  }
  const auto length = load_le<uint32_t>(at(offset));
  const Payload body = file.slice(offset + record_header_bytes, length);
  record.kind = static_cast<RecordKind>(load_le<uint16_t>(at(offset) + 12));
  record.offset = offset;
  record.end = offset + record_bytes(length);
  const auto flags = load_le<uint16_t>(at(offset) + 14);
  if ((flags & record_last_of_batch) != 0) record.end = batch_border(record.end);
  if (record.kind > RecordKind::reset) return Verdict::unknown;
  if (record.kind != RecordKind::entry) {
    return decode_body(body, record) ? Verdict::good : Verdict::bad;
  }
  auto entry = Entry::from_bytes(body);
  if (!entry) return entry.error().fault == Fault::invalid ? Verdict::unknown : Verdict::bad;
  if (entry->bytes.size() != length || entry->index == Index(0)) return Verdict::bad;
  record.entry = *std::move(entry);
  return Verdict::good;
}

// A batch that belongs elsewhere in this segment stands there: a write went astray, and reported
// success.
bool Scanner::misplaced_in(uint64_t from, uint64_t to) const {
  const uint64_t end = std::min(to, used);
  for (uint64_t offset = batch_border(from); offset < end; offset += batch_alignment_bytes) {
    if (!good_header(offset) || claims(offset)) continue;
    COTERIE_REACHED("a write to the log went astray");
    return true;
  }
  return false;
}

// The first place behind `bad` where a good record of a later batch stands; 0 if there is none.
uint64_t Scanner::find_later(uint64_t bad) const {
  Record record;
  for (uint64_t offset = bad + 8; offset < used; offset += 8) {
    if (offset + record_header_bytes > file.size()) break;
    if (!claims(offset) || batch_start(offset) <= bad) continue;
    if (read(offset, record) != Verdict::bad) return offset;
  }
  return 0;
}

}  // namespace

Result<SegmentScan> scan_segment(const Payload& file, uint32_t sequence, const ReplicaId& replica) {
  SegmentScan scan;
  scan.sequence = sequence;
  scan.file_bytes = file.size();
  if (auto header = decode_segment_header(file.view())) {
    if (header->replica != replica) {
      return fail(Fault::invalid, segment_name(sequence) +
                                      " belongs to another replica: restore the right file or "
                                      "start with an empty directory");
    }
    if (header->sequence != sequence) COTERIE_REACHED("segment under another's name");
    scan.header_good = header->sequence == sequence;
    scan.cluster = header->cluster;
    scan.whole = scan.header_good && file.size() == header->size_bytes;
  } else if (header.error().fault == Fault::invalid) {
    return tl::unexpected(std::move(header).error());
  }
  const Scanner scanner{file, sequence, record_seed(sequence, replica), used_bytes(file.view())};
  const bool header_hit = scanner.misplaced_in(0, std::min(file.size(), segment_header_bytes));
  scan.whole = scan.whole && !header_hit;
  uint64_t offset = segment_header_bytes;
  uint64_t summed_bytes = 0;
  uint32_t prefix_crc = 0;
  while (true) {
    Record record;
    const Verdict verdict = scanner.read(offset, record);
    if (verdict == Verdict::unknown) {
      return fail(Fault::invalid, segment_name(sequence) +
                                      " holds a record that this version does not know: use the "
                                      "program that wrote it");
    }
    if (verdict == Verdict::good) {
      // A copy, so that one entry does not keep the whole file in memory.
      if (record.kind == RecordKind::entry) {
        record.entry.bytes = Payload::copy_of(record.entry.bytes.view());
      }
      offset = scan.end = record.end;
      prefix_crc = crc32c(file.view().substr(summed_bytes, offset - summed_bytes), prefix_crc);
      summed_bytes = offset;
      record.prefix_crc = prefix_crc;
      scan.records.push_back(std::move(record));
      continue;
    }
    if (offset + 8 > file.size()) break;
    if (scanner.is_of_another(offset)) COTERIE_REACHED("record of another segment ignored");
    if (offset >= scanner.used) {
      if (header_hit) scan.tail = SegmentTail::lost;
      return scan;
    }
    const uint64_t later = COTERIE_MUTANT("damage-cut-as-torn") ? 0 : scanner.find_later(offset);
    if (later == 0) {
      const bool lost = !scan.whole || scanner.misplaced_in(offset, file.size());
      scan.tail = lost ? SegmentTail::lost : SegmentTail::bad;
      return scan;
    }
    COTERIE_REACHED("good records behind a bad one in a segment");
    offset = later;
  }
  // The records reach to the end of the file: it is full, or what followed is gone.
  scan.tail = scan.whole && offset == file.size() ? SegmentTail::zeros : SegmentTail::lost;
  return scan;
}

}  // namespace coterie::store
