// One sweep of the general search over a part: from call to call and return to return, with all
// configurations that the history allows up to there, or some, or some that it does not allow
// (search.h says why).
//
// Unknown operations that are equal are one kind, and are counted. A sweep may
//  - count all kinds: then it is exact;
//  - count some only: the others can be used without end once they have been called. Of two
//    configurations that differ only in their use, the one that came first is kept. So it follows
//    every order that there is, and some that there are not: what no such order explains is
//    violated. A configuration that remembers no use beyond what there was is an order of the
//    history: then it holds. Where each has one, a kind that was overdrawn is to be counted in the
//    next sweep; there are finitely many. Counted from the start are those that could go on making
//    new states for ever, and those that another step waits for;
//  - keep only the best few configurations at each return: then only "it holds" counts.
#pragma once

#include <algorithm>
#include <vector>

#include "coterie/proof/configurations.h"
#include "coterie/proof/guide.h"
#include "coterie/proof/search.h"

namespace coterie::proof {

struct Event {
  int64_t at = 0;
  uint32_t step = 0;
  bool returns = false;
};

// What a sweep goes by.
struct SweepPlan {
  size_t width = 0;           // configurations kept at each return
  bool last_resort = false;   // unknown operations only where nothing else helps
  std::vector<bool> counted;  // by identity
};
inline constexpr size_t all_configurations = size_t{1} << 40;

template <size_t words>
class Sweep {
 public:
  using Config = Configuration<words>;

  // REQUIRES: `events` are those of `part`; fewer than words * 64 operations are ever open.
  Sweep(const Part& part, ValuePool& pool, Budget& budget, const SweepPlan& plan)
      : part_(part),
        machine_(part, pool),
        pool_(pool),
        budget_(budget),
        plan_(plan),
        narrow_(plan.width < all_configurations),
        guide_(part, pool, machine_),
        slot_of_(part.steps.size(), none),
        kind_of_(part.identities, none),
        seen_(unknowns_, pure_),
        after_(unknowns_, pure_) {
    for (uint32_t slot = words * 64; slot-- > 0;) free_.push_back(slot);
  }

  Found run(const std::vector<Event>& events) {
    now_.emplace_back().state = machine_.initial();
    for (const Event& event : events) {
      if (!event.returns) {
        call(event.step);
      } else if (!place(event.step)) {
        return found_;
      }
    }
    overdrawn_ = now_[0].overdrawn;
    for (const Config& config : now_) {
      if (config.overdrawn == none) overdrawn_ = none;
    }
    if (overdrawn_ != none) overdrawn_ = part_.steps[kinds_[overdrawn_].step].identity;
    return found_;
  }
  // Whether configurations were left out: then only "it holds" counts.
  bool narrowed() const { return narrowed_; }
  // Whether more of them were left out than those for which another stands.
  bool truncated() const { return truncated_; }
  // After "it holds": the identity of what must be counted before that counts; none: it counts.
  uint32_t overdrawn() const { return overdrawn_; }

 private:
  // Of a narrow sweep: how many configurations are looked at for each that is kept, and among how
  // many it chooses.
  static constexpr size_t narrow_steps = 16;
  static constexpr size_t narrow_choice = 2;

  // An unknown operation, or several that are equal.
  struct Kind {
    uint32_t step = 0;       // one of them
    uint32_t available = 0;  // how many have been called
    bool counted = true;
  };

  void call(uint32_t step) {
    const Step& called = part_.steps[step];
    if (called.optional) {
      uint32_t& kind = kind_of_[called.identity];
      if (kind == none) {
        kind = static_cast<uint32_t>(kinds_.size());
        kinds_.push_back({step, 0, plan_.counted[called.identity]});
      }
      ++kinds_[kind].available;
      return;
    }
    const uint32_t slot = free_.back();
    slot_of_[step] = slot;
    free_.pop_back();
    open_.push_back(step);
    if (!called.pure) return;
    pure_.set(slot);
    for (Config& config : now_) place_if_right(config, step);
  }

