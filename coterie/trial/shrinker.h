// The one who shrinks: the smallest failing plan so far, and each way to make it smaller. See
// shrink.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

#include "coterie/trial/shrink.h"

namespace coterie::trial {

class Shrinker {
 public:
  Shrinker(const Plan& plan, const ShrinkOptions& options);
  Shrunk run();

 private:
  // True when it fails in the same way; it is the smallest then.
  bool try_plan(const Plan& plan);
  template <class Change>
  bool try_with(Change change) {
    Plan plan = best_.plan;
    change(plan);
    return try_plan(plan);
  }
  // Takes parts of `items` away, halves first. `with(rest)` makes the plan that has only those.
  template <class Item, class With>
  std::vector<Item> take_away(std::vector<Item> items, With with);

  // shrink.cc: less of what there is. True when something went.
  bool less();
  bool shorter();
  bool fewer_faults();
  bool fewer_clients();
  bool fewer_conversations();
  bool fewer_nodes();
  bool plainer();
  bool plainer_knobs();
  bool gentler_faults();

  // shrink_decisions.cc: what was drawn while it ran comes into the plan.
  void hold_conversations_at_their_times();
  bool singles_for_lasting_faults();
  bool singles_for(size_t index);

  // shrink_times.cc: numbers that are easy to read.
  bool shorter_waits();
  bool rounder_times();
  bool rounder_together();
  bool rounder(const std::function<Duration*(Plan&)>& which, bool up_too);
  void rounder_duration();

  const ShrinkOptions& options_;
  Shrunk best_;
  bool stopped_ = false;
};

// Faults by their times; no conversation before the one that it follows.
void put_in_order(Plan& plan);

template <class Item, class With>
std::vector<Item> Shrinker::take_away(std::vector<Item> items, With with) {
  for (size_t part = std::max<size_t>(items.size() / 2, 1); !items.empty() && !stopped_;) {
    bool taken = false;
    // From the end: what came last had the least time to matter.
    for (size_t end = items.size(); end > 0 && !stopped_;) {
      const size_t begin = end > part ? end - part : 0;
      std::vector<Item> rest(items.begin(), items.begin() + static_cast<ptrdiff_t>(begin));
      rest.insert(rest.end(), items.begin() + static_cast<ptrdiff_t>(end), items.end());
      if (try_plan(with(rest))) {
        items = std::move(rest);
        taken = true;
      }
      end = begin;
    }
    if (part == 1 && !taken) break;
    if (!taken) part = std::max<size_t>(part / 2, 1);
    part = std::min(part, std::max<size_t>(items.size(), 1));
  }
  return items;
}

}  // namespace coterie::trial
