// See search.h.
#include "coterie/proof/search.h"

#include <algorithm>
#include <array>

#include <boost/unordered/unordered_flat_map.hpp>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/proof/guide.h"

namespace coterie::proof {

namespace {

using State = Machine::State;

template <size_t words>
class Mask {
 public:
  bool test(uint32_t slot) const { return (bits_[slot / 64] >> (slot % 64) & 1) != 0; }
  void set(uint32_t slot) { bits_[slot / 64] |= uint64_t{1} << (slot % 64); }
  void clear(uint32_t slot) { bits_[slot / 64] &= ~(uint64_t{1} << (slot % 64)); }
  uint64_t hash() const {
    uint64_t hash = 0x9e3779b97f4a7c15U;
    for (const uint64_t word : bits_) {
      hash = (hash ^ word) * 0xff51afd7ed558ccdU;
      hash ^= hash >> 32;
    }
    return hash;
  }
  bool operator==(const Mask&) const = default;

 private:
  std::array<uint64_t, words> bits_{};
};

template <size_t words>
struct Configuration {
  Mask<words> placed;  // by slot: those of the open operations that have taken effect
  State state = 0;
  uint32_t used = 0;  // which unknown operations: a name of Unknowns
};

// Multisets of unknown operations, each kept once: pairs (class, count), by class.
class Unknowns {
 public:
  uint32_t count(uint32_t used, uint32_t kind) const {
    const SequenceTable::Sequence pairs = table_[used];
    for (size_t i = 0; i < pairs.size() && pairs[i] <= kind; i += 2) {
      if (pairs[i] == kind) return pairs[i + 1];
    }
    return 0;
  }
  uint32_t with(uint32_t used, uint32_t kind) {
    const uint64_t question = uint64_t{used} << 32 | kind;
    if (const auto found = known_.find(question); found != known_.end()) return found->second;
    const SequenceTable::Sequence pairs = table_[used];
    scratch_.assign(pairs.begin(), pairs.end());
    size_t at = 0;
    while (at < scratch_.size() && scratch_[at] < kind) at += 2;
    if (at < scratch_.size() && scratch_[at] == kind) {
      ++scratch_[at + 1];
    } else {
      const uint32_t pair[] = {kind, 1};
      scratch_.insert(scratch_.begin() + static_cast<std::ptrdiff_t>(at), pair, pair + 2);
    }
    const uint32_t next = table_.intern(scratch_);
    known_.emplace(question, next);
    return next;
  }
  // Whether everything in `a` is in `b`.
  bool within(uint32_t a, uint32_t b) const {
    if (a == b || a == 0) return true;
    const SequenceTable::Sequence less = table_[a], more = table_[b];
    if (less.size() > more.size()) return false;
    size_t j = 0;
    for (size_t i = 0; i < less.size(); i += 2) {
      while (j < more.size() && more[j] < less[i]) j += 2;
      if (j == more.size() || more[j] != less[i] || more[j + 1] < less[i + 1]) return false;
    }
    return true;
  }
  uint64_t bytes() const { return table_.bytes() + known_.bucket_count() * 17; }

 private:
  SequenceTable table_;
  boost::unordered_flat_map<uint64_t, uint32_t> known_;
  std::vector<uint32_t> scratch_;
};

// Configurations of which none can do all that another can. Few are looked through one by one;
// many are found by hash.
template <size_t words>
class ConfigurationSet {
 public:
  using Config = Configuration<words>;

  explicit ConfigurationSet(const Unknowns& unknowns) : unknowns_(unknowns) {}

  // False: it is there already, or one that can do as much.
  bool add(const Config& config) {
    if (all_.size() < few) {
      for (const Config& other : all_) {
        if (covers(other, config)) return false;
      }
    } else {
      if (chains_.empty()) {
        for (uint32_t i = 0; i < all_.size(); ++i) link(i);
      }
      const auto found = chains_.find(hash(config));
      for (uint32_t i = found == chains_.end() ? none : found->second; i != none; i = next_[i]) {
        if (covers(all_[i], config)) return false;
      }
    }
    all_.push_back(config);
    if (!chains_.empty()) link(static_cast<uint32_t>(all_.size() - 1));
    return true;
  }
  void clear() {
    all_.clear();
    next_.clear();
    // A table that was large once is given back: clearing it would cost as much every time.
    if (!chains_.empty()) chains_ = {};
  }
  size_t size() const { return all_.size(); }
  const Config& operator[](size_t i) const { return all_[i]; }
  void swap(std::vector<Config>& others) {
    std::swap(all_, others);
    clear();
  }
  uint64_t bytes() const {
    return all_.capacity() * sizeof(Config) + next_.capacity() * 4 + chains_.bucket_count() * 17;
  }

 private:
  static constexpr size_t few = 12;

  bool covers(const Config& a, const Config& b) const {
    return a.state == b.state && a.placed == b.placed && unknowns_.within(a.used, b.used);
  }
  static uint64_t hash(const Config& config) {
    return (config.placed.hash() ^ config.state) * 0xc4ceb9fe1a85ec53U;
  }
  void link(uint32_t i) {
    if (next_.size() <= i) next_.resize(i + 1, none);
    const auto [place, added] = chains_.try_emplace(hash(all_[i]), i);
    if (added) return;
    next_[i] = place->second;
    place->second = i;
  }

