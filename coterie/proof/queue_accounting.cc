// See queue_accounting.h.
#include "coterie/proof/queue_accounting.h"

#include <algorithm>

#include <fmt/format.h>

namespace coterie::proof {

namespace {

struct Item {
  uint32_t pushes = 0;
  uint32_t push = none;  // steps
  std::vector<uint32_t> pops;
};

class Books {
 public:
  Books(const History& history, const Part& part, const ValuePool& pool)
      : history_(history), part_(part), pool_(pool), items_(pool.values()) {}

  std::optional<Conviction> run() {
    for (uint32_t i = 0; i < part_.steps.size(); ++i) enter(i);
    if (auto wrong = check_items()) return wrong;
    if (auto wrong = check_order()) return wrong;
    return check_empty();
  }

 private:
  const Step& step(uint32_t i) const { return part_.steps[i]; }
  uint32_t client(uint32_t i) const { return history_[step(i).operation].client; }
  std::string named(uint32_t value) const { return fmt::format("'{}'", pool_.text(value)); }

  void enter(uint32_t i) {
    const PartCall& call = *part_.calls_of(step(i));
    if (call.word == Word::rpush) {
      Item& item = items_[call.a];
      ++item.pushes;
      item.push = i;
    } else if (call.word == Word::lpop) {
      if (call.expect == Expect::text) items_[call.result].pops.push_back(i);
      if (call.expect == Expect::null) empty_.push_back(i);
      if (call.expect == Expect::anything) unknown_pops_.push_back(step(i).called);
    } else if (pool_.text(call.result) == "0") {
      empty_.push_back(i);
    }
  }

  std::optional<Conviction> check_items() const {
    for (uint32_t value = 1; value < items_.size(); ++value) {
      const Item& item = items_[value];
      if (item.pops.empty()) continue;
      Conviction wrong;
      for (const uint32_t pop : item.pops) wrong.operations.push_back(step(pop).operation);
      const uint32_t who = client(item.pops.back());
      if (item.pushes == 0) {
        wrong.why = fmt::format("client {} took {}, which nobody has put in", who, named(value));
        return wrong;
      }
      wrong.operations.push_back(step(item.push).operation);
      if (item.pops.size() > item.pushes) {
        wrong.why = fmt::format("duplicated: {} was put in {} and taken {} times", named(value),
                                item.pushes == 1 ? "once" : fmt::format("{} times", item.pushes),
                                item.pops.size());
        return wrong;
      }
      if (item.pushes == 1 && step(item.pops[0]).returned < step(item.push).called) {
        wrong.why = fmt::format("client {} took {} before it was put in", who, named(value));
        return wrong;
      }
    }
    return {};
  }

  // One item and what bounds it: it was in the queue from `in` on at the latest, and until `out` at
  // least.
  struct Stay {
    uint32_t value;
    uint32_t push;
    int64_t in;
    int64_t out;
  };

  // `a` put in before `b`, but `b` out before `a`.
  std::optional<Conviction> check_order() const {
    std::vector<Stay> taken;
    for (uint32_t value = 1; value < items_.size(); ++value) {
      const Item& item = items_[value];
      if (item.pushes == 1 && item.pops.size() == 1)
        taken.push_back({value, item.push, step(item.push).returned, step(item.pops[0]).called});
    }
    std::vector<Stay> by_call = taken;
    const auto put_in = [&](const Stay& stay) { return step(items_[stay.value].push).called; };
    std::sort(taken.begin(), taken.end(), [](const Stay& a, const Stay& b) { return a.in < b.in; });
    std::sort(by_call.begin(), by_call.end(),
              [&](const Stay& a, const Stay& b) { return put_in(a) < put_in(b); });
    // Of those put in before the call of `b`, the one that was taken out last.
    const Stay* last = nullptr;
    size_t next = 0;
    for (const Stay& b : by_call) {
      for (; next < taken.size() && taken[next].in < put_in(b); ++next) {
        if (last == nullptr || taken[next].out > last->out) last = &taken[next];
      }
      const Item& second = items_[b.value];
      if (last == nullptr || step(second.pops[0]).returned >= last->out) continue;
      const Item& first = items_[last->value];
      return Conviction{
          fmt::format("out of order: {} was put in before {}, but client {} had taken {} before "
                      "client {} took {}",
                      named(last->value), named(b.value), client(second.pops[0]), named(b.value),
                      client(first.pops[0]), named(last->value)),
          {step(first.push).operation, step(second.push).operation, step(second.pops[0]).operation,
           step(first.pops[0]).operation}};
    }
    return {};
  }

