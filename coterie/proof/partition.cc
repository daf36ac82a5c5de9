// See partition.h.
#include "coterie/proof/partition.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include "coterie/proof/words.h"

namespace coterie::proof {

namespace {

constexpr uint32_t none = UINT32_MAX;

// Asks or changes one member or field alone, given as the first argument.
bool is_of_one_member(Word word) {
  switch (word) {
    case Word::sadd:
    case Word::srem:
    case Word::sismember:
    case Word::hset:
    case Word::hget:
    case Word::hdel:
    case Word::hexists:
      return true;
    default:
      return false;
  }
}

class Partitioner {
 public:
  explicit Partitioner(const History& history) : history_(history) {}

  std::vector<Group> run() {
    key_of_.assign(history_.size(), none);
    for (uint32_t i = 0; i < history_.size(); ++i) {
      if (history_[i].outcome != Outcome::failed && !history_[i].calls.empty()) take(i);
    }
    std::vector<Group> groups;
    std::vector<uint32_t> group_of(parent_.size(), none);
    boost::unordered_flat_map<std::pair<uint32_t, std::string_view>, uint32_t> members;
    for (uint32_t i = 0; i < history_.size(); ++i) {
      if (key_of_[i] == none) continue;
      const uint32_t root = root_of(key_of_[i]);
      uint32_t* group = &group_of[root];
      if (!whole_[root])
        group = &members.try_emplace({root, history_[i].calls[0].args[0]}, none).first->second;
      if (*group == none) {
        *group = static_cast<uint32_t>(groups.size());
        groups.push_back({{}, channel_[root]});
      }
      groups[*group].operations.push_back(i);
    }
    return groups;
  }

 private:
  void take(uint32_t index) {
    const Operation& operation = history_[index];
    uint32_t first = none;
    for (const Call& call : operation.calls) {
      const auto [place, added] =
          keys_.try_emplace(call.key, static_cast<uint32_t>(parent_.size()));
      if (added) {
        parent_.push_back(place->second);
        whole_.push_back(false);
        channel_.push_back(false);
      }
      const uint32_t root = root_of(place->second);
      if (first == none) {
        key_of_[index] = first = root;
      } else {
        join(first, root);
      }
    }
    const uint32_t root = root_of(first);
    if (whole_[root]) return;
    const WordInfo& info = *word_of(operation.calls[0].name);
    channel_[root] = info.kind == Kind::channel;
    whole_[root] = operation.calls.size() > 1 || !is_of_one_member(info.word);
  }
  void join(uint32_t a, uint32_t b) {
    a = root_of(a), b = root_of(b);
    if (a == b) return;
    parent_[b] = a;
    whole_[a] = true;
  }
  uint32_t root_of(uint32_t key) {
    while (parent_[key] != key) key = parent_[key] = parent_[parent_[key]];
    return key;
  }

  const History& history_;
  boost::unordered_flat_map<std::string_view, uint32_t> keys_;
  std::vector<uint32_t> parent_;
  std::vector<bool> whole_;
  std::vector<bool> channel_;
  std::vector<uint32_t> key_of_;  // by operation
};

}  // namespace

std::vector<Group> partition(const History& history) { return Partitioner(history).run(); }

}  // namespace coterie::proof
