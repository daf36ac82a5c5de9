// See shrink.h.
#include "coterie/trial/shrink.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "coterie/base/assert.h"

namespace coterie::trial {

namespace {

// Keys of one sort begin with the same letters: k3 and k5.
std::string sort_of(const std::string& key) {
  return key.substr(0, key.find_first_of("0123456789 "));
}

class Shrinker {
 public:
  Shrinker(const Plan& plan, const ShrinkOptions& options) : options_(options) {
    best_.plan = plan;
    best_.report = options_.run(plan);
    best_.runs = 1;
    COTERIE_ASSERT(!best_.report.passed());
  }

  Shrunk run() {
    bool smaller = true;
    while (smaller && !stopped_) {
      smaller = false;
      smaller |= shorter();
      smaller |= fewer_faults();
      smaller |= fewer_clients();
      smaller |= fewer_conversations();
      smaller |= fewer_nodes();
      smaller |= plainer();
      smaller |= gentler_faults();
    }
    best_.to_the_end = !stopped_;
    return std::move(best_);
  }

 private:
  bool try_plan(const Plan& plan) {
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

  // Takes parts of `items` away, halves first. `with(rest)` makes the plan that has only those.
  template <class Item, class With>
  bool take_away(std::vector<Item> items, With with) {
    bool any = false;
    for (size_t part = std::max<size_t>(items.size() / 2, 1); !items.empty() && !stopped_;) {
      bool taken = false;
      // From the end: what came last had the least time to matter.
      for (size_t end = items.size(); end > 0 && !stopped_;) {
        const size_t begin = end > part ? end - part : 0;
        std::vector<Item> rest(items.begin(), items.begin() + static_cast<ptrdiff_t>(begin));
        rest.insert(rest.end(), items.begin() + static_cast<ptrdiff_t>(end), items.end());
        if (try_plan(with(rest))) {
          items = std::move(rest);
          taken = any = true;
        }
        end = begin;
      }
      if (part == 1 && !taken) break;
      if (!taken) part = std::max<size_t>(part / 2, 1);
      part = std::min(part, std::max<size_t>(items.size(), 1));
    }
    return any;
  }

  bool shorter() {
    bool any = false;
    for (int64_t cut = best_.plan.duration.ms() / 2; cut >= 50 && !stopped_;) {
      Plan plan = best_.plan;
      if (plan.duration.ms() <= cut) break;
      plan.duration = milliseconds(plan.duration.ms() - cut);
      std::erase_if(plan.faults,
                    [&](const PlannedFault& fault) { return fault.at >= plan.duration; });
      if (try_plan(plan)) {
        any = true;
      } else {
        cut /= 2;
      }
    }
    return any;
  }

  bool fewer_faults() {
    return take_away(best_.plan.faults, [&](const std::vector<PlannedFault>& rest) {
      Plan plan = best_.plan;
      plan.faults = rest;
      return plan;
    });
  }

  bool fewer_clients() {
    std::vector<std::pair<uint32_t, PlannedClient>> clients(best_.plan.clients.begin(),
                                                            best_.plan.clients.end());
    return take_away(clients, [&](const auto& rest) {
      Plan plan = best_.plan;
      // A run needs one.
      if (!rest.empty()) plan.clients = {rest.begin(), rest.end()};
      return plan;
    });
  }

  bool fewer_conversations() {
    bool any = false;
    std::vector<uint32_t> numbers;
    for (const auto& [number, client] : best_.plan.clients) numbers.push_back(number);
    for (uint32_t number : numbers) any |= fewer_conversations_of(number);
    return any;
  }

  bool fewer_conversations_of(uint32_t number) {
    bool any = false;
    // How many it held is not known from the plan: as many as fit, at first.
    constexpr uint64_t most = 4'096;
    uint64_t high = std::min(best_.plan.clients[number].conversations_max, most);
    for (uint64_t step = high / 2; step > 0 && !stopped_; step /= 2) {
      Plan plan = best_.plan;
      if (high <= step) continue;
      plan.clients[number].conversations_max = high - step;
      if (!try_plan(plan)) continue;
      any = true;
      high -= step;
      step *= 2;  // once more
    }
    if (high >= most) return any;
    std::vector<uint64_t> held;
    for (uint64_t n = 1; n <= high; ++n) {
      if (!best_.plan.clients[number].left_out.contains(n)) held.push_back(n);
    }
    any |= take_away(held, [&](const std::vector<uint64_t>& rest) {
      Plan plan = best_.plan;
      PlannedClient& client = plan.clients[number];
      client.left_out.clear();
      for (uint64_t n = 1; n <= high; ++n) {
        if (!std::binary_search(rest.begin(), rest.end(), n)) client.left_out.insert(n);
      }
      return plan;
    });
    return any;
  }

  // False: nothing of the fault is left.
  static bool without_last_node(PlannedFault& fault, uint32_t nodes) {
    if (fault.node.value > nodes || fault.peer.value > nodes) return false;
    if (fault.side == 0) return true;
    const uint32_t all = (uint32_t{1} << nodes) - 1;
    fault.side &= all;
    return fault.side != 0 && fault.side != all;
  }

  bool fewer_nodes() {
    bool any = false;
    while (best_.plan.nodes > 1 && !stopped_) {
      Plan plan = best_.plan;
      plan.nodes -= 1;
      plan.faults.clear();
      for (PlannedFault fault : best_.plan.faults) {
        if (without_last_node(fault, plan.nodes)) plan.faults.push_back(fault);
      }
      if (!try_plan(plan)) break;
      any = true;
    }
    return any;
  }

  bool plainer() {
    bool any = false;
    const auto try_with = [&](auto change) {
      Plan plan = best_.plan;
      change(plan);
      any |= try_plan(plan);
    };
    try_with([](Plan& plan) { plan.value_bytes = 0; });
    try_with([](Plan& plan) { plan.early = false; });
    try_with([](Plan& plan) { plan.freeze = false; });
    try_with([](Plan& plan) { plan.frozen_ms = 0; });
    try_with([](Plan& plan) {
      for (auto& [number, client] : plan.clients) client.hurry_permille = 0;
    });
    try_with([](Plan& plan) { plan.knobs = {}; });
    std::vector<std::string_view> names;
    for_each_knob(best_.plan.knobs, [&](std::string_view name, uint64_t value) {
      if (value != 0) names.push_back(name);
    });
    for (std::string_view name : names) {
      try_with([&](Plan& plan) {
        for_each_knob(plan.knobs, [&](std::string_view knob, uint64_t& value) {
          if (knob == name) value = 0;
        });
      });
    }
    return any;
  }

  bool gentler_faults() {
    bool any = false;
    for (size_t i = 0; i < best_.plan.faults.size() && !stopped_; ++i) {
      while (best_.plan.faults[i].length.ms() > 20) {
        Plan plan = best_.plan;
        plan.faults[i].length = milliseconds(plan.faults[i].length.ms() / 2);
        if (!try_plan(plan)) break;
        any = true;
      }
    }
    return any;
  }

  const ShrinkOptions& options_;
  Shrunk best_;
  bool stopped_ = false;
};

}  // namespace

Shrunk shrink(const Plan& plan, const ShrinkOptions& options) {
  return Shrinker(plan, options).run();
}

}  // namespace coterie::trial
