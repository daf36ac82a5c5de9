// A plan says all that a run does not get from the code: how many nodes and clients, what the
// clients do, which limits are how narrow, and what breaks when. The same plan is the same run,
// event for event. draw_plan() makes one from a seed; scenario.h writes it down and reads it back;
// shrink.h makes it smaller.
//
// Each run is a swarm of its own (Groce et al., "Swarm Testing", 2012): a random half of the kinds
// of faults is switched off and the others weigh differently, since a run with everything at once
// hides what needs quiet in between.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/trial/planned_fault.h"
#include "coterie/workload/script.h"

namespace coterie::trial {

// Limits and timings that some runs set to a hostile value, so that they are met often. 0: as in
// production.
struct Knobs {
  uint64_t segment_kib = 0;       // of the log
  uint64_t snapshot_log_kib = 0;  // log that makes a snapshot due
  uint64_t keep_log_kib = 0;      // of it kept behind a snapshot
  uint64_t snapshot_chunk_bytes = 0;
  uint64_t entry_bytes = 0;         // a batch is closed above this
  uint64_t append_bytes = 0;        // of entries in one message
  uint64_t in_flight_messages = 0;  // sent to one follower and not yet answered
  uint64_t apply_bytes_a_turn = 0;
  uint64_t request_timeout_ms = 0;
  uint64_t commands_per_turn = 0;  // of all clients of a node
  uint64_t unanswered = 0;         // commands of one connection under way
  uint64_t queue_kib = 0;          // what waits at the sender of a link
  uint64_t window_kib = 0;         // what a receiver has not yet taken
  uint64_t turn_items = 0;         // frames and completions that one turn takes
  uint64_t silence_ms = 0;         // until an end gives a silent connection up
  uint64_t wall_offset_ms = 0;     // each wall clock starts that far off at most, either way

  bool operator==(const Knobs&) const = default;
};
// Calls visit(name, value) for each; Plan's text, its digest and its parser walk it.
template <class KnobsType, class Visit>
void for_each_knob(KnobsType& knobs, Visit visit) {
  visit("segment-kib", knobs.segment_kib);
  visit("snapshot-log-kib", knobs.snapshot_log_kib);
  visit("keep-log-kib", knobs.keep_log_kib);
  visit("snapshot-chunk-bytes", knobs.snapshot_chunk_bytes);
  visit("entry-bytes", knobs.entry_bytes);
  visit("append-bytes", knobs.append_bytes);
  visit("in-flight-messages", knobs.in_flight_messages);
  visit("apply-bytes-a-turn", knobs.apply_bytes_a_turn);
  visit("request-timeout-ms", knobs.request_timeout_ms);
  visit("commands-per-turn", knobs.commands_per_turn);
  visit("unanswered", knobs.unanswered);
  visit("queue-kib", knobs.queue_kib);
  visit("window-kib", knobs.window_kib);
  visit("turn-items", knobs.turn_items);
  visit("silence-ms", knobs.silence_ms);
  visit("wall-offset-ms", knobs.wall_offset_ms);
}

struct PlannedConversation {
  Duration at;  // since the clients began; later when the one before it is not over yet
  NodeId node;  // that is asked; 0: the one the client is connected to

  bool operator==(const PlannedConversation&) const = default;
};

struct PlannedClient {
  workload::Kind kind = workload::Kind::strings;
  uint64_t hurry_permille = 0;  // so often it gives up after some milliseconds
  uint64_t conversations_max = UINT64_MAX;
  std::set<uint64_t> left_out;  // conversations that are not held
  // When there are some, just these are held, whatever the two above say. What is left out then
  // moves none of the others in time.
  std::map<uint64_t, PlannedConversation> held;

  bool operator==(const PlannedClient&) const = default;
};

struct Plan {
  uint64_t seed = 1;
  uint32_t nodes = 3;
  Duration duration = seconds(10);  // of the clients' work, on virtual time
  uint64_t pause_us = 20'000;       // mean, between two conversations of a client
  uint32_t keys = 6;
  uint32_t value_bytes = 0;
  bool early = false;      // clients and faults begin before the cluster is founded
  bool freeze = true;      // at the end a majority is healed first, and the rest stays as it is
  uint64_t frozen_ms = 0;  // for so long after the majority has answered: sessions are closed
  std::map<uint32_t, PlannedClient> clients;  // by number
  Knobs knobs;
  std::vector<PlannedFault> faults;  // in the order of their times

  bool operator==(const Plan&) const = default;
};

struct PlanOptions {
  uint64_t seed = 1;
  uint32_t nodes = 3;
  uint32_t clients = 8;
  Duration duration = seconds(10);
  Duration pause_mean;       // zero: drawn
  bool hostile = true;       // narrow limits now and then
  std::set<FaultKind> only;  // empty: a random half of all kinds
  bool faults = true;
};

Plan draw_plan(const PlanOptions& options);
// The kinds of faults in it: "crash lossy partition".
std::string fault_kinds_of(const Plan& plan);

}  // namespace coterie::trial
