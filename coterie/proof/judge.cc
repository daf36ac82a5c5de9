// See judge.h.
#include "coterie/proof/judge.h"

#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/reached.h"
#include "coterie/proof/explain.h"
#include "coterie/proof/mutex.h"
#include "coterie/proof/partition.h"
#include "coterie/proof/pubsub.h"
#include "coterie/proof/queue_accounting.h"
#include "coterie/proof/register_zones.h"
#include "coterie/proof/search.h"
#include "coterie/proof/witness.h"

namespace coterie::proof {

namespace {

constexpr size_t keys_of_part_max = 60'000;  // PartCall::key

class Judge {
 public:
  Judge(const History& history, const Bounds& bounds)
      : history_(history),
        bounds_(bounds),
        builder_(history, bounds_.slack),
        budget_{std::min(bounds.steps_max, uint64_t{1} << 60), bounds.memory_bytes_max,
                bounds.open_max, bounds.narrow_sweeps} {}

  // The first violation; without one, the first bound that was met.
  Ruling run(Model model) {
    Ruling ruling;
    for (const Group& group : partition(history_)) {
      Ruling part = rule(group, model);
      if (part.verdict == Verdict::violated) return part;
      if (part.verdict == Verdict::bound_met && ruling.verdict == Verdict::holds)
        ruling = std::move(part);
    }
    return ruling;
  }

 private:
  Ruling rule(const Group& group, Model model) {
    if (group.channel) return convict(judge_pubsub(history_, group.operations), group);
    ValuePool pool;
    Part part = builder_.build(group.operations, pool);
    part.initial_unknown = bounds_.initial_unknown;
    if (part.keys.size() > keys_of_part_max) return met(Bound::memory, part);
    if (!part.initial_unknown && has_zones(part, pool))
      return convict(judge_zones(history_, part, pool), group);
    // These know how to say it; and they decide also where the search meets a bound.
    std::optional<Conviction> told;
    if (has_books(part)) told = judge_books(history_, part, pool);
    if (is_mutex(part)) told = judge_mutex(history_, part, pool, bounds_.slack);
    if (told) return convict(told, group);
    if (model == Model::queue_accounting || model == Model::mutex) return {};
    if (follows_its_order(history_, part, pool)) {
      COTERIE_REACHED("the order that the store tells explains a key");
      return {};
    }
    const Found found = search(part, pool, budget_);
    if (found.verdict == Verdict::bound_met) return met(found.bound, part);
    if (found.verdict == Verdict::holds) return {};
    return convict(part, explain(part, pool, found, budget_, bounds_.explain_tries_max));
  }

  Ruling convict(const std::optional<Conviction>& conviction, const Group& group) const {
    Ruling ruling;
    if (!conviction) return ruling;
    ruling.verdict = Verdict::violated;
    ruling.key = history_[group.operations[0]].calls[0].key;
    ruling.why = fmt::format("key {}: {}", ruling.key, conviction->why);
    ruling.operations.assign(conviction->operations.begin(), conviction->operations.end());
    sort_by_call(ruling.operations);
    return ruling;
  }

  // By call, and each once.
  void sort_by_call(std::vector<size_t>& operations) const {
    std::sort(operations.begin(), operations.end());
    operations.erase(std::unique(operations.begin(), operations.end()), operations.end());
    std::stable_sort(operations.begin(), operations.end(), [&](size_t a, size_t b) {
      return history_[a].called_ns < history_[b].called_ns;
    });
  }

  Ruling met(Bound bound, const Part& part) const {
    Ruling ruling;
    ruling.verdict = Verdict::bound_met;
    ruling.bound = bound;
    ruling.key = part.key_text();
    switch (bound) {
      case Bound::steps:
        ruling.why =
            fmt::format("key {}: not decided within {} steps", ruling.key, bounds_.steps_max);
        break;
      case Bound::memory:
        ruling.why = fmt::format("key {}: not decided within {} MiB of memory", ruling.key,
                                 bounds_.memory_bytes_max >> 20);
        break;
      default:
        ruling.why = fmt::format("key {}: more than {} operations are open at one moment",
                                 ruling.key, std::min<uint64_t>(bounds_.open_max, 1'024));
    }
    return ruling;
  }

  Ruling convict(const Part& part, const Explanation& explanation) const {
    Ruling ruling;
    ruling.verdict = Verdict::violated;
    ruling.key = part.key_text();
    std::string states;
    for (const std::string& state : explanation.states)
      states += (states.empty() ? "" : " or ") + state;
    const Operation& stuck = history_[explanation.stuck];
    ruling.why =
        fmt::format("key {}: no order explains {}; when it returned there could only be {}",
                    ruling.key, describe(stuck), states);
    ruling.operations.assign(explanation.operations.begin(), explanation.operations.end());
    sort_by_call(ruling.operations);
    return ruling;
  }

  const History& history_;
  const Bounds& bounds_;
  PartBuilder builder_;
  Budget budget_;
};

}  // namespace

Ruling judge(const History& history, Model model, const Bounds& bounds) {
  if (const auto known = check_vocabulary(history, model); !known) {
    Ruling ruling;
    ruling.verdict = Verdict::bound_met;
    ruling.bound = Bound::vocabulary;
    ruling.why = known.error().message;
    return ruling;
  }
  if (const auto known = check_initial(history); bounds.initial_unknown && !known) {
    Ruling ruling;
    ruling.verdict = Verdict::bound_met;
    ruling.bound = Bound::vocabulary;
    ruling.why = known.error().message;
    return ruling;
  }
  return Judge(history, bounds).run(model);
}

}  // namespace coterie::proof
