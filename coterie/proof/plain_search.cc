// See plain_search.h.
#include "coterie/proof/plain_search.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include <fmt/format.h>

namespace coterie::proof {

namespace {

// What the key holds after the operation; nothing when its result cannot be.
std::optional<std::string> after(const Operation& operation, const std::string& held) {
  const bool check = operation.outcome == Outcome::ok;
  if (operation.calls[0].name == "set") return operation.calls[0].args[0];
  if (operation.calls[0].name == "get") {
    if (check && operation.result.text != held) return {};
    return held;
  }
  if (operation.calls[0].name == "del") {
    if (check && (operation.result.text == "1") != !held.empty()) return {};
    return std::string();
  }
  int64_t number = 0;
  std::from_chars(held.data(), held.data() + held.size(), number);
  const std::string counted = std::to_string(number + 1);
  if (check && operation.result.text != counted) return {};
  return counted;
}

// The search for one key. `done` is a prefix of the operations in order of their calls, and some
// beyond it.
class Search {
 public:
  Search(std::vector<const Operation*> operations, const SearchBounds& bounds)
      : operations_(std::move(operations)), done_(operations_.size(), false), bounds_(bounds) {
    for (const Operation* operation : operations_) {
      returns_.push_back(operation->outcome == Outcome::ok ? operation->returned_ns : INT64_MAX);
      must_ += operation->outcome == Outcome::ok ? 1 : 0;
    }
  }

  Verdict run() {
    return extend(0, "")                 ? Verdict::holds
           : steps_ >= bounds_.steps_max ? Verdict::bound_met
                                         : Verdict::violated;
  }
  const Operation* stuck_at() const { return stuck_; }

 private:
  bool extend(size_t first, const std::string& held) {
    while (first < done_.size() && done_[first]) ++first;
    if (must_done_ == must_) return true;
    if (++steps_ >= bounds_.steps_max) return false;
    if (!seen_.insert({done_, held}).second) return false;
    // Whatever is next was called before the first return of what is not done.
    int64_t deadline = INT64_MAX;
    for (size_t i = first; i < operations_.size() && operations_[i]->called_ns <= deadline; ++i) {
      if (!done_[i]) deadline = std::min(deadline, returns_[i]);
    }
    for (size_t i = first; i < operations_.size() && operations_[i]->called_ns <= deadline; ++i) {
      if (done_[i]) continue;
      auto next = after(*operations_[i], held);
      if (!next) {
        if (must_done_ >= deepest_) stuck_ = operations_[i];
        continue;
      }
      const size_t counts = operations_[i]->outcome == Outcome::ok ? 1 : 0;
      done_[i] = true;
      must_done_ += counts;
      deepest_ = std::max(deepest_, must_done_);
      if (extend(first, *next)) return true;
      must_done_ -= counts;
      done_[i] = false;
    }
    return false;
  }

  std::vector<const Operation*> operations_;
  std::vector<int64_t> returns_;
  std::vector<bool> done_;
  std::set<std::pair<std::vector<bool>, std::string>> seen_;
  SearchBounds bounds_;
  size_t steps_ = 0;
  size_t must_ = 0;
  size_t must_done_ = 0;
  size_t deepest_ = 0;
  const Operation* stuck_ = nullptr;
};

Ruling make_ruling(Verdict verdict, std::string why) {
  Ruling ruling;
  ruling.verdict = verdict;
  ruling.why = std::move(why);
  return ruling;
}

}  // namespace

Ruling linearizable_strings(const History& history, const SearchBounds& bounds) {
  std::map<std::string, std::vector<const Operation*>> by_key;
  for (const Operation& operation : history) {
    if (operation.outcome != Outcome::failed) by_key[operation.calls[0].key].push_back(&operation);
  }
  for (auto& [key, operations] : by_key) {
    if (operations.size() > bounds.operations_max) {
      return make_ruling(Verdict::bound_met, fmt::format("key {}: more than {} operations", key,
                                                         bounds.operations_max));
    }
    std::stable_sort(
        operations.begin(), operations.end(),
        [](const Operation* a, const Operation* b) { return a->called_ns < b->called_ns; });
    Search search(operations, bounds);
    const Verdict verdict = search.run();
    if (verdict == Verdict::bound_met)
      return make_ruling(verdict, fmt::format("key {}: more than {} steps", key, bounds.steps_max));
    if (verdict == Verdict::violated) {
      return make_ruling(
          verdict, fmt::format("key {}: no order explains {}", key,
                               search.stuck_at() == nullptr ? "it" : describe(*search.stuck_at())));
    }
  }
  return {};
}

}  // namespace coterie::proof
