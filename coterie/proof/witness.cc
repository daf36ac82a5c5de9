// See witness.h.
#include "coterie/proof/witness.h"

#include <algorithm>
#include <tuple>

namespace coterie::proof {

bool follows_its_order(const History& history, const Part& part, ValuePool& pool) {
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < part.steps.size(); ++i) {
    const Step& step = part.steps[i];
    // What time does has no place in the store's order.
    if (step.timer) return false;
    if (history[step.operation].order) {
      order.push_back(i);
    } else if (!step.optional) {
      return false;
    }
  }
  const auto place = [&](uint32_t i) {
    const Step& step = part.steps[i];
    return std::tuple(*history[step.operation].order, step.pure, step.called);
  };
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return place(a) < place(b); });
  Machine machine(part, pool);
  Machine::State state = machine.initial();
  int64_t latest_call = std::numeric_limits<int64_t>::min();
  for (const uint32_t i : order) {
    const Step& step = part.steps[i];
    latest_call = std::max(latest_call, step.called);
    if (step.returned < latest_call) return false;
    state = machine.apply(state, step);
    if (state == Machine::dead) return false;
  }
  return true;
}

}  // namespace coterie::proof
