// See search.h.
#include "coterie/proof/search.h"

#include <algorithm>

#include "coterie/base/reached.h"
#include "coterie/proof/sweep.h"

namespace coterie::proof {

namespace {

// Calls and returns by time; at the same time calls come first, so that the operations overlap.
std::vector<Event> events_of(const Part& part) {
  std::vector<Event> returns, events;
  for (uint32_t i = 0; i < part.steps.size(); ++i) {
    if (part.steps[i].returned != never) returns.push_back({part.steps[i].returned, i, true});
  }
  std::stable_sort(returns.begin(), returns.end(),
                   [](const Event& a, const Event& b) { return a.at < b.at; });
  events.reserve(part.steps.size() + returns.size());
  size_t next = 0;
  for (uint32_t i = 0; i < part.steps.size(); ++i) {
    while (next < returns.size() && returns[next].at < part.steps[i].called)
      events.push_back(returns[next++]);
    events.push_back({part.steps[i].called, i, false});
  }
  events.insert(events.end(), returns.begin() + static_cast<std::ptrdiff_t>(next), returns.end());
  return events;
}

uint64_t most_open(const std::vector<Event>& events, const Part& part) {
  uint64_t open = 0, most = 0;
  for (const Event& event : events) {
    if (event.returns) {
      --open;
    } else if (!part.steps[event.step].optional) {
      most = std::max(most, ++open);
    }
  }
  return most;
}

// Used again and again, it would go on making states that were not there before.
bool is_endless(Word word) {
  return word == Word::incr || word == Word::append || word == Word::rpush || word == Word::lpush;
}

template <size_t words>
class Widening {
 public:
  Widening(const Part& part, ValuePool& pool, Budget& budget, const std::vector<Event>& events)
      : part_(part), pool_(pool), budget_(budget), events_(events) {}

  // The narrow sweeps come first, for a history that holds mostly shows it there. All that is left
  // out of the later ones is what another stands for, or what has no end; the last may take all
  // that there is.
  Found run() {
    if (!budget_.narrow_sweeps) {
      wide(whole);
      return found_;
    }
    if (narrow(4, true, whole) || narrow(64, false, quarter)) return found_;
    if (wide(quarter)) return found_;
    if (truncated_ && (narrow(512, false, quarter) || narrow(4'096, false, quarter))) return found_;
    COTERIE_REACHED("no narrow search has found an order");
    wide(whole);
    return found_;
  }

 private:
  static constexpr uint64_t whole = 1, quarter = 4;

  // Whether it is decided. A share of the budget is one part of `share`.
  bool narrow(size_t width, bool last_resort, uint64_t share) {
    SweepPlan plan{width, last_resort, std::vector<bool>(part_.identities, false)};
    Budget budget = budget_;
    budget.steps /= share;
    const uint64_t given = budget.steps;
    Sweep<words> sweep(part_, pool_, budget, plan);
    found_ = sweep.run(events_);
    budget_.steps -= given - budget.steps;
    truncated_ = sweep.truncated();
    if (found_.verdict == Verdict::holds) return true;
    if (found_.verdict == Verdict::bound_met) return share == whole;
    return !sweep.narrowed();
  }

  bool wide(uint64_t share) {
    SweepPlan plan{all_configurations, false, std::vector<bool>(part_.identities, false)};
    for (const Step& step : part_.steps) {
      if (step.after != none) plan.counted[part_.steps[step.after].identity] = true;
      for (uint32_t i = 0; i < step.calls && step.optional; ++i) {
        if (is_endless(part_.calls_of(step)[i].word)) plan.counted[step.identity] = true;
      }
    }
    Budget budget = budget_;
    budget.steps /= share;
    const uint64_t given = budget.steps;
    while (true) {
      Sweep<words> sweep(part_, pool_, budget, plan);
      found_ = sweep.run(events_);
      if (found_.verdict != Verdict::holds || sweep.overdrawn() == none) break;
      COTERIE_REACHED("an unknown operation was used more often than there was: counted now");
      plan.counted[sweep.overdrawn()] = true;
    }
    budget_.steps -= given - budget.steps;
    return found_.verdict != Verdict::bound_met || share == whole;
  }

  const Part& part_;
  ValuePool& pool_;
  Budget& budget_;
  const std::vector<Event>& events_;
  Found found_;
  bool truncated_ = false;  // the last narrow sweep: a wider one might find more
};

}  // namespace

Found search(const Part& part, ValuePool& pool, Budget& budget) {
  const std::vector<Event> events = events_of(part);
  const uint64_t open = most_open(events, part);
  if (open > budget.open || open > 1'024)
    return {.verdict = Verdict::bound_met, .bound = Bound::open, .stuck = none, .states = {}};
  if (open <= 64) return Widening<1>(part, pool, budget, events).run();
  if (open <= 256) return Widening<4>(part, pool, budget, events).run();
  return Widening<16>(part, pool, budget, events).run();
}

}  // namespace coterie::proof
