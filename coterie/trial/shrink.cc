// Less of what a plan has. See shrink.h.
#include "coterie/trial/shrink.h"

#include <set>
#include <utility>

#include "coterie/base/assert.h"
#include "coterie/trial/shrinker.h"

namespace coterie::trial {

namespace {

// Keys of one sort begin with the same letters: k3 and k5.
std::string sort_of(const std::string& key) {
  return key.substr(0, key.find_first_of("0123456789 "));
}

// What is struck draws nothing from the fault's seed.
bool needs_no_seed(FaultKind kind) {
  constexpr FaultKind kinds[] = {FaultKind::stop,      FaultKind::pause,   FaultKind::slow,
                                 FaultKind::wipe,      FaultKind::stall,   FaultKind::fail_sync,
                                 FaultKind::partition, FaultKind::one_way, FaultKind::deaf,
                                 FaultKind::flap,      FaultKind::bridge,  FaultKind::clog,
                                 FaultKind::narrow,    FaultKind::step,    FaultKind::drift};
  return std::find(std::begin(kinds), std::end(kinds), kind) != std::end(kinds);
}

// False: nothing of the fault is left.
bool without_last_node(PlannedFault& fault, uint32_t nodes) {
  if (fault.node.value > nodes || fault.peer.value > nodes) return false;
  if (fault.side == 0) return true;
  const uint32_t all = (uint32_t{1} << nodes) - 1;
  fault.side &= all;
  return fault.side != 0 && fault.side != all;
}

}  // namespace

void put_in_order(Plan& plan) {
  std::stable_sort(plan.faults.begin(), plan.faults.end(),
                   [](const PlannedFault& a, const PlannedFault& b) { return a.at < b.at; });
  for (auto& [number, client] : plan.clients) {
    Duration last;
    for (auto& [conversation, held] : client.held) last = held.at = std::max(held.at, last);
  }
}

Shrinker::Shrinker(const Plan& plan, const ShrinkOptions& options) : options_(options) {
  best_.plan = plan;
  best_.report = options_.run(plan);
  best_.runs = 1;
  COTERIE_ASSERT(!best_.report.passed());
}

Shrunk Shrinker::run() {
  hold_conversations_at_their_times();
  bool smaller = true;
  while (smaller && !stopped_) {
    while (less()) continue;
    smaller = singles_for_lasting_faults();
    smaller |= shorter_waits();
    smaller |= rounder_times();
  }
  best_.to_the_end = !stopped_;
  rounder_duration();
  return std::move(best_);
}

bool Shrinker::less() {
  if (stopped_) return false;
  bool smaller = shorter();
  smaller |= fewer_faults();
  smaller |= fewer_clients();
  smaller |= fewer_conversations();
  smaller |= fewer_nodes();
  smaller |= plainer();
  smaller |= gentler_faults();
  return smaller;
}

bool Shrinker::try_plan(const Plan& plan) {
  if (stopped_ || plan == best_.plan) return false;
  if (best_.runs >= options_.runs_max) {
    stopped_ = true;
    return false;
  }
  ++best_.runs;
  TrialReport report = options_.run(plan);
  const bool same =
      report.failure == best_.report.failure && sort_of(report.key) == sort_of(best_.report.key);
  if (same) {
    best_.plan = plan;
    best_.report = std::move(report);
  }
  if (options_.progress && !options_.progress(best_.runs, best_.plan)) stopped_ = true;
  return same;
}

bool Shrinker::shorter() {
  bool any = false;
  for (int64_t cut = best_.plan.duration.ms() / 2; cut >= 50 && !stopped_;) {
    Plan plan = best_.plan;
    if (plan.duration.ms() <= cut) break;
    plan.duration = milliseconds(plan.duration.ms() - cut);
    std::erase_if(plan.faults,
                  [&](const PlannedFault& fault) { return fault.at >= plan.duration; });
    for (auto& [number, client] : plan.clients) {
      if (client.held.empty()) continue;
      std::erase_if(client.held, [&](const auto& one) { return one.second.at >= plan.duration; });
      if (client.held.empty()) client.conversations_max = 0;
    }
    if (try_plan(plan)) {
      any = true;
    } else {
      cut /= 2;
    }
  }
  return any;
}

bool Shrinker::fewer_faults() {
  const size_t before = best_.plan.faults.size();
  take_away(best_.plan.faults, [&](const std::vector<PlannedFault>& rest) {
    Plan plan = best_.plan;
    plan.faults = rest;
    return plan;
  });
  return best_.plan.faults.size() < before;
}

bool Shrinker::fewer_clients() {
  const size_t before = best_.plan.clients.size();
  std::vector<std::pair<uint32_t, PlannedClient>> clients(best_.plan.clients.begin(),
                                                          best_.plan.clients.end());
  take_away(clients, [&](const auto& rest) {
    Plan plan = best_.plan;
    // A run needs one.
    if (!rest.empty()) plan.clients = {rest.begin(), rest.end()};
    return plan;
  });
  return best_.plan.clients.size() < before;
}

bool Shrinker::fewer_conversations() {
  std::vector<std::pair<uint32_t, uint64_t>> all;
  for (const auto& [number, client] : best_.plan.clients) {
    for (const auto& [conversation, held] : client.held) all.emplace_back(number, conversation);
  }
  const auto time_of = [plan = best_.plan](const auto& one) {
    return plan.clients.at(one.first).held.at(one.second).at;
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const auto& a, const auto& b) { return time_of(a) < time_of(b); });
  const auto left = take_away(all, [&](const auto& rest) {
    const std::set<std::pair<uint32_t, uint64_t>> held(rest.begin(), rest.end());
    Plan plan = best_.plan;
    for (auto& [number, client] : plan.clients) {
      if (client.held.empty()) continue;
      std::erase_if(client.held, [&, client_number = number](const auto& one) {
        return !held.contains({client_number, one.first});
      });
      if (client.held.empty()) client.conversations_max = 0;
    }
    return plan;
  });
  return left.size() < all.size();
}

