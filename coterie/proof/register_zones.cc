// See register_zones.h.
#include "coterie/proof/register_zones.h"

#include <algorithm>

#include <fmt/format.h>

namespace coterie::proof {

namespace {

constexpr int64_t before_all = std::numeric_limits<int64_t>::min();

struct Cluster {
  int64_t first_return = never;
  int64_t last_call = before_all;
  uint32_t write = none;     // steps
  uint32_t returned = none;  // the one that returns first
  uint32_t called = none;    // the one that is called last
  bool forward() const { return first_return < last_call; }
};

class Zones {
 public:
  Zones(const History& history, const Part& part, const ValuePool& pool)
      : history_(history), part_(part), clusters_(pool.values()) {}

  std::optional<Conviction> run() {
    // The register before its first write, which is the value 0.
    clusters_[0].first_return = before_all;
    for (uint32_t i = 0; i < part_.steps.size(); ++i) {
      if (value_written(i) != 0) clusters_[value_written(i)].write = i;
    }
    for (uint32_t i = 0; i < part_.steps.size(); ++i) {
      if (auto wrong = take(i)) return wrong;
    }
    return find_conflict();
  }

 private:
  uint32_t value_written(uint32_t step) const {
    const PartCall& call = *part_.calls_of(part_.steps[step]);
    return call.word == Word::set ? call.a : 0;
  }

  std::optional<Conviction> take(uint32_t i) {
    const Step& step = part_.steps[i];
    const PartCall& call = *part_.calls_of(step);
    const bool reads = call.word == Word::get;
    Cluster& cluster = clusters_[reads ? call.result : call.a];
    if (reads && call.expect == Expect::text) {
      if (cluster.write == none) {
        return Conviction{fmt::format("client {} read '{}', which nobody has written", client(i),
                                      history_[step.operation].result.text),
                          {step.operation}};
      }
      if (step.returned < part_.steps[cluster.write].called) {
        return Conviction{fmt::format("client {} read '{}' before it was written", client(i),
                                      history_[step.operation].result.text),
                          {step.operation, part_.steps[cluster.write].operation}};
      }
    }
    if (step.returned < cluster.first_return)
      cluster.first_return = step.returned, cluster.returned = i;
    if (cluster.called == none || step.called > cluster.last_call)
      cluster.last_call = step.called, cluster.called = i;
    return {};
  }

  // Forward zones by their beginning; those before one are judged before it, so at its turn they
  // lie apart.
  std::optional<Conviction> find_conflict() {
    std::vector<const Cluster*> forward;
    for (const Cluster& cluster : clusters_) {
      if (cluster.forward()) forward.push_back(&cluster);
    }
    std::sort(forward.begin(), forward.end(),
              [](const Cluster* a, const Cluster* b) { return a->first_return < b->first_return; });
    for (size_t i = 1; i < forward.size(); ++i) {
      if (forward[i]->first_return < forward[i - 1]->last_call)
        return explain(*forward[i - 1], *forward[i]);
    }
    for (const Cluster& inner : clusters_) {
      if (inner.called == none || inner.forward() || inner.first_return == never) continue;
      // The last forward zone that begins before it.
      auto outer = std::partition_point(forward.begin(), forward.end(), [&](const Cluster* zone) {
        return zone->first_return < inner.last_call;
      });
      if (outer == forward.begin()) continue;
      --outer;
      if (inner.first_return < (*outer)->last_call) return explain(**outer, inner);
    }
    return {};
  }

  // `a` must come before `b` and `b` before `a`.
  Conviction explain(const Cluster& a, const Cluster& b) const {
    const uint32_t a_called = late(a, b), b_called = late(b, a);
    const uint32_t a_returned = early(a, b_called), b_returned = early(b, a_called);
    Conviction conviction;
    for (const uint32_t step : {a.write, b.write, a_called, b_called, a_returned, b_returned}) {
      if (step != none) conviction.operations.push_back(part_.steps[step].operation);
    }
    const std::string one = value(a), two = value(b);
    conviction.why =
        fmt::format("{} began after {} had ended", named(a_called, one), named(b_returned, two));
    if (a_returned != none) {
      conviction.why +=
          fmt::format(", and {} after {} had ended", named(b_called, two), named(a_returned, one));
    }
    conviction.why += fmt::format(": {} would have to be both older and newer than {}", one, two);
    return conviction;
  }
  // An operation of `one` that was called after one of `other` had returned: the write, if it was.
  uint32_t late(const Cluster& one, const Cluster& other) const {
    const bool write = one.write != none && part_.steps[one.write].called > other.first_return;
    return write ? one.write : one.called;
  }
  // One of `one` that had returned before `later` was called. None: the value was there at first.
  uint32_t early(const Cluster& one, uint32_t later) const {
    const bool write =
        one.write != none && part_.steps[one.write].returned < part_.steps[later].called;
    return write ? one.write : one.returned;
  }
  std::string value(const Cluster& cluster) const {
    if (cluster.write == none) return "nothing";
    return "'" + history_[part_.steps[cluster.write].operation].calls[0].args[0] + "'";
  }
  std::string named(uint32_t step, const std::string& of) const {
    return fmt::format("client {}'s {} of {}", client(step),
                       value_written(step) != 0 ? "write" : "read", of);
  }

  uint32_t client(uint32_t step) const { return history_[part_.steps[step].operation].client; }

  const History& history_;
  const Part& part_;
  std::vector<Cluster> clusters_;  // by value
};

}  // namespace

bool has_zones(const Part& part, const ValuePool& pool) {
  if (part.keys.size() != 1) return false;
  std::vector<bool> written(pool.values(), false);
  for (const Step& step : part.steps) {
    const PartCall& call = *part.calls_of(step);
    if (step.calls != 1 || (call.word != Word::get && call.word != Word::set)) return false;
    // Writes that nobody has read may have happened or not, and equal values for them do not
    // matter.
    if (call.word != Word::set || pool.is_ghost(call.a)) continue;
    if (written[call.a]) return false;
    written[call.a] = true;
  }
  return true;
}

std::optional<Conviction> judge_zones(const History& history, const Part& part,
                                      const ValuePool& pool) {
  return Zones(history, part, pool).run();
}

}  // namespace coterie::proof
