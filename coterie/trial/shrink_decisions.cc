// What was drawn while a run went on becomes part of its plan: the times of conversations, and, for
// a fault that lasted, the few of its decisions that mattered. See shrink.h.
#include <set>
#include <utility>

#include "coterie/trial/shrinker.h"

namespace coterie::trial {

namespace {

constexpr size_t singles_tried_max = 5'000;

// So many single decisions are easier to read than the fault that took them; 0: it takes none.
size_t worth(const PlannedFault& fault, uint32_t nodes) {
  switch (fault.kind) {
    case FaultKind::crash_all:
    case FaultKind::kill_all:
      return nodes - 1;
    case FaultKind::storm:
      return 8;
    case FaultKind::flap:
    case FaultKind::fragile:
      return 4;
    case FaultKind::lossy:
    case FaultKind::twice:
    case FaultKind::overtake:
    case FaultKind::late:
      return 6;
    default:
      return 0;
  }
}

}  // namespace

// Then one that is left out moves no other in time.
void Shrinker::hold_conversations_at_their_times() {
  if (!options_.record) return;
  const Decisions decisions = options_.record(best_.plan);
  if (!decisions.complete) return;
  Plan plan = best_.plan;
  for (auto& [number, client] : plan.clients) client.held.clear();
  for (const Begun& begun : decisions.conversations)
    plan.clients[begun.client].held[begun.number] = {begun.at, begun.node};
  for (auto& [number, client] : plan.clients) {
    client.left_out.clear();
    client.conversations_max = client.held.empty() ? 0 : UINT64_MAX;
  }
  try_plan(plan);
}

bool Shrinker::singles_for_lasting_faults() {
  if (!options_.record) return false;
  bool any = false;
  std::vector<PlannedFault> tried;
  for (size_t i = 0; i < best_.plan.faults.size() && !stopped_;) {
    const PlannedFault fault = best_.plan.faults[i];
    const bool again = std::find(tried.begin(), tried.end(), fault) != tried.end();
    if (again || worth(fault, best_.plan.nodes) == 0) {
      ++i;
      continue;
    }
    tried.push_back(fault);
    if (singles_for(i)) {
      any = true;
      i = 0;
    } else {
      ++i;
    }
  }
  return any;
}

bool Shrinker::singles_for(size_t index) {
  const PlannedFault fault = best_.plan.faults[index];
  const Decisions decisions = options_.record(best_.plan);
  std::vector<PlannedFault> singles;
  for (const Decided& decided : decisions.faults) {
    if (decided.of == fault) singles.push_back(decided.single);
  }
  if (!decisions.complete || singles.empty() || singles.size() > singles_tried_max) return false;
  Plan without = best_.plan;
  without.faults.erase(without.faults.begin() + static_cast<ptrdiff_t>(index));
  const auto with = [&](const std::vector<PlannedFault>& rest) {
    Plan plan = without;
    plan.faults.insert(plan.faults.end(), rest.begin(), rest.end());
    put_in_order(plan);
    return plan;
  };
  const Shrunk before = best_;
  if (!try_plan(with(singles))) return false;
  if (take_away(singles, with).size() <= worth(fault, without.nodes)) return true;
  const uint64_t runs = best_.runs;
  best_ = before;
  best_.runs = runs;
  return false;
}

}  // namespace coterie::trial
