// See explain.h.
#include "coterie/proof/explain.h"

#include <algorithm>
#include <map>
#include <set>

#include "coterie/base/assert.h"

namespace coterie::proof {

namespace {

// Steps of a search that all tries together may take; a sweep over n operations counts as n at
// least.
constexpr uint64_t steps_of_tries_max = 20'000'000;

using Group = std::vector<uint32_t>;  // steps that are left out together

class Shortener {
 public:
  Shortener(const Part& part, ValuePool& pool, const Found& found, const Budget& bounds,
            uint64_t tries_max)
      : part_(part), pool_(pool), found_(found), bounds_(bounds), tries_(tries_max) {
    bounds_.steps = steps_of_tries_max;
  }

  Explanation run() {
    cut();
    leave_out(groups_of_one([&](const Step& step) { return step.pure; }));
    if (part_.keys.size() > 1) leave_out_keys();
    leave_out(groups_by_value());
    leave_out(groups_of_one([&](const Step& step) { return step.pure; }));
    return result();
  }

 private:
  // What was called after the return that no order explains tells nothing; unless the search has
  // looked ahead, then the violation shows itself at a later return.
  void cut() {
    if (try_part(until(part_.steps[found_.stuck].returned))) return;
    std::vector<int64_t> ends;
    for (const Step& step : part_.steps) {
      if (!step.optional && step.returned > part_.steps[found_.stuck].returned)
        ends.push_back(step.returned);
    }
    std::sort(ends.begin(), ends.end());
    size_t first = 0, last = ends.size();
    while (first < last && tries_ > 0) {
      const size_t middle = (first + last) / 2;
      if (try_part(until(ends[middle]))) {
        last = middle;
      } else {
        first = middle + 1;
      }
    }
  }

  Part until(int64_t end) const {
    Part shorter = like(part_);
    std::vector<uint32_t> place(part_.steps.size(), none);
    for (uint32_t i = 0; i < part_.steps.size(); ++i) {
      Step step = part_.steps[i];
      if (step.called > end) break;
      if (step.after != none) step.after = place[step.after];
      if (step.returned > end) {
        if (step.pure) continue;
        // Its result is still to come, and is not to be asked for: the search relies on that.
        const auto first = static_cast<uint32_t>(shorter.calls.size());
        for (uint32_t c = 0; c < step.calls; ++c) {
          shorter.calls.push_back(part_.calls_of(step)[c]);
          shorter.calls.back().expect = Expect::anything;
        }
        step.first_call = first;
        step.identity = shorter.identities++;
        step.optional = true, step.returned = never;
      }
      place[i] = static_cast<uint32_t>(shorter.steps.size());
      shorter.steps.push_back(step);
    }
    return shorter;
  }

  static Part like(const Part& part) {
    Part other;
    other.keys = part.keys;
    other.calls = part.calls;
    other.lists = part.lists;
    other.identities = part.identities;
    other.initial_unknown = part.initial_unknown;
    return other;
  }

  template <class Predicate>
  std::vector<Group> groups_of_one(Predicate chosen) const {
    std::vector<Group> groups;
    for (uint32_t i = 0; i < part_.steps.size(); ++i) {
      if (chosen(part_.steps[i])) groups.push_back({i});
    }
    return groups;
  }

  // Leaves out as many of the groups as it can: half of them, a quarter, ..., single ones.
  void leave_out(std::vector<Group> groups) {
    for (size_t size = groups.size(); size > 0 && tries_ > 0;
         size = size == 1 ? 0 : (size + 1) / 2) {
      for (size_t first = 0; first < groups.size() && tries_ > 0;) {
        const size_t count = std::min(size, groups.size() - first);
        std::vector<bool> gone(part_.steps.size(), false);
        for (size_t i = first; i < first + count; ++i) {
          for (const uint32_t step : groups[i]) gone[step] = true;
        }
        std::vector<uint32_t> place;
        if (try_part(without(gone, place))) {
          groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(first),
                       groups.begin() + static_cast<std::ptrdiff_t>(first + count));
          for (Group& group : groups) {
            for (uint32_t& step : group) step = place[step];
          }
        } else {
          first += count;
        }
      }
    }
  }

