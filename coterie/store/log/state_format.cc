// See state_format.h.
#include "coterie/store/log/state_format.h"

#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/codec.h"
#include "coterie/base/crc32c.h"
#include "coterie/base/reached.h"

namespace coterie::store {

namespace {

constexpr std::string_view state_magic = "COTSTATE";
constexpr size_t state_used_bytes = 96;
constexpr uint32_t flag_damaged = 1;
constexpr uint32_t flag_unsynced = 2;
constexpr uint32_t flag_stopped = 4;

uint32_t slot_crc(const char* at, const ReplicaId& replica) {
  const uint32_t seed = crc32c({at, 12}, record_seed(0, replica));
  return crc32c({at + 16, state_used_bytes - 16}, seed);
}

Result<std::optional<StateRecord>> decode_slot(std::string_view bytes, const ReplicaId& replica) {
  if (bytes.size() < state_used_bytes || bytes.substr(0, 8) != state_magic) return std::nullopt;
  const char* at = bytes.data();
  if (load_le<uint32_t>(at + 12) != slot_crc(at, replica)) return std::nullopt;
  if (load_le<uint32_t>(at + 8) != state_format_version) {
    return fail(Fault::invalid,
                fmt::format("state file of format {}, this program knows {}: use the program that "
                            "wrote it",
                            load_le<uint32_t>(at + 8), state_format_version));
  }
  StateRecord state;
  state.counter = load_le<uint64_t>(at + 16);
  state.hard_state.term = Term(load_le<uint64_t>(at + 24));
  state.hard_state.vote.high = load_le<uint64_t>(at + 32);
  state.hard_state.vote.low = load_le<uint64_t>(at + 40);
  const auto flags = load_le<uint32_t>(at + 48);
  state.hard_state.damaged = (flags & flag_damaged) != 0;
  state.unsynced = (flags & flag_unsynced) != 0;
  state.stopped = (flags & flag_stopped) != 0;
  state.newest_segment = load_le<uint32_t>(at + 52);
  state.end.sequence = load_le<uint32_t>(at + 56);
  state.open_segment = load_le<uint32_t>(at + 60);
  state.end.offset = load_le<uint64_t>(at + 64);
  state.cut.sequence = load_le<uint32_t>(at + 72);
  state.cut_segment = load_le<uint32_t>(at + 76);
  state.cut.offset = load_le<uint64_t>(at + 80);
  state.first_segment = load_le<uint32_t>(at + 88);
  return state;
}

}  // namespace

Payload encode_state_slot(const StateRecord& state, const ReplicaId& replica) {
  PayloadBuilder out(state_slot_bytes);
  char* at = out.extend(state_slot_bytes);
  std::fill_n(at, state_slot_bytes, '\0');
  state_magic.copy(at, state_magic.size());
  store_le(at + 8, state_format_version);
  store_le(at + 16, state.counter);
  store_le(at + 24, state.hard_state.term.value);
  store_le(at + 32, state.hard_state.vote.high);
  store_le(at + 40, state.hard_state.vote.low);
  store_le(at + 48, (state.hard_state.damaged ? flag_damaged : 0) |
                        (state.unsynced ? flag_unsynced : 0) | (state.stopped ? flag_stopped : 0));
  store_le(at + 52, state.newest_segment);
  store_le(at + 56, state.end.sequence);
  store_le(at + 60, state.open_segment);
  store_le(at + 64, state.end.offset);
  store_le(at + 72, state.cut.sequence);
  store_le(at + 76, state.cut_segment);
  store_le(at + 80, state.cut.offset);
  store_le(at + 88, state.first_segment);
  store_le(at + 12, slot_crc(at, replica));
  return out.take();
}

Result<StateScan> scan_state(std::string_view file, const ReplicaId& replica) {
  const size_t second_at = std::min<size_t>(state_slot_distance, file.size());
  COTERIE_TRY(first, decode_slot(file.substr(0, second_at), replica));
  COTERIE_TRY(second, decode_slot(file.substr(second_at), replica));
  StateScan scan;
  if (!first && !second) {
    COTERIE_REACHED("both state slots bad");
    return scan;
  }
  if (first && second) {
    // Two states with one number were never written: neither can be believed.
    if (first->counter == second->counter && *first != *second) return scan;
    scan.state = first->counter >= second->counter ? first : second;
    scan.spare_slot = first->counter > second->counter ? 1 : 0;
    return scan;
  }
  COTERIE_REACHED("one state slot bad, the other one used");
  scan.one_bad = true;
  scan.state = first ? first : second;
  scan.spare_slot = first ? 1 : 0;
  return scan;
}

}  // namespace coterie::store
