// See segment_format.h. Encoding; what is read back is judged in segment_scan.cc.
#include "coterie/store/log/segment_format.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/base/crc32c.h"

namespace coterie::store {

namespace {

constexpr std::string_view segment_magic = "COTERLOG";
constexpr std::string_view segment_suffix = ".log";
constexpr std::string_view unfinished_suffix = ".tmp";
constexpr size_t header_used_bytes = 64;
constexpr size_t sequence_digits = 10;

}  // namespace

std::string segment_name(uint32_t sequence) {
  return fmt::format("{:010}{}", sequence, segment_suffix);
}

std::optional<uint32_t> segment_sequence(std::string_view name) {
  if (name.size() != sequence_digits + segment_suffix.size()) return std::nullopt;
  if (name.substr(sequence_digits) != segment_suffix) return std::nullopt;
  uint32_t sequence = 0;
  const char* end = name.data() + sequence_digits;
  const auto [stopped, error] = std::from_chars(name.data(), end, sequence);
  if (error != std::errc{} || stopped != end || sequence == 0) return std::nullopt;
  return sequence;
}

std::string unfinished_segment_name(uint32_t sequence) {
  return segment_name(sequence).append(unfinished_suffix);
}

bool is_unfinished_segment(std::string_view name) {
  if (!name.ends_with(unfinished_suffix)) return false;
  name.remove_suffix(unfinished_suffix.size());
  return segment_sequence(name).has_value();
}

Payload encode_segment_header(const SegmentHeader& header) {
  PayloadBuilder out(segment_header_bytes);
  char* at = out.extend(segment_header_bytes);
  std::fill_n(at, segment_header_bytes, '\0');
  segment_magic.copy(at, segment_magic.size());
  store_le(at + 8, log_format_version);
  store_le(at + 16, header.sequence);
  store_le(at + 24, header.cluster.high);
  store_le(at + 32, header.cluster.low);
  store_le(at + 40, header.replica.high);
  store_le(at + 48, header.replica.low);
  store_le(at + 56, header.size_bytes);
  store_le(at + 12, crc32c({at + 16, header_used_bytes - 16}, crc32c({at, 12})));
  return out.take();
}

Result<SegmentHeader> decode_segment_header(std::string_view bytes) {
  if (bytes.size() < segment_header_bytes) {
    return fail(Fault::corrupt, "segment shorter than its header");
  }
  const char* at = bytes.data();
  if (bytes.substr(0, 8) != segment_magic) return fail(Fault::corrupt, "no segment header");
  if (load_le<uint32_t>(at + 12) != crc32c({at + 16, header_used_bytes - 16}, crc32c({at, 12}))) {
    return fail(Fault::corrupt, "segment header fails its CRC");
  }
  if (load_le<uint32_t>(at + 8) != log_format_version) {
    return fail(Fault::invalid,
                fmt::format("log segment of format {}, this program knows {}: use the program that "
                            "wrote it",
                            load_le<uint32_t>(at + 8), log_format_version));
  }
  SegmentHeader header;
  header.sequence = load_le<uint32_t>(at + 16);
  header.cluster.high = load_le<uint64_t>(at + 24);
  header.cluster.low = load_le<uint64_t>(at + 32);
  header.replica.high = load_le<uint64_t>(at + 40);
  header.replica.low = load_le<uint64_t>(at + 48);
  header.size_bytes = load_le<uint64_t>(at + 56);
  return header;
}

Payload encode_opening(const LogEnd& predecessor) {
  char body[opening_body_bytes] = {};
  store_le(body, predecessor.sequence);
  store_le(body + 8, predecessor.offset);
  return Payload::copy_of({body, sizeof body});
}

Payload encode_reset(Index next) {
  char body[reset_body_bytes];
  store_le(body, next.value);
  return Payload::copy_of({body, sizeof body});
}

uint32_t record_seed(uint32_t sequence, const ReplicaId& replica) {
  char bytes[20];
  store_le(bytes, sequence);
  store_le(bytes + 4, replica.high);
  store_le(bytes + 12, replica.low);
  return crc32c({bytes, sizeof bytes});
}

uint32_t record_crc(std::string_view header, std::string_view body, uint32_t seed) {
  uint32_t crc = crc32c(header.substr(0, 8), seed);
  crc = crc32c(header.substr(12, record_header_bytes - 12), crc);
  return crc32c(body.substr(0, entry_header_bytes), crc);
}

BatchBuilder::BatchBuilder(uint32_t sequence, const ReplicaId& replica, uint64_t start)
    : sequence_(sequence), seed_(record_seed(sequence, replica)), start_(start), end_(start) {}

void BatchBuilder::add(RecordKind kind, Payload body) {
  COTERIE_ASSERT(!body.empty() && end_with(body.size()) <= segment_bytes_max);
  char* at = frame_.extend(record_header_bytes);
  store_le(at, static_cast<uint32_t>(body.size()));
  store_le(at + 4, sequence_);
  store_le(at + 12, static_cast<uint16_t>(kind));
  store_le(at + 14, uint16_t{0});
  store_le(at + 16, static_cast<uint32_t>(end_));
  store_le(at + 20, static_cast<uint32_t>(start_));
  cuts_.push_back(frame_.size());
  const uint64_t padding = record_bytes(body.size()) - record_header_bytes - body.size();
  std::fill_n(frame_.extend(padding), padding, '\0');
  end_ += record_bytes(body.size());
  bodies_.push_back(std::move(body));
}

std::vector<Payload> BatchBuilder::take() {
  COTERIE_ASSERT(!bodies_.empty());
  const uint64_t padding = batch_border(end_) - end_;
  std::fill_n(frame_.extend(padding), padding, '\0');
  char flags[2];
  store_le(flags, record_last_of_batch);
  frame_.overwrite(cuts_.back() - record_header_bytes + 14, {flags, sizeof flags});
  for (size_t i = 0; i < bodies_.size(); ++i) {
    const size_t header = cuts_[i] - record_header_bytes;
    char crc[4];
    store_le(crc, record_crc(frame_.view().substr(header), bodies_[i].view(), seed_));
    frame_.overwrite(header + 8, {crc, sizeof crc});
  }
  const Payload frame = frame_.take();
  std::vector<Payload> parts;
  parts.reserve(2 * bodies_.size() + 1);
  size_t from = 0;
  for (size_t i = 0; i < bodies_.size(); ++i) {
    parts.push_back(frame.slice(from, cuts_[i] - from));
    parts.push_back(std::move(bodies_[i]));
    from = cuts_[i];
  }
  if (from < frame.size()) parts.push_back(frame.slice(from, frame.size() - from));
  bodies_.clear();
  cuts_.clear();
  return parts;
}

}  // namespace coterie::store