  const Unknowns& unknowns_;
  std::vector<Config> all_;
  std::vector<uint32_t> next_;
  boost::unordered_flat_map<uint64_t, uint32_t> chains_;
};

constexpr size_t all_configurations = size_t{1} << 40;

struct Event {
  int64_t at = 0;
  uint32_t step = 0;
  bool returns = false;
};

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

template <size_t words>
class Sweep {
 public:
  using Config = Configuration<words>;

  Sweep(const Part& part, ValuePool& pool, Budget& budget, size_t width)
      : part_(part),
        machine_(part, pool),
        pool_(pool),
        budget_(budget),
        width_(width),
        guide_(part, pool, machine_),
        slot_of_(part.steps.size(), none),
        kind_of_(part.identities, none),
        seen_(unknowns_),
        after_(unknowns_) {
    for (uint32_t slot = words * 64; slot-- > 0;) free_.push_back(slot);
  }

  Found run() {
    now_.emplace_back().state = machine_.initial();
    for (const Event& event : events_of(part_)) {
      if (!event.returns) {
        call(event.step);
      } else if (!place(event.step)) {
        return found_;
      }
    }
    return found_;
  }
  // Whether configurations were left out: then only "it holds" counts.
  bool narrowed() const { return narrowed_; }

 private:
  // How many configurations are looked at for each that is kept.
  static constexpr size_t narrow_steps = 16;

  // An unknown operation, or several that are equal.
  struct Kind {
    uint32_t step = 0;       // one of them
    uint32_t available = 0;  // how many have been called
  };

  void call(uint32_t step) {
    const Step& called = part_.steps[step];
    if (called.optional) {
      uint32_t& kind = kind_of_[called.identity];
      if (kind == none) {
        kind = static_cast<uint32_t>(kinds_.size());
        kinds_.push_back({step, 0});
      }
      ++kinds_[kind].available;
      return;
    }
    slot_of_[step] = free_.back();
    free_.pop_back();
    open_.push_back(step);
    if (!called.pure) return;
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
    for (const Config& config : now_) {
      if (config.placed.test(slot)) {
        after_.add(config);
      } else {
        seen_.add(config);
      }
    }
    // First come, first served: those that use few unknown operations come before those that use
    // more, and cover them.
    // A narrow sweep asks the unknown ones only when nothing else helps.
    const bool narrow = width_ < all_configurations;
    if (narrow && !kinds_.empty()) {
      if (!close(slot, Unknown::left_out)) return false;
      narrowed_ = true;
    }
    if ((!narrow || kinds_.empty() || after_.size() == 0) && !close(slot, Unknown::tried))
      return false;
    if (after_.size() == 0) return stuck(step);
    after_.swap(now_);
    for (Config& config : now_) config.placed.clear(slot);
    open_.erase(std::find(open_.begin(), open_.end(), step));
    free_.push_back(slot);
    slot_of_[step] = none;
    return true;
  }

  enum class Unknown : uint8_t { left_out, tried };

  // From all that is in seen_, as far as it goes. False: a bound was met.
  bool close(uint32_t wanted, Unknown unknown) {
    for (size_t i = 0; i < seen_.size(); ++i) {
      if (after_.size() >= width_ || i / narrow_steps > width_) {
        narrowed_ = true;
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
    for (uint32_t kind = 0; kind < kinds_.size(); ++kind) {
      const Step& next = part_.steps[kinds_[kind].step];
      --budget_.steps;
      if (guide_.on() && !may_help(config.state, next)) continue;
      if (unknowns_.count(config.used, kind) >= kinds_[kind].available || !is_due(config, next))
        continue;
      Config to = config;
      to.state = machine_.apply(config.state, next);
      if (to.state == Machine::dead || to.state == config.state) continue;
      to.used = unknowns_.with(config.used, kind);
      keep(to, true, wanted);
    }
  }

  bool may_help(State state, const Step& unknown) const {
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
  size_t width_;
  bool narrowed_ = false;
  Guide guide_;
  Found found_;
  Unknowns unknowns_;
  std::vector<uint32_t> slot_of_;  // of open operations
  std::vector<uint32_t> free_;
  std::vector<uint32_t> open_;
  std::vector<uint32_t> kind_of_;  // by identity
  std::vector<Kind> kinds_;
  std::vector<std::pair<uint32_t, bool>> needy_;  // what unknown ones may help; right without?
  std::vector<Config> now_;                       // at this point of the sweep
  ConfigurationSet<words> seen_;   // in which the operation that returns is not placed yet
  ConfigurationSet<words> after_;  // in which it is
};

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

// A narrow sweep first: a history that holds mostly shows it there.
template <size_t words>
Found widen(const Part& part, ValuePool& pool, Budget& budget) {
  for (const size_t width : {size_t{4}, size_t{64}}) {
    Sweep<words> sweep(part, pool, budget, width);
    Found found = sweep.run();
    if (found.verdict != Verdict::violated || !sweep.narrowed()) return found;
    COTERIE_REACHED("a narrow search has not found an order");
  }
  return Sweep<words>(part, pool, budget, all_configurations).run();
}

}  // namespace

Found search(const Part& part, ValuePool& pool, Budget& budget) {
  const uint64_t open = most_open(events_of(part), part);
  if (open > budget.open || open > 1'024)
    return {.verdict = Verdict::bound_met, .bound = Bound::open, .stuck = none, .states = {}};
  if (open <= 64) return widen<1>(part, pool, budget);
  if (open <= 256) return widen<4>(part, pool, budget);
  return widen<16>(part, pool, budget);
}

}  // namespace coterie::proof
