// See plan.h.
#include "coterie/trial/plan.h"

#include <algorithm>

namespace coterie::trial {

namespace {

// How a kind of fault is drawn: how often, how long, how strong.
struct Shape {
  FaultKind kind;
  int64_t every_ms;  // mean time between two of them, before the run's own weight
  int64_t length_least_ms, length_most_ms;
  int64_t amount_least, amount_most;
  enum class Where : uint8_t { node, everywhere, link, sides, bridge } where;
};

using Where = Shape::Where;
constexpr Shape shapes[] = {
    {FaultKind::crash, 6'000, 1, 3'000, 0, 0, Where::node},
    {FaultKind::kill, 6'000, 1, 3'000, 0, 0, Where::node},
    {FaultKind::crash_all, 20'000, 1, 1'000, 0, 0, Where::everywhere},
    {FaultKind::kill_all, 20'000, 1, 1'000, 0, 0, Where::everywhere},
    {FaultKind::stop, 8'000, 1, 2'000, 0, 0, Where::node},
    {FaultKind::storm, 8'000, 300, 2'500, 5, 150, Where::everywhere},
    {FaultKind::pause, 6'000, 50, 5'000, 0, 0, Where::node},
    {FaultKind::slow, 8'000, 500, 5'000, 2, 40, Where::node},
    {FaultKind::wipe, 8'000, 100, 1'000, 0, 0, Where::node},
    {FaultKind::rot, 8'000, 1, 500, 0, 0, Where::node},
    {FaultKind::rot_state, 10'000, 1, 500, 0, 0, Where::node},
    {FaultKind::rot_snapshot, 10'000, 1, 500, 0, 0, Where::node},
    {FaultKind::unreadable, 8'000, 1, 500, 0, 0, Where::node},
    {FaultKind::misdirect, 10'000, 200, 2'000, 0, 0, Where::node},
    {FaultKind::fail_sync, 10'000, 1, 2'000, 0, 0, Where::node},
    {FaultKind::fail_read, 10'000, 1, 2'000, 0, 0, Where::node},
    {FaultKind::full, 10'000, 200, 4'000, 0, 32, Where::node},
    {FaultKind::stall, 5'000, 20, 3'000, 0, 0, Where::node},
    {FaultKind::partition, 6'000, 50, 4'000, 0, 0, Where::sides},
    {FaultKind::one_way, 5'000, 50, 4'000, 0, 0, Where::link},
    {FaultKind::deaf, 8'000, 50, 4'000, 0, 0, Where::node},
    {FaultKind::flap, 10'000, 500, 5'000, 20, 800, Where::sides},
    {FaultKind::bridge, 10'000, 200, 5'000, 0, 0, Where::bridge},
    {FaultKind::clog, 4'000, 20, 2'000, 0, 0, Where::link},
    {FaultKind::lossy, 4'000, 200, 5'000, 5, 300, Where::link},
    {FaultKind::twice, 5'000, 200, 5'000, 5, 300, Where::link},
    {FaultKind::overtake, 5'000, 200, 5'000, 5, 300, Where::link},
    {FaultKind::late, 5'000, 200, 5'000, 1, 30, Where::link},
    {FaultKind::narrow, 8'000, 200, 5'000, 8, 1'000, Where::link},
    {FaultKind::fragile, 5'000, 500, 5'000, 50, 1'500, Where::link},
    {FaultKind::step, 5'000, 0, 0, -30'000, 30'000, Where::node},
    {FaultKind::drift, 8'000, 0, 0, -200, 200, Where::node},
};
static_assert(std::size(shapes) == fault_kinds);

constexpr double share_of_kinds = 0.5;

uint64_t some(Random& random, double probability, int64_t least, int64_t most) {
  const uint64_t value = static_cast<uint64_t>(random.between(least, most));
  return random.chance(probability) ? value : 0;
}

uint32_t some_nodes(Random& random, uint32_t nodes) {
  // Neither none nor all.
  const uint32_t all = (uint32_t{1} << nodes) - 1;
  return nodes < 2 ? 1 : static_cast<uint32_t>(random.between(1, static_cast<int64_t>(all) - 1));
}

void place(Random& random, const Shape& shape, uint32_t nodes, PlannedFault& fault) {
  fault.node = NodeId(1 + random.below(nodes));
  fault.peer = NodeId(1 + random.below(nodes));
  fault.side = some_nodes(random, nodes);
  const bool all_links = random.chance(0.4);
  switch (shape.where) {
    case Where::node:
      fault.peer = {};
      fault.side = 0;
      return;
    case Where::everywhere:
      fault.node = fault.peer = {};
      fault.side = 0;
      return;
    case Where::link:
      fault.side = 0;
      if (all_links && fault.kind != FaultKind::one_way) fault.node = fault.peer = {};
      if (fault.node == fault.peer && fault.node.value != 0)
        fault.peer = NodeId(1 + fault.node.value % nodes);
      return;
    case Where::sides:
      fault.node = fault.peer = {};
      return;
    case Where::bridge:
      fault.peer = {};
      return;
  }
}

void draw_faults(const Shape& shape, const PlanOptions& options,
                 std::vector<PlannedFault>& faults) {
  Random random(mix_seed(mix_seed(options.seed, 5), static_cast<uint64_t>(shape.kind)));
  const double weight = 0.4 + 2 * random.unit();
  const double every_ns = static_cast<double>(shape.every_ms) * 1e6 * weight;
  Duration at;
  while (true) {
    at = at + nanoseconds(static_cast<int64_t>(random.exponential(every_ns)));
    if (at >= options.duration) return;
    PlannedFault fault;
    fault.kind = shape.kind;
    fault.at = milliseconds(at.ms());
    fault.length = milliseconds(random.between(shape.length_least_ms, shape.length_most_ms));
    fault.amount = random.between(shape.amount_least, shape.amount_most);
    fault.seed = random.below(1'000'000);
    place(random, shape, options.nodes, fault);
    // A link that has no other end, or a partition of one node.
    if (options.nodes < 2 && shape.where != Where::node && shape.where != Where::everywhere)
      continue;
    faults.push_back(fault);
  }
}

Knobs draw_knobs(uint64_t seed) {
  Random random(seed);
  Knobs knobs;
  if (random.chance(0.6)) {
    knobs.segment_kib = 16;
    knobs.snapshot_log_kib = static_cast<uint64_t>(random.between(4, 64));
    knobs.keep_log_kib = 1 + knobs.snapshot_log_kib / 4;
    knobs.snapshot_chunk_bytes = static_cast<uint64_t>(random.between(256, 4'096));
  }
  knobs.entry_bytes = some(random, 0.2, 64, 4'096);
  knobs.append_bytes = some(random, 0.2, 64, 8'192);
  knobs.in_flight_messages = some(random, 0.2, 1, 4);
  knobs.apply_bytes_a_turn = some(random, 0.2, 1, 2'048);
  knobs.request_timeout_ms = some(random, 0.2, 300, 3'000);
  knobs.commands_per_turn = some(random, 0.2, 1, 4);
  knobs.unanswered = some(random, 0.1, 1, 2);
  knobs.queue_kib = some(random, 0.1, 256, 1'024);
  if (knobs.queue_kib != 0) {
    // What is larger than the queue would never leave.
    knobs.append_bytes = static_cast<uint64_t>(random.between(64, 16 << 10));
    knobs.entry_bytes = static_cast<uint64_t>(random.between(64, 4 << 10));
  }
  knobs.wall_offset_ms = some(random, 0.5, 1, 2'000);
  knobs.window_kib = some(random, 0.1, 4, 64);
  knobs.turn_items = some(random, 0.2, 1, 8);
  knobs.silence_ms = some(random, 0.2, 50, 400);
  return knobs;
}

void draw_clients(Random& random, const PlanOptions& options, Plan& plan) {
  // Every kind is there when there is room for it, strings most often; two for pub/sub.
  constexpr workload::Kind order[] = {
      workload::Kind::strings,  workload::Kind::strings, workload::Kind::queue,
      workload::Kind::once,     workload::Kind::queue,   workload::Kind::lock,
      workload::Kind::transfer, workload::Kind::strings, workload::Kind::hashes,
      workload::Kind::sets,     workload::Kind::pubsub,  workload::Kind::pubsub,
      workload::Kind::expiry,   workload::Kind::lock,    workload::Kind::transfer,
      workload::Kind::pubsub};
  constexpr uint64_t kinds_in_order = std::size(order);
  // With few clients another part of the kinds meets in every run, neighbours stay together.
  const uint64_t first =
      options.clients < kinds_in_order ? random.below(kinds_in_order / 2) * 2 : 0;
  const double hurried = random.chance(0.3) ? random.unit() * 0.2 : 0;
  for (uint32_t number = 0; number < options.clients; ++number) {
    PlannedClient client;
    client.kind = order[(first + number) % kinds_in_order];
    client.hurry_permille = static_cast<uint64_t>(hurried * 1'000);
    plan.clients[number] = client;
  }
}

}  // namespace

Plan draw_plan(const PlanOptions& options) {
  Random random(mix_seed(options.seed, 77));
  Plan plan;
  plan.seed = options.seed;
  plan.nodes = options.nodes;
  plan.duration = options.duration;
  plan.pause_us = options.pause_mean.ns > 0 ? static_cast<uint64_t>(options.pause_mean.ns / 1'000)
                                            : static_cast<uint64_t>(random.between(3'000, 30'000));
  plan.keys = static_cast<uint32_t>(random.between(2, 8));
  plan.value_bytes = static_cast<uint32_t>(random.chance(0.3) ? random.between(100, 2'000) : 0);
  plan.early = random.chance(0.15);
  plan.freeze = random.chance(0.8);
  plan.frozen_ms = some(random, 0.05, 31'000, 40'000);
  draw_clients(random, options, plan);
  if (options.hostile) plan.knobs = draw_knobs(mix_seed(options.seed, 78));
  if (!options.faults) return plan;
  for (const Shape& shape : shapes) {
    const bool drawn = random.chance(share_of_kinds);
    const bool on = options.only.empty() ? drawn : options.only.contains(shape.kind);
    if (on) draw_faults(shape, options, plan.faults);
  }
  std::stable_sort(plan.faults.begin(), plan.faults.end(),
                   [](const PlannedFault& a, const PlannedFault& b) { return a.at < b.at; });
  return plan;
}

std::string fault_kinds_of(const Plan& plan) {
  std::set<std::string_view> kinds;
  for (const PlannedFault& fault : plan.faults) kinds.insert(fault_kind_name(fault.kind));
  std::string text;
  for (std::string_view kind : kinds) text += (text.empty() ? "" : " ") + std::string(kind);
  return text.empty() ? "none" : text;
}

}  // namespace coterie::trial
