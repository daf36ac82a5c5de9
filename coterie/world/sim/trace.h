// What happened in a run, for pictures, invariants and those who ask why. A hook gets each event as
// it happens; the run is the same with a hook or without.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/ids.h"
#include "coterie/base/payload.h"
#include "coterie/base/time.h"
#include "coterie/world/world.h"

namespace coterie::sim {

enum class TraceKind : uint8_t {
  started,  // a node: a new incarnation
  crashed,  // text: why
  wiped,
  paused,
  resumed,
  turn,        // number: items taken
  frame_sent,  // node -> peer, number: of the frame, size_bytes
  frame_duplicated,
  frame_lost,       // text: why
  frame_delivered,  // at `node`, from `peer`
  outgoing_up,      // as the node hears of it
  outgoing_down,
  incoming_down,
  link_blocked,  // node -> peer: a partition
  link_unblocked,
  disk_submitted,  // number: of the submission, size_bytes, text: operation and file,
                   // and "synced" for a write that is durable when done
  disk_done,  // it took effect: what it was to make durable is durable. text: empty, or the error
  clock_stepped,  // the wall clock; number: by how many ns, as int64
  logged,         // text: the line
};
inline constexpr size_t trace_kinds = static_cast<size_t>(TraceKind::logged) + 1;
const char* trace_kind_name(TraceKind kind);

struct TraceEvent {
  Instant when;  // virtual time, not a node's
  TraceKind kind = TraceKind::logged;
  NodeId node;
  NodeId peer;
  uint64_t number = 0;
  uint64_t size_bytes = 0;
  std::string_view text;                        // valid during the call
  const std::vector<Payload>* parts = nullptr;  // of frame_sent: its bytes; valid during the call
};

// "12.000345 s 1 > 2 frame_sent #17 240 bytes"
std::string describe(const TraceEvent& event);

struct LogLine {
  Instant when;
  NodeId node;
  world::LogLevel level = world::LogLevel::info;
  std::string text;
};

}  // namespace coterie::sim