bool Shrinker::fewer_nodes() {
  bool any = false;
  while (best_.plan.nodes > 1 && !stopped_) {
    Plan plan = best_.plan;
    plan.nodes -= 1;
    plan.faults.clear();
    for (PlannedFault fault : best_.plan.faults) {
      if (without_last_node(fault, plan.nodes)) plan.faults.push_back(fault);
    }
    for (auto& [number, client] : plan.clients) {
      for (auto& [conversation, held] : client.held) {
        if (held.node.value > plan.nodes) held.node = {};
      }
    }
    if (!try_plan(plan)) break;
    any = true;
  }
  return any;
}

bool Shrinker::plainer() {
  bool any = try_with([](Plan& plan) { plan.value_bytes = 0; });
  any |= try_with([](Plan& plan) { plan.early = false; });
  any |= try_with([](Plan& plan) { plan.freeze = false; });
  any |= try_with([](Plan& plan) { plan.frozen_ms = 0; });
  any |= try_with([](Plan& plan) { plan.pause_us = Plan().pause_us; });
  any |= try_with([](Plan& plan) {
    for (auto& [number, client] : plan.clients) client.hurry_permille = 0;
  });
  any |= try_with([](Plan& plan) {
    for (auto& [number, client] : plan.clients) {
      for (auto& [conversation, held] : client.held) held.node = {};
    }
  });
  any |= try_with([](Plan& plan) {
    for (PlannedFault& fault : plan.faults) {
      if (needs_no_seed(fault.kind)) fault.seed = 0;
    }
  });
  return plainer_knobs() || any;
}

bool Shrinker::plainer_knobs() {
  bool any = try_with([](Plan& plan) { plan.knobs = {}; });
  std::vector<std::string_view> names;
  for_each_knob(best_.plan.knobs, [&](std::string_view name, uint64_t value) {
    if (value != 0) names.push_back(name);
  });
  for (std::string_view name : names) {
    any |= try_with([&](Plan& plan) {
      for_each_knob(plan.knobs, [&](std::string_view knob, uint64_t& value) {
        if (knob == name) value = 0;
      });
    });
  }
  return any;
}

// Shorter; and of a loss of power: that the kernel keeps everything, or nothing, is plainer than
// what its seed says of each sector.
bool Shrinker::gentler_faults() {
  bool any = false;
  for (size_t i = 0; i < best_.plan.faults.size() && !stopped_; ++i) {
    const FaultKind kind = best_.plan.faults[i].kind;
    if (kind == FaultKind::crash && best_.plan.faults[i].amount == 0) {
      const bool plain = try_with([&](Plan& plan) { plan.faults[i].kind = FaultKind::kill; }) ||
                         try_with([&](Plan& plan) {
                           plan.faults[i].amount = 2;
                           plan.faults[i].seed = 0;
                         });
      any |= plain;
    }
    const int64_t least_ms = kind >= FaultKind::lose_frame ? 1 : 20;
    while (best_.plan.faults[i].length.ms() > least_ms) {
      Plan plan = best_.plan;
      plan.faults[i].length = milliseconds(plan.faults[i].length.ms() / 2);
      if (!try_plan(plan)) break;
      any = true;
    }
  }
  return any;
}

Shrunk shrink(const Plan& plan, const ShrinkOptions& options) {
  return Shrinker(plan, options).run();
}

}  // namespace coterie::trial
