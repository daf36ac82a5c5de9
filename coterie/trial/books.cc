// The verdict on what clients saw. See workload.h.
#include <algorithm>

#include <fmt/format.h>

#include "coterie/proof/plain_search.h"
#include "coterie/trial/workload.h"

namespace coterie::trial {

void Books::pushed(const std::string& item, bool certain) { pushed_[item] = certain; }

void Books::popped(const std::string& item) {
  if (++popped_[item] > 1 && broken_.empty())
    broken_ = fmt::format("queue: {} was popped twice", item);
}

void Books::once_answered(const std::string& counter, int64_t count) {
  int64_t& highest = once_answered_[counter];
  highest = std::max(highest, count);
}

void Books::fenced(int64_t token, bool accepted, int64_t called_ns, int64_t returned_ns) {
  if (!accepted) return;
  for (const Fenced& earlier : accepted_) {
    if (earlier.returned_ns < called_ns && earlier.token > token && broken_.empty()) {
      broken_ = fmt::format("lock: token {} was accepted after token {}", token, earlier.token);
    }
  }
  accepted_.push_back({token, called_ns, returned_ns});
}

Result<void> Books::queue_verdict(const std::vector<std::string>& left) const {
  std::set<std::string> remaining(left.begin(), left.end());
  if (remaining.size() != left.size()) return fail(Fault::corrupt, "queue: an item is in it twice");
  for (const auto& [item, times] : popped_) {
    if (!pushed_.contains(item))
      return fail(Fault::corrupt, "queue: " + item + " was popped and never pushed");
    if (remaining.contains(item))
      return fail(Fault::corrupt, "queue: " + item + " was popped and is still there");
  }
  uint64_t missing = 0;
  std::string example;
  for (const auto& [item, certain] : pushed_) {
    if (!certain || popped_.contains(item) || remaining.contains(item)) continue;
    ++missing;
    example = item;
  }
  // A pop whose reply never reached its client may have taken one item.
  if (missing > pops_unknown_) {
    return fail(
        Fault::corrupt,
        fmt::format(
            "queue: {} acknowledged items are gone ({} among them), {} pops have no known outcome",
            missing, example, pops_unknown_));
  }
  return {};
}

Result<void> Books::verdict(const std::vector<std::string>& left_in_queue,
                            const std::map<std::string, int64_t>& counters) const {
  if (!broken_.empty()) return fail(Fault::corrupt, broken_);
  COTERIE_CHECK(queue_verdict(left_in_queue));
  for (const auto& [counter, asked] : once_asked_) {
    const auto found = counters.find(counter);
    const int64_t count = found == counters.end() ? 0 : found->second;
    const auto answered = once_answered_.find(counter);
    const int64_t highest = answered == once_answered_.end() ? 0 : answered->second;
    // The last one asked may have no answer yet; all before it were repeated until they had one.
    if (count > static_cast<int64_t>(asked) || count < highest ||
        count + 1 < static_cast<int64_t>(asked)) {
      return fail(Fault::corrupt,
                  fmt::format("once: {} was asked {} times, answered up to {}, and holds {}",
                              counter, asked, highest, count));
    }
  }
  const proof::Ruling ruling = proof::linearizable_strings(strings);
  if (ruling.verdict == proof::Verdict::violated)
    return fail(Fault::corrupt, "strings: " + ruling.why);
  if (ruling.verdict == proof::Verdict::bound_met)
    return fail(Fault::timed_out, "strings: " + ruling.why);
  return {};
}

}  // namespace coterie::trial
