// See simulation.h.
#include "coterie/world/sim/simulation.h"

#include <algorithm>

#include "coterie/base/assert.h"

namespace coterie::sim {

Simulation::Simulation(SimOptions options) : options_(options) {}

// Tenants go while the links are there.
Simulation::~Simulation() { nodes_.clear(); }

uint32_t Simulation::position(NodeId id) const {
  const auto found = positions_.find(id);
  COTERIE_ASSERT(found != positions_.end());
  return found->second;
}

SimNode& Simulation::node(NodeId id) { return *nodes_[position(id)]; }
SimDisk& Simulation::disk(NodeId id) { return node(id).sim_disk(); }

void Simulation::place_node(NodeId id, Factory factory) {
  COTERIE_ASSERT(id.value >= 1 && id.value <= node_id_max && !positions_.contains(id));
  const auto position = static_cast<uint32_t>(nodes_.size());
  positions_[id] = position;
  nodes_.push_back(std::make_unique<SimNode>(kernel_, position, id, std::move(factory), options_,
                                             [this](LogLine line) {
                                               log_lines_.push_back(std::move(line));
                                               if (log_lines_.size() > options_.log_lines_max) {
                                                 log_lines_.pop_front();
                                               }
                                             }));
  for (uint32_t other = 0; other < position; ++other) connect(other, position);
}

void Simulation::connect(uint32_t a, uint32_t b) {
  SimNode& first = *nodes_[a];
  SimNode& second = *nodes_[b];
  const auto make = [&](SimNode& from, SimNode& to) {
    const uint64_t seed =
        mix_seed(options_.seed, (from.id().value * (node_id_max + 1) + to.id().value) << 8);
    links_.push_back(std::make_unique<Link>(kernel_, static_cast<uint32_t>(links_.size()),
                                            from.id(), from, to.id(), to, options_.link, seed));
    links_by_ends_[{from.id(), to.id()}] = links_.back().get();
    return links_.back().get();
  };
  Link* forth = make(first, second);
  Link* back = make(second, first);
  first.add_link(second.id(), *forth, *back);
  second.add_link(first.id(), *back, *forth);
  if (first.running()) forth->sender_started();
}

void Simulation::add_node(NodeId id, Factory factory) {
  place_node(id, std::move(factory));
  start(id);
}

void Simulation::start(NodeId id) { node(id).start(); }
void Simulation::crash(NodeId id, const CrashOptions& options) { node(id).crash(options, "crash"); }
void Simulation::wipe(NodeId id) { node(id).wipe(); }
void Simulation::pause(NodeId id) { node(id).pause(); }
void Simulation::unpause(NodeId id) { node(id).unpause(); }
void Simulation::set_slowness(NodeId id, double factor) { node(id).set_slowness(factor); }
bool Simulation::running(NodeId id) const { return nodes_[position(id)]->running(); }

std::vector<NodeId> Simulation::nodes() const {
  std::vector<NodeId> ids;
  for (const auto& [id, place] : positions_) ids.push_back(id);
  return ids;
}

std::optional<std::string> Simulation::stop_reason(NodeId id) const {
  const SimNode& stopped = *nodes_[position(id)];
  return stopped.running() ? std::nullopt : stopped.stop_reason();
}

world::Tenant* Simulation::tenant(NodeId id) { return node(id).tenant(); }
bool Simulation::poke(NodeId id, std::function<void()> call) {
  return node(id).poke(std::move(call));
}
void Simulation::stall_disk(NodeId id) { node(id).stall_disk(); }
void Simulation::resume_disk(NodeId id) { node(id).resume_disk(); }
void Simulation::step_wall_clock(NodeId id, Duration by) { node(id).step_wall_clock(by); }
void Simulation::set_drift(NodeId id, int64_t ppm) { node(id).set_drift(ppm); }
void Simulation::set_clock_steps(NodeId id, Duration mean, Duration most) {
  node(id).set_clock_steps(mean, most);
}

Link& Simulation::link(NodeId from, NodeId to) {
  const auto found = links_by_ends_.find({from, to});
  COTERIE_ASSERT(found != links_by_ends_.end());
  return *found->second;
}

void Simulation::set_links(const LinkOptions& options) {
  options_.link = options;
  for (const auto& link : links_) link->set_options(options);
}

void Simulation::partition(const std::set<NodeId>& side) {
  for (const auto& link : links_) {
    if (side.contains(link->from()) != side.contains(link->to())) link->block();
  }
}

void Simulation::heal() {
  for (const auto& link : links_) link->unblock();
}

void Simulation::at(Instant when, std::function<void()> action) {
  kernel_.schedule_action(when, std::move(action));
}

void Simulation::dispatch(const Event& event) {
  switch (event.kind) {
    case EventKind::action:
      return kernel_.take_action(event.argument)();
    case EventKind::turn:
      return nodes_[event.subject]->on_turn(event.argument);
    case EventKind::wake:
      return nodes_[event.subject]->on_alarm(event.argument);
    case EventKind::disk_due:
      return nodes_[event.subject]->on_disk_due(event.argument);
    case EventKind::clock:
      return nodes_[event.subject]->on_clock(event.argument);
    case EventKind::arrival:
      return links_[event.subject]->on_arrival(event.argument);
    case EventKind::departure:
      return links_[event.subject]->on_departure();
    case EventKind::link_timer:
      return links_[event.subject]->on_timer(event.argument);
  }
}

bool Simulation::step() {
  if (kernel_.idle()) return false;
  kernel_.forget_touched();
  dispatch(kernel_.take());
  return true;
}

void Simulation::run_to(Instant when) {
  while (kernel_.next_at() <= when) step();
  kernel_.advance(when);
}

bool Simulation::run_until(const std::function<bool()>& condition, Duration at_most) {
  const Instant limit = now() + at_most;
  if (condition()) return true;
  while (kernel_.next_at() <= limit) {
    step();
    if (condition()) return true;
  }
  kernel_.advance(limit);
  return false;
}

}  // namespace coterie::sim