  void place_if_right(Config& config, uint32_t step) {
    const Step& read = part_.steps[step];
    if (machine_.apply(config.state, read) == config.state) config.placed.set(slot_of_[step]);
  }

  // The return of `step`: only configurations in which it has been placed go on.
  bool place(uint32_t step) {
    const uint32_t slot = slot_of_[step];
    seen_.clear();
    after_.clear();
    // First come, first served: what uses few unknown operations stands for what uses more.
    if (!kinds_.empty() && now_.size() > 1) {
      std::stable_sort(now_.begin(), now_.end(),
                       [](const Config& a, const Config& b) { return a.uses < b.uses; });
    }
    for (const Config& config : now_) {
      if (config.placed.test(slot)) {
        after_.add(config);
      } else {
        seen_.add(config);
      }
    }
    const bool last_resort = plan_.last_resort && !kinds_.empty();
    narrowed_ = narrowed_ || (narrow_ && !kinds_.empty());
    if (last_resort && !close(slot, Unknown::left_out)) return false;
    if ((!last_resort || after_.size() == 0) && !close(slot, Unknown::tried)) return false;
    if (after_.size() == 0) return stuck(step);
    after_.swap(now_);
    if (now_.size() > plan_.width) keep_the_best();
    for (Config& config : now_) config.placed.clear(slot);
    open_.erase(std::find(open_.begin(), open_.end(), step));
    free_.push_back(slot);
    pure_.clear(slot);
    slot_of_[step] = none;
    return true;
  }

  // Those are more likely to go on in which much is done that only some states allow, and little
  // that is possible in any state.
  void keep_the_best() {
    std::vector<std::pair<int64_t, size_t>> ranks;
    for (size_t i = 0; i < now_.size(); ++i) {
      int64_t rank = 0;
      for (const uint32_t step : open_) {
        if (part_.steps[step].pure || !now_[i].placed.test(slot_of_[step])) continue;
        rank += part_.calls_of(part_.steps[step])->expect == Expect::anything ? 1 : -1;
      }
      ranks.emplace_back(rank, i);
    }
    std::sort(ranks.begin(), ranks.end());
    std::vector<Config> best;
    for (size_t i = 0; i < plan_.width; ++i) best.push_back(now_[ranks[i].second]);
    now_ = std::move(best);
    narrowed_ = truncated_ = true;
  }

  enum class Unknown : uint8_t { left_out, tried };

  // From all that is in seen_, as far as it goes. False: a bound was met.
  bool close(uint32_t wanted, Unknown unknown) {
    for (size_t i = 0; i < seen_.size(); ++i) {
      if (narrow_ && (after_.size() >= narrow_choice * plan_.width ||
                      i >= narrow_steps * plan_.width + narrow_steps)) {
        narrowed_ = truncated_ = true;
        break;
      }
      expand(Config(seen_[i]), wanted, unknown);
      if (!within_bounds()) return false;
    }
    return true;
  }

  void expand(const Config& config, uint32_t wanted, Unknown unknown) {
    needy_.clear();
    for (size_t i = 0; i < open_.size(); ++i) {
      const uint32_t step = open_[i];
      const Step& next = part_.steps[step];
      if (config.placed.test(slot_of_[step]) || !is_due(config, next) || has_twin(config, i))
        continue;
      --budget_.steps;
      Config to = config;
      to.state = machine_.apply(config.state, next);
      const bool right = to.state != Machine::dead;
      if (guide_.needs_help(next, right)) needy_.push_back({step, right});
      if (!right) continue;
      to.placed.set(slot_of_[step]);
      keep(to, to.state != config.state, wanted);
    }
    if (unknown == Unknown::left_out || (guide_.on() && needy_.empty())) return;
    for (uint32_t kind = 0; kind < kinds_.size(); ++kind) try_unknown(config, kind, wanted);
  }