  Part without(const std::vector<bool>& gone, std::vector<uint32_t>& place) const {
    Part shorter = like(part_);
    place.assign(part_.steps.size(), none);
    for (uint32_t i = 0; i < part_.steps.size(); ++i) {
      Step step = part_.steps[i];
      // What time does goes with the operation that set the time.
      if (gone[i] || (step.after != none && place[step.after] == none)) continue;
      if (step.after != none) step.after = place[step.after];
      place[i] = static_cast<uint32_t>(shorter.steps.size());
      shorter.steps.push_back(step);
    }
    return shorter;
  }

  // Takes the part in place of ours if it is a violation as well.
  bool try_part(Part part) {
    --tries_;
    const uint64_t least = part.steps.size();
    if (bounds_.steps <= least) {
      tries_ = 0;
      return false;
    }
    bounds_.steps -= least;
    Found found = search(part, pool_, bounds_);
    if (found.verdict != Verdict::violated) return false;
    part_ = std::move(part);
    found_ = std::move(found);
    return true;
  }

  void leave_out_keys() {
    for (uint16_t key = 0; key < part_.keys.size() && tries_ > 0; ++key) {
      Part shorter = like(part_);
      shorter.calls.clear();
      std::vector<uint32_t> place(part_.steps.size(), none);
      for (uint32_t i = 0; i < part_.steps.size(); ++i) {
        Step step = part_.steps[i];
        const PartCall* calls = part_.calls_of(step);
        const auto first = static_cast<uint32_t>(shorter.calls.size());
        std::copy_if(calls, calls + step.calls, std::back_inserter(shorter.calls),
                     [&](const PartCall& call) { return call.key != key; });
        step.first_call = first;
        step.calls = static_cast<uint32_t>(shorter.calls.size()) - first;
        if (step.calls == 0 || (step.after != none && place[step.after] == none)) continue;
        if (step.after != none) step.after = place[step.after];
        // Its calls are others than before; like no other is always right.
        step.identity = shorter.identities++;
        place[i] = static_cast<uint32_t>(shorter.steps.size());
        shorter.steps.push_back(step);
      }
      if (shorter.steps.size() < part_.steps.size()) try_part(std::move(shorter));
    }
  }

  std::vector<Group> groups_by_value() {
    if (part_.keys.size() > 1) return {};
    bool texts = true, lists = true;
    for (const Step& step : part_.steps) {
      const Word word = part_.calls_of(step)->word;
      texts = texts && step.calls == 1 && (word == Word::get || word == Word::set);
      lists =
          lists && step.calls == 1 &&
          (word == Word::rpush || word == Word::lpush || word == Word::lpop || word == Word::rpop);
    }
    if (lists) {
      // Lengths would be others without the item.
      Part easier = part_;
      for (PartCall& call : easier.calls) {
        if (call.word == Word::rpush || call.word == Word::lpush) call.expect = Expect::anything;
      }
      lists = try_part(std::move(easier));
    }
    if (!texts && !lists) return {};
    std::map<uint32_t, Group> by_value;
    for (uint32_t i = 0; i < part_.steps.size(); ++i) {
      const PartCall& call = *part_.calls_of(part_.steps[i]);
      const bool writes =
          call.word == Word::set || call.word == Word::rpush || call.word == Word::lpush;
      // What found nothing goes with no value.
      const uint32_t value = writes ? call.a : call.expect == Expect::text ? call.result : 0;
      if (value != 0) by_value[value].push_back(i);
    }
    std::vector<Group> groups;
    groups.reserve(by_value.size());
    for (auto& [value, group] : by_value) groups.push_back(std::move(group));
    return groups;
  }

  Explanation result() const {
    Explanation explanation;
    std::set<uint32_t> operations;
    for (const Step& step : part_.steps) operations.insert(step.operation);
    explanation.operations.assign(operations.begin(), operations.end());
    explanation.stuck = part_.steps[found_.stuck].operation;
    explanation.states = found_.states;
    return explanation;
  }

  Part part_;
  ValuePool& pool_;
  Found found_;
  Budget bounds_;
  uint64_t tries_;
};

}  // namespace

Explanation explain(const Part& part, ValuePool& pool, const Found& found, const Budget& bounds,
                    uint64_t tries_max) {
  return Shortener(part, pool, found, bounds, tries_max).run();
}

}  // namespace coterie::proof
