// See fault_plan.h.
#include "coterie/trial/fault_plan.h"

#include <algorithm>

#include "coterie/node/node.h"
#include "coterie/trial/served_node.h"

namespace coterie::trial {

namespace {
constexpr Duration between_strikes = milliseconds(1'200);
constexpr double share_of_kinds = 0.5;

sim::CrashOptions power_cut() { return {}; }
sim::CrashOptions kill() {
  sim::CrashOptions options;
  options.kind = sim::CrashKind::process;
  return options;
}
}  // namespace

FaultMix FaultMix::draw(Random& random) {
  FaultMix mix;
  for (bool* kind : {&mix.loss, &mix.breaks, &mix.partitions, &mix.crashes, &mix.wipes, &mix.pauses,
                     &mix.slow_disks, &mix.rot, &mix.clocks}) {
    *kind = random.chance(share_of_kinds);
  }
  return mix;
}

std::string FaultMix::describe() const {
  std::string text;
  const auto add = [&](bool on, const char* name) {
    if (on) text += (text.empty() ? "" : " ") + std::string(name);
  };
  add(loss, "loss");
  add(breaks, "breaks");
  add(partitions, "partitions");
  add(crashes, "crashes");
  add(wipes, "wipes");
  add(pauses, "pauses");
  add(slow_disks, "slow-disks");
  add(rot, "rot");
  add(clocks, "clocks");
  return text.empty() ? "none" : text;
}

FaultPlan::FaultPlan(sim::Simulation& simulation, FaultMix mix, uint64_t seed)
    : simulation_(simulation), mix_(mix), random_(seed) {}

void FaultPlan::start(Instant end) {
  end_ = end;
  sim::LinkOptions link;
  if (mix_.loss) {
    link.loss_probability = random_.unit() * 0.1;
    link.duplicate_probability = random_.unit() * 0.05;
    link.reorder_probability = random_.unit() * 0.05;
    if (random_.chance(0.3))
      link.delay = sim::Delay::pareto(microseconds(100), 1.3, milliseconds(400));
  }
  if (mix_.breaks) link.break_mean = milliseconds(random_.between(300, 3'000));
  simulation_.set_links(link);
  if (mix_.clocks) {
    for (NodeId node : simulation_.nodes()) {
      simulation_.set_drift(node, random_.between(-200, 200));
      simulation_.set_clock_steps(node, seconds(3), seconds(30));
    }
  }
  schedule();
}

void FaultPlan::schedule() {
  const Duration wait = nanoseconds(
      static_cast<int64_t>(random_.exponential(static_cast<double>(between_strikes.ns))));
  simulation_.after(wait, [this] {
    if (simulation_.now() >= end_) return;
    strike();
    schedule();
  });
}

NodeId FaultPlan::any_node() {
  const std::vector<NodeId> nodes = simulation_.nodes();
  return nodes[random_.below(nodes.size())];
}

void FaultPlan::strike() {
  ++strikes_;
  switch (random_.below(7)) {
    case 0:
      if (mix_.crashes) crash_one();
      return;
    case 1:
      if (mix_.crashes && random_.chance(0.3)) crash_all();
      return;
    case 2:
      if (mix_.wipes) wipe_one();
      return;
    case 3:
      if (mix_.partitions) partition();
      return;
    case 4:
      if (mix_.pauses) pause_one();
      return;
    case 5:
      if (mix_.rot) rot_one();
      return;
    default:
      if (mix_.slow_disks) stall_disk();
      return;
  }
}

void FaultPlan::crash_one() {
  const NodeId node = any_node();
  if (!simulation_.running(node)) return;
  simulation_.crash(node, random_.chance(0.5) ? power_cut() : kill());
  start_later(node, 1, 3'000);
}

void FaultPlan::crash_all() {
  for (NodeId node : simulation_.nodes()) {
    if (!simulation_.running(node)) continue;
    simulation_.crash(node, power_cut());
    start_later(node, 1, 1'000);
  }
}

// Every replica is a full member with all its data. A second disk is lost or damaged only when that
// is so: the cluster promises nothing beyond that.
bool FaultPlan::all_are_whole() const {
  const std::vector<NodeId> nodes = simulation_.nodes();
  return std::all_of(nodes.begin(), nodes.end(), [&](NodeId node) {
    if (!simulation_.running(node)) return false;
    const auto* served = static_cast<ServedNode*>(simulation_.tenant(node));
    const node::Replica* replica = served->node() == nullptr ? nullptr : served->node()->replica();
    if (replica == nullptr || !replica->raft().may_vote()) return false;
    return replica->raft().membership().voters() == nodes.size();
  });
}

void FaultPlan::wipe_one() {
  if (!all_are_whole()) return;
  const NodeId node = any_node();
  simulation_.wipe(node);
  start_later(node, 100, 1'000);
}

// In the first half of what is in use of the oldest segment: the newest batch is another matter,
// since a bad one there cannot be told from a torn one.
void FaultPlan::rot_one() {
  if (!all_are_whole()) return;
  const NodeId node = any_node();
  simulation_.crash(node, kill());
  sim::SimDisk& disk = simulation_.disk(node);
  auto files = disk.list();
  for (const world::FileInfo& file : *files) {
    if (!file.name.ends_with(".log")) continue;
    const auto content = disk.load(file.name);
    if (!content) break;
    const size_t used = content->view().find_last_not_of('\0');
    if (used == std::string_view::npos || used < 8'192) break;
    disk.flip_bit(file.name,
                  static_cast<uint64_t>(random_.between(4'096, static_cast<int64_t>(used / 2))),
                  static_cast<unsigned>(random_.below(8)));
    break;
  }
  start_later(node, 1, 500);
}

void FaultPlan::start_later(NodeId node, int64_t least_ms, int64_t most_ms) {
  simulation_.after(milliseconds(random_.between(least_ms, most_ms)), [this, node] {
    if (!simulation_.running(node)) simulation_.start(node);
  });
}

void FaultPlan::partition() {
  const std::vector<NodeId> nodes = simulation_.nodes();
  const Duration how_long = milliseconds(random_.between(50, 4'000));
  if (random_.chance(0.5)) {
    std::set<NodeId> side;
    for (NodeId node : nodes) {
      if (random_.chance(0.5)) side.insert(node);
    }
    simulation_.partition(side);
    simulation_.after(how_long, [this] { simulation_.heal(); });
    return;
  }
  const NodeId from = any_node();
  const NodeId to = any_node();
  if (from == to) return;
  simulation_.block(from, to);
  simulation_.after(how_long, [this] { simulation_.heal(); });
}

void FaultPlan::pause_one() {
  const NodeId node = any_node();
  if (!simulation_.running(node)) return;
  simulation_.pause(node);
  simulation_.after(milliseconds(random_.between(50, 5'000)), [this, node] {
    if (simulation_.running(node)) simulation_.unpause(node);
  });
}

void FaultPlan::stall_disk() {
  const NodeId node = any_node();
  if (!simulation_.running(node)) return;
  simulation_.stall_disk(node);
  simulation_.after(milliseconds(random_.between(20, 2'000)),
                    [this, node] { simulation_.resume_disk(node); });
}

void FaultPlan::mend() {
  simulation_.heal();
  simulation_.set_links(sim::LinkOptions{});
  for (NodeId node : simulation_.nodes()) {
    simulation_.resume_disk(node);
    if (simulation_.running(node)) {
      simulation_.unpause(node);
    } else {
      simulation_.start(node);
    }
  }
}

}  // namespace coterie::trial