  std::optional<Conviction> check_empty() {
    std::vector<Stay> later, kept;  // taken in the end, or never
    for (uint32_t i = 0; i < part_.steps.size(); ++i) {
      const PartCall& call = *part_.calls_of(step(i));
      if (call.word != Word::rpush || step(i).optional) continue;
      const Item& item = items_[call.a];
      if (item.pops.empty()) {
        kept.push_back({call.a, i, step(i).returned, never});
      } else if (item.pushes == 1) {
        later.push_back({call.a, i, step(i).returned, step(item.pops[0]).called});
      }
    }
    const auto earlier = [](const Stay& a, const Stay& b) { return a.in < b.in; };
    std::sort(later.begin(), later.end(), earlier);
    std::sort(kept.begin(), kept.end(), earlier);
    std::sort(unknown_pops_.begin(), unknown_pops_.end());
    std::vector<uint32_t> longest(later.size());  // of those up to here, the one that stays longest
    for (uint32_t i = 0; i < later.size(); ++i)
      longest[i] = i > 0 && later[longest[i - 1]].out > later[i].out ? longest[i - 1] : i;
    const auto before = [](const std::vector<Stay>& stays, int64_t at) {
      return static_cast<size_t>(
          std::partition_point(stays.begin(), stays.end(),
                               [&](const Stay& stay) { return stay.in < at; }) -
          stays.begin());
    };
    for (const uint32_t i : empty_) {
      const size_t in = before(later, step(i).called);
      if (in > 0 && step(i).returned < later[longest[in - 1]].out)
        return hidden(i, later[longest[in - 1]].value);
      const size_t lost = before(kept, step(i).called);
      const auto pops =
          std::upper_bound(unknown_pops_.begin(), unknown_pops_.end(), step(i).returned) -
          unknown_pops_.begin();
      if (lost > static_cast<size_t>(pops))
        return missing(i, kept, lost, static_cast<size_t>(pops));
    }
    return {};
  }

  Conviction hidden(uint32_t empty, uint32_t value) const {
    const Item& item = items_[value];
    return {fmt::format("client {} found the queue empty while {} was in it: put in before, taken "
                        "by client {} afterwards",
                        client(empty), named(value), client(item.pops[0])),
            {step(item.push).operation, step(empty).operation, step(item.pops[0]).operation}};
  }

  Conviction missing(uint32_t empty, const std::vector<Stay>& kept, size_t lost,
                     size_t pops) const {
    constexpr size_t shown_max = 20;
    Conviction conviction{{}, {step(empty).operation}};
    for (size_t i = 0; i < std::min(lost, shown_max + pops); ++i)
      conviction.operations.push_back(step(kept[i].push).operation);
    conviction.why = fmt::format(
        "lost: {} was put in and acknowledged, nobody has taken it, and client {} found the queue "
        "empty",
        named(kept[lost - 1].value), client(empty));
    if (pops > 0) {
      conviction.why += fmt::format(" ({} are missing, of which {} unknown pops can have taken {})",
                                    lost, pops, pops);
    } else if (lost > 1) {
      conviction.why += fmt::format(" ({} are missing)", lost);
    }
    return conviction;
  }

  const History& history_;
  const Part& part_;
  const ValuePool& pool_;
  std::vector<Item> items_;  // by value
  std::vector<uint32_t> empty_;
  std::vector<int64_t> unknown_pops_;  // their calls
};

}  // namespace

bool has_books(const Part& part) {
  if (part.keys.size() != 1) return false;
  return std::all_of(part.steps.begin(), part.steps.end(), [&](const Step& step) {
    const Word word = part.calls_of(step)->word;
    return step.calls == 1 && (word == Word::rpush || word == Word::lpop || word == Word::llen);
  });
}

std::optional<Conviction> judge_books(const History& history, const Part& part,
                                      const ValuePool& pool) {
  return Books(history, part, pool).run();
}

}  // namespace coterie::proof
