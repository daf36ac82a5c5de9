// See configured.h.
#include "coterie/trial/configured.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace coterie::trial {

namespace {
constexpr uint64_t usual_segment_bytes = 1 << 20;

template <class Limit>
void set(Limit& limit, uint64_t value) {
  if (value != 0) limit = static_cast<Limit>(value);
}

// For how long a fault can hold messages up, a reading of a wall clock among them.
int64_t delay_ms(const PlannedFault& fault) {
  switch (fault.kind) {
    case FaultKind::pause:
    case FaultKind::slow:
    case FaultKind::partition:
    case FaultKind::one_way:
    case FaultKind::deaf:
    case FaultKind::flap:
    case FaultKind::bridge:
    case FaultKind::clog:
    case FaultKind::late:
    case FaultKind::narrow:
      return fault.length.ms();
    default:
      return 0;
  }
}
}  // namespace

sim::SimOptions simulation_options(const Plan& plan) {
  sim::SimOptions options;
  options.seed = plan.seed;
  options.clock.wall_offset_max = milliseconds(static_cast<int64_t>(plan.knobs.wall_offset_ms));
  set(options.link.queue_bytes_max, plan.knobs.queue_kib << 10);
  set(options.link.window_bytes, plan.knobs.window_kib << 10);
  set(options.turn.items_max, plan.knobs.turn_items);
  if (plan.knobs.silence_ms != 0) {
    const Duration silence = milliseconds(static_cast<int64_t>(plan.knobs.silence_ms));
    options.link.silence_timeout = sim::Delay::uniform(silence, silence * 2);
  }
  return options;
}

node::NodeOptions node_options(const Plan& plan, NodeId node) {
  const Knobs& knobs = plan.knobs;
  node::NodeOptions options;
  options.node = node;
  for (uint64_t i = 1; i <= plan.nodes; ++i)
    options.named[NodeId(i)] = fmt::format("node-{}:7579", i);
  options.resp_address = fmt::format("node-{}:7379", node.value);
  // A run writes little: of larger segments it would hold, and read at each start, mostly zeros.
  options.log.segment_bytes = usual_segment_bytes;
  set(options.log.segment_bytes, knobs.segment_kib << 10);
  set(options.replica.snapshot_log_bytes, knobs.snapshot_log_kib << 10);
  set(options.replica.keep_log_bytes, knobs.keep_log_kib << 10);
  set(options.replica.entry_bytes, knobs.entry_bytes);
  set(options.replica.apply_bytes_a_turn, knobs.apply_bytes_a_turn);
  set(options.replica.raft.snapshot_chunk_bytes, knobs.snapshot_chunk_bytes);
  set(options.replica.raft.append_bytes_max, knobs.append_bytes);
  set(options.replica.raft.in_flight_messages_max, knobs.in_flight_messages);
  if (knobs.request_timeout_ms != 0)
    options.replica.request_timeout = milliseconds(static_cast<int64_t>(knobs.request_timeout_ms));
  return options;
}

server::ConnectionLimits connection_limits(const Plan& plan) {
  server::ConnectionLimits limits;
  set(limits.commands_per_turn_max, plan.knobs.commands_per_turn);
  set(limits.commands_resumed_per_turn_max, plan.knobs.commands_per_turn);
  set(limits.unanswered_max, plan.knobs.unanswered);
  return limits;
}

// A new leader takes over the lower median of a majority's wall clocks, as it has read them from
// messages: log time may jump ahead by as much as the clocks differ and as the readings of an
// earlier leader were late, and a key goes so much too early. It goes late by as long as nobody
// leads, which has no bound here.
proof::Bounds judge_bounds(const Plan& plan) {
  constexpr int64_t usual_ms = 100, drift_ppm_max = 500;
  int64_t apart_ms = usual_ms + 2 * static_cast<int64_t>(plan.knobs.wall_offset_ms) +
                     (plan.duration.ms() + 60'000) * drift_ppm_max / 1'000'000;
  int64_t longest_delay_ms = 0;
  for (const PlannedFault& fault : plan.faults) {
    if (fault.kind == FaultKind::step) apart_ms += std::abs(fault.amount);
    longest_delay_ms = std::max(longest_delay_ms, delay_ms(fault));
  }
  apart_ms += longest_delay_ms;
  proof::Bounds bounds;
  bounds.slack.absolute_ns = apart_ms * 1'000'000;
  bounds.slack.ends = false;
  return bounds;
}

}  // namespace coterie::trial
