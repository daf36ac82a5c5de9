// What each kind of fault does to nodes and disks. See breaker.h; the network is in
// breaker_network.cc.
#include <algorithm>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/trial/breaker.h"

namespace coterie::trial {

namespace {
// A write that went astray is noticed as damage only when good ones follow it: a bad last one
// cannot be told from one that was being written, and is cut (docs/explanation/promises.md).
constexpr uint64_t writes_behind_astray = 4;
}  // namespace

bool Breaker::may_crash(NodeId node) {
  if (!simulation_.running(node)) return false;
  const auto astray = astray_.find(node);
  return astray == astray_.end() ||
         simulation_.disk(node).counters().syncs >= astray->second + writes_behind_astray;
}

bool Breaker::crash(NodeId node, sim::CrashKind kind, uint64_t seed, Duration down,
                    sim::Survival survival) {
  if (!may_crash(node)) return false;
  sim::CrashOptions options;
  options.kind = kind;
  options.survival = survival;
  options.seed = seed + 1;
  simulation_.crash(node, options);
  start_later(node, down);
  return true;
}

bool Breaker::crash_all(const PlannedFault& fault, sim::CrashKind kind) {
  Random random(fault.seed);
  if (!std::all_of(nodes_.begin(), nodes_.end(),
                   [&](NodeId node) { return !simulation_.running(node) || may_crash(node); }))
    return false;
  for (NodeId node : nodes_) {
    const Duration down = milliseconds(random.between(1, std::max<int64_t>(fault.length.ms(), 1)));
    const uint64_t seed = random.below(1'000'000);
    if (!crash(node, kind, seed, down)) continue;
    PlannedFault single;
    single.kind = kind == sim::CrashKind::power ? FaultKind::crash : FaultKind::kill;
    single.node = node;
    single.length = down;
    single.seed = seed;
    decided_now(fault, single);
  }
  return true;
}

namespace {
sim::Survival survival_of(const PlannedFault& crash) {
  return crash.amount == 1   ? sim::Survival::all
         : crash.amount == 2 ? sim::Survival::none
                             : sim::Survival::drawn;
}
}  // namespace

bool Breaker::strike_node(const PlannedFault& fault) {
  switch (fault.kind) {
    case FaultKind::crash:
      return crash(fault.node, sim::CrashKind::power, fault.seed, fault.length, survival_of(fault));
    case FaultKind::kill:
      return crash(fault.node, sim::CrashKind::process, fault.seed, fault.length);
    case FaultKind::crash_all:
      return crash_all(fault, sim::CrashKind::power);
    case FaultKind::kill_all:
      return crash_all(fault, sim::CrashKind::process);
    case FaultKind::stop:
      return stop(fault);
    case FaultKind::storm:
      return storm(fault);
    case FaultKind::pause:
      if (!simulation_.running(fault.node)) return false;
      simulation_.pause(fault.node);
      undo_later(fault, [this, node = fault.node] {
        if (simulation_.running(node)) simulation_.unpause(node);
      });
      return true;
    case FaultKind::slow:
      simulation_.set_slowness(fault.node, static_cast<double>(fault.amount));
      undo_later(fault, [this, node = fault.node] { simulation_.set_slowness(node, 1); });
      return true;
    case FaultKind::step:
      simulation_.step_wall_clock(fault.node, milliseconds(fault.amount));
      return true;
    case FaultKind::drift:
      simulation_.set_drift(fault.node, fault.amount);
      return true;
    default:
      COTERIE_ASSERT(false);
      return false;
  }
}

// Its sync has failed, and it has not been told yet: a paused process stops when it goes on.
bool Breaker::will_hear_of_failed_sync(NodeId node) {
  const auto armed = failing_sync_.find(node);
  return armed != failing_sync_.end() && simulation_.running(node) &&
         armed->second == simulation_.node(node).incarnation() &&
         !simulation_.disk(node).will_fail(sim::DiskOperation::sync);
}

void Breaker::let_sync(NodeId node) {
  if (will_hear_of_failed_sync(node)) {
    COTERIE_REACHED("trial: a failed sync is told late");
    simulation_.after(milliseconds(50), [this, era = era_, node] {
      if (era == era_) let_sync(node);
    });
    return;
  }
  failing_sync_.erase(node);
  simulation_.disk(node).fail_next(sim::DiskOperation::sync, Fault::io, 0);
  if (!simulation_.running(node)) simulation_.start(node);
  --may_stop_[node];
}

bool Breaker::strike_disk(const PlannedFault& fault) {
  const NodeId node = fault.node;
  sim::SimDisk& disk = simulation_.disk(node);
  switch (fault.kind) {
    case FaultKind::wipe:
      if (nodes_.size() < 3 || !all_are_whole()) return false;
      damaged_.insert(node);
      simulation_.wipe(node);
      start_later(node, fault.length);
      return true;
    case FaultKind::rot:
    case FaultKind::unreadable:
      return damage_log(fault);
    case FaultKind::rot_state:
      return damage_state(fault);
    case FaultKind::rot_snapshot:
      return damage_snapshot(fault);
    case FaultKind::misdirect:
      return misdirect(fault);
    case FaultKind::fail_sync:
      if (!may_crash(node)) return false;
      ++may_stop_[node];
      failing_sync_[node] = simulation_.node(node).incarnation();
      disk.fail_next(sim::DiskOperation::sync);
      undo_later(fault, [this, node] { let_sync(node); });
      return true;
    case FaultKind::fail_read:
      if (!crash(node, sim::CrashKind::process, fault.seed, fault.length)) return false;
      ++may_stop_[node];
      disk.fail_next(sim::DiskOperation::read);
      // Whoever could not read at its start tries again.
      simulation_.after(fault.length + milliseconds(200), [this, era = era_, node, &disk] {
        if (era != era_) return;
        disk.fail_next(sim::DiskOperation::read, Fault::io, 0);
        if (!simulation_.running(node)) simulation_.start(node);
        --may_stop_[node];
      });
      return true;
    case FaultKind::full:
      full_.insert(node);
      disk.set_capacity(disk.used_bytes() + (static_cast<uint64_t>(fault.amount) << 10));
      // Some file systems find no room for what is written over old data either.
      if (fault.seed % 2 == 0)
        disk.fail_next(sim::DiskOperation::write, Fault::no_space,
                       1 + static_cast<unsigned>(fault.seed % 7));
      undo_later(fault, [this, node, &disk] {
        disk.set_capacity(sim::DiskOptions().capacity_bytes);
        disk.fail_next(sim::DiskOperation::write, Fault::no_space, 0);
        if (simulation_.stop_reason(node)) simulation_.start(node);
        full_.erase(node);
      });
      return true;
    case FaultKind::stall:
      if (!simulation_.running(node)) return false;
      simulation_.stall_disk(node);
      undo_later(fault, [this, node] { simulation_.resume_disk(node); });
      return true;
    default:
      COTERIE_ASSERT(false);
      return false;
  }
}

// The oldest segment of a log that has newer batches behind the place to be damaged, and how much
// of it is in use; nothing when there is none. A bad newest batch is another matter: it cannot be
// told from one that was being written.
std::optional<std::pair<std::string, uint64_t>> Breaker::damageable(
    const sim::SimDisk& disk) const {
  constexpr uint64_t page_bytes = 4'096;
  const uint64_t largest_batch_bytes = plan_.clients.size() * (plan_.value_bytes + page_bytes / 16);
  std::optional<std::pair<std::string, uint64_t>> oldest;
  bool followed = false;
  for (const std::string& name : disk.names()) {
    if (!name.ends_with(".log")) continue;
    const size_t last = disk.content(name).find_last_not_of('\0');
    const uint64_t used = last == std::string::npos ? 0 : last + 1;
    if (!oldest) {
      oldest = {name, used};
    } else {
      followed |= used > page_bytes + 512;
    }
  }
  if (!oldest || oldest->second < 2 * page_bytes) return {};
  if (!followed && oldest->second < 2 * page_bytes + 2 * largest_batch_bytes) return {};
  return oldest;
}

bool Breaker::damage_log(const PlannedFault& fault) {
  if (nodes_.size() < 3 || !all_are_whole()) return false;
  sim::SimDisk& disk = simulation_.disk(fault.node);
  const auto segment = damageable(disk);
  if (!segment) return false;
  kill_damaged(fault);
  const auto& [name, used] = *segment;
  if (!disk.exists(name)) return false;  // it was just being recycled
  damaged_.insert(fault.node);
  Random random(fault.seed);
  const auto offset = static_cast<uint64_t>(random.between(4'096, static_cast<int64_t>(used / 2)));
  if (fault.kind == FaultKind::rot) {
    disk.flip_bit(name, offset, static_cast<unsigned>(random.below(8)));
  } else {
    disk.mark_unreadable(name, offset, 1);
  }
  return true;
}

void Breaker::kill_damaged(const PlannedFault& fault) {
  sim::CrashOptions kill;
  kill.kind = sim::CrashKind::process;
  kill.seed = fault.seed + 1;
  simulation_.crash(fault.node, kill);
  start_later(fault.node, fault.length);
}

// All copies of what must be known: the replica is as a wiped one.
bool Breaker::damage_state(const PlannedFault& fault) {
  if (nodes_.size() < 3 || !all_are_whole()) return false;
  Random random(fault.seed);
  const std::string name = random.chance(0.5) ? "state" : "identity";
  sim::SimDisk& disk = simulation_.disk(fault.node);
  if (!disk.exists(name)) return false;
  kill_damaged(fault);
  if (!disk.exists(name)) return false;
  damaged_.insert(fault.node);
  // Each half holds a copy; with one of the identity the other is used.
  const uint64_t half_bytes = disk.content(name).size() / 2;
  const bool one = name == "identity" && random.chance(0.5);
  for (uint64_t half = 0; half < (one ? 1u : 2u); ++half)
    disk.flip_bit(name, half * half_bytes + 16 + random.below(16),
                  static_cast<unsigned>(random.below(8)));
  return true;
}

bool Breaker::damage_snapshot(const PlannedFault& fault) {
  if (nodes_.size() < 3 || !all_are_whole()) return false;
  sim::SimDisk& disk = simulation_.disk(fault.node);
  for (const std::string& name : disk.names()) {
    if (!name.ends_with(".snap")) continue;
    kill_damaged(fault);
    if (!disk.exists(name)) return false;
    damaged_.insert(fault.node);
    Random random(fault.seed);
    disk.flip_bit(name, random.below(disk.content(name).size()),
                  static_cast<unsigned>(random.below(8)));
    return true;
  }
  return false;
}

// As under SIGTERM: the process ends when the node says that it has done what it must.
bool Breaker::stop(const PlannedFault& fault) {
  const NodeId node = fault.node;
  if (!may_crash(node)) return false;
  return simulation_.poke(node, [this, node, length = fault.length, era = era_] {
    node::Node* served = static_cast<ServedNode*>(simulation_.tenant(node))->node();
    if (served == nullptr) return;
    served->shut_down([this, node, length, era] {
      sim::CrashOptions end;
      end.kind = sim::CrashKind::process;
      simulation_.crash(node, end);
      simulation_.after(era == era_ ? length : milliseconds(1), [this, node] {
        if (!simulation_.running(node)) simulation_.start(node);
      });
    });
  });
}

bool Breaker::misdirect(const PlannedFault& fault) {
  const NodeId node = fault.node;
  if (nodes_.size() < 3 || !all_are_whole()) return false;
  damaged_.insert(node);
  sim::SimDisk& disk = simulation_.disk(node);
  astray_[node] = disk.counters().syncs;
  disk.misdirect_next_write(".log");
  undo_later(fault, [this, node, seed = fault.seed] {
    // It has not written enough since: what it has is left to the end of the run.
    if (!crash(node, sim::CrashKind::process, seed, milliseconds(20))) return;
    COTERIE_REACHED("simulated write went astray and the node restarted");
    astray_.erase(node);
  });
  return true;
}

}  // namespace coterie::trial
