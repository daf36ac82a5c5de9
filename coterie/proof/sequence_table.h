// Sequences of numbers, each kept once and named by a small number: two are equal when their names
// are. States of sets, lists and hashes, and the multisets of unknown operations that a search has
// used, are kept so.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>

namespace coterie::proof {

class SequenceTable {
 public:
  using Sequence = std::span<const uint32_t>;

  SequenceTable() : names_(0, Hash{this}, Equal{this}) { intern({}); }
  SequenceTable(const SequenceTable&) = delete;
  SequenceTable& operator=(const SequenceTable&) = delete;

  // The empty sequence is 0; others follow in the order in which they come.
  uint32_t intern(Sequence sequence) {
    if (const auto found = names_.find(sequence); found != names_.end()) return *found;
    const auto name = static_cast<uint32_t>(ends_.size());
    numbers_.insert(numbers_.end(), sequence.begin(), sequence.end());
    ends_.push_back(numbers_.size());
    names_.insert(name);
    return name;
  }
  // Valid until the next intern().
  Sequence operator[](uint32_t name) const {
    const size_t first = name == 0 ? 0 : ends_[name - 1];
    return {numbers_.data() + first, ends_[name] - first};
  }
  size_t size() const { return ends_.size(); }
  uint64_t bytes() const {
    return numbers_.capacity() * sizeof(uint32_t) + ends_.capacity() * sizeof(uint64_t) +
           names_.bucket_count() * (sizeof(uint32_t) + 1);
  }

 private:
  struct Hash {
    using is_transparent = void;
    const SequenceTable* table;
    size_t operator()(uint32_t name) const { return operator()((*table)[name]); }
    size_t operator()(Sequence sequence) const {
      uint64_t hash = 0x9e3779b97f4a7c15U ^ sequence.size();
      for (const uint32_t number : sequence) {
        hash = (hash ^ number) * 0xff51afd7ed558ccdU;
        hash ^= hash >> 32;
      }
      return hash;
    }
  };
  struct Equal {
    using is_transparent = void;
    const SequenceTable* table;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(uint32_t a, Sequence b) const { return same((*table)[a], b); }
    bool operator()(Sequence a, uint32_t b) const { return same(a, (*table)[b]); }
    static bool same(Sequence a, Sequence b) {
      return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
    }
  };

  std::vector<uint32_t> numbers_;
  std::vector<uint64_t> ends_;
  boost::unordered_flat_set<uint32_t, Hash, Equal> names_;
};

}  // namespace coterie::proof
