// See trace.h.
#include "coterie/world/sim/trace.h"

#include <fmt/format.h>

namespace coterie::sim {

const char* trace_kind_name(TraceKind kind) {
  constexpr const char* names[] = {"started",         "crashed",          "wiped",
                                   "paused",          "resumed",          "turn",
                                   "frame_sent",      "frame_duplicated", "frame_lost",
                                   "frame_delivered", "outgoing_up",      "outgoing_down",
                                   "incoming_down",   "link_blocked",     "link_unblocked",
                                   "disk_submitted",  "disk_done",        "clock_stepped",
                                   "logged"};
  return names[static_cast<size_t>(kind)];
}

std::string describe(const TraceEvent& event) {
  std::string line = fmt::format("{}.{:09} s {}", event.when.ns / 1'000'000'000,
                                 event.when.ns % 1'000'000'000, event.node);
  if (event.peer) line += fmt::format(" > {}", event.peer);
  line += fmt::format(" {}", trace_kind_name(event.kind));
  if (event.number != 0) line += fmt::format(" #{}", event.number);
  if (event.size_bytes != 0) line += fmt::format(" {} bytes", event.size_bytes);
  if (!event.text.empty()) line += fmt::format(" {}", event.text);
  return line;
}

}  // namespace coterie::sim