  void try_unknown(const Config& config, uint32_t kind, uint32_t wanted) {
    const bool counted = kinds_[kind].counted;
    const Step& next = part_.steps[kinds_[kind].step];
    --budget_.steps;
    if (guide_.on() && !may_help(config.state, next)) return;
    const bool spent = unknowns_.count(config.used, kind) >= kinds_[kind].available;
    if ((spent && (counted || narrow_)) || !is_due(config, next)) return;
    Config to = config;
    to.state = machine_.apply(config.state, next);
    if (to.state == Machine::dead || to.state == config.state) return;
    to.used = unknowns_.with(config.used, kind);
    if (counted) to.counted = unknowns_.with(config.counted, kind);
    if (spent) to.overdrawn = kind;
    ++to.uses;
    keep(to, true, wanted);
  }

  bool may_help(Machine::State state, const Step& unknown) const {
    for (const auto& [step, right] : needy_) {
      if (guide_.may_help(state, unknown, part_.steps[step], right)) return true;
    }
    return false;
  }

  void keep(Config& config, bool changed, uint32_t wanted) {
    if (changed) {
      for (const uint32_t step : open_) {
        if (part_.steps[step].pure && !config.placed.test(slot_of_[step]))
          place_if_right(config, step);
      }
    }
    if (config.placed.test(wanted)) {
      after_.add(config);
    } else {
      seen_.add(config);
    }
  }

  bool is_due(const Config& config, const Step& step) const {
    if (step.after == none) return true;
    const Step& first = part_.steps[step.after];
    if (first.optional) return unknowns_.count(config.used, kind_of_[first.identity]) > 0;
    const uint32_t slot = slot_of_[step.after];
    return slot == none || config.placed.test(slot);
  }

  // An equal operation that returns earlier and is not placed yet goes first.
  bool has_twin(const Config& config, size_t at) const {
    const Step& step = part_.steps[open_[at]];
    for (size_t i = 0; i < open_.size(); ++i) {
      const Step& other = part_.steps[open_[i]];
      if (i == at || other.identity != step.identity) continue;
      const bool earlier =
          other.returned < step.returned || (other.returned == step.returned && i < at);
      if (earlier && !config.placed.test(slot_of_[open_[i]])) return true;
    }
    return false;
  }

  bool within_bounds() {
    // Signed: it is taken from in the middle of a step.
    if (static_cast<int64_t>(budget_.steps) <= 0) {
      budget_.steps = 0;
      return over(Bound::steps);
    }
    const uint64_t bytes = machine_.bytes() + unknowns_.bytes() + pool_.bytes() +
                           now_.capacity() * sizeof(Config) + seen_.bytes() + after_.bytes();
    if (bytes > budget_.memory_bytes) return over(Bound::memory);
    return true;
  }
  bool over(Bound bound) {
    found_.verdict = Verdict::bound_met;
    found_.bound = bound;
    return false;
  }

  bool stuck(uint32_t step) {
    found_.verdict = Verdict::violated;
    found_.stuck = step;
    for (const Config& config : now_) {
      const std::string state = machine_.describe(config.state);
      if (std::find(found_.states.begin(), found_.states.end(), state) == found_.states.end())
        found_.states.push_back(state);
      if (found_.states.size() == 3) break;
    }
    return false;
  }

  const Part& part_;
  Machine machine_;
  ValuePool& pool_;
  Budget& budget_;
  const SweepPlan& plan_;
  bool narrow_;
  bool narrowed_ = false;
  bool truncated_ = false;
  uint32_t overdrawn_ = none;
  Guide guide_;
  Found found_;
  Unknowns unknowns_;
  std::vector<uint32_t> slot_of_;  // of open operations
  std::vector<uint32_t> free_;
  std::vector<uint32_t> open_;
  Mask<words> pure_;               // slots of those that change nothing
  std::vector<uint32_t> kind_of_;  // by identity
  std::vector<Kind> kinds_;
  std::vector<std::pair<uint32_t, bool>> needy_;  // what unknown ones may help; right without?
  std::vector<Config> now_;                       // at this point of the sweep
  ConfigurationSet<words> seen_;   // in which the operation that returns is not placed yet
  ConfigurationSet<words> after_;  // in which it is
};

}  // namespace coterie::proof
