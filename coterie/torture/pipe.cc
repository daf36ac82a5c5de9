// See pipe.h.
#include "coterie/torture/pipe.h"

#include <algorithm>
#include <utility>

#include "coterie/base/assert.h"

namespace coterie::torture {

namespace {

constexpr size_t slow_piece_bytes = 1u << 10;  // a slow wire hands on in pieces of that size

}  // namespace

Instant Pipe::arrival(size_t bytes, Instant now) {
  Instant left = now;
  if (faults_.bytes_per_second > 0) {
    const auto ns = static_cast<int64_t>(static_cast<double>(bytes) * 1e9 /
                                         static_cast<double>(faults_.bytes_per_second));
    left = std::max(now, wire_free_) + Duration{ns};
    wire_free_ = left;
  }
  const Duration jitter{faults_.jitter.ns > 0 ? random_.between(0, faults_.jitter.ns) : 0};
  last_arrival_ = std::max(last_arrival_, left + faults_.delay + jitter);
  return last_arrival_;
}

void Pipe::set(const DirectionFaults& faults, Instant now) {
  if (faults == faults_) return;
  faults_ = faults;
  wire_free_ = now;
  last_arrival_ = now;
  for (Chunk& chunk : chunks_) chunk.arrives = arrival(chunk.bytes.size() - chunk.used, now);
}

void Pipe::take(std::string_view bytes, Instant now) {
  COTERIE_ASSERT(bytes.size() <= room() && !ended_);
  if (faults_.cut == Cut::swallowed) {
    hole_ |= !bytes.empty();
    return;
  }
  const size_t piece_max = faults_.bytes_per_second > 0 ? slow_piece_bytes : bytes.size();
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_max);
    chunks_.push_back({.arrives = arrival(piece.size(), now), .bytes = std::string(piece)});
    held_bytes_ += piece.size();
    bytes.remove_prefix(piece.size());
  }
}

std::string_view Pipe::due(Instant now) const {
  if (faults_.cut != Cut::none || chunks_.empty() || chunks_.front().arrives > now) return {};
  return std::string_view(chunks_.front().bytes).substr(chunks_.front().used);
}

void Pipe::handed_on(size_t count) {
  COTERIE_ASSERT(!chunks_.empty());
  Chunk& first = chunks_.front();
  COTERIE_ASSERT(count <= first.bytes.size() - first.used);
  first.used += count;
  held_bytes_ -= count;
  if (first.used == first.bytes.size()) chunks_.pop_front();
}

Instant Pipe::next(Instant now) const {
  if (faults_.cut != Cut::none || chunks_.empty() || chunks_.front().arrives <= now)
    return Instant::never();
  return chunks_.front().arrives;
}

}  // namespace coterie::torture
