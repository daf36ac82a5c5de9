// What a sweep keeps at a moment of a history (search.h): configurations, of which none can do all
// that another can.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "coterie/proof/machine.h"
#include "coterie/proof/sequence_table.h"

namespace coterie::proof {

template <size_t words>
class Mask {
 public:
  bool test(uint32_t slot) const { return (bits_[slot / 64] >> (slot % 64) & 1) != 0; }
  void set(uint32_t slot) { bits_[slot / 64] |= uint64_t{1} << (slot % 64); }
  void clear(uint32_t slot) { bits_[slot / 64] &= ~(uint64_t{1} << (slot % 64)); }
  Mask without(const Mask& other) const {
    Mask rest;
    for (size_t i = 0; i < words; ++i) rest.bits_[i] = bits_[i] & ~other.bits_[i];
    return rest;
  }
  bool contains(const Mask& other) const {
    uint64_t missing = 0;
    for (size_t i = 0; i < words; ++i) missing |= other.bits_[i] & ~bits_[i];
    return missing == 0;
  }
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
  Machine::State state = 0;
  uint32_t used = 0;          // which unknown operations: a name of Unknowns
  uint32_t counted = 0;       // those of them whose number matters: a name of Unknowns
  uint32_t uses = 0;          // how many there are in `used`
  uint32_t overdrawn = none;  // a kind of unknown operation used more often than there was
};

// Multisets of unknown operations, each kept once: pairs (kind, count), by kind.
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

// Few are looked through one by one; many are found by hash.
template <size_t words>
class ConfigurationSet {
 public:
  using Config = Configuration<words>;

  // `pure`: the slots of open operations that change nothing; read at every add().
  ConfigurationSet(const Unknowns& unknowns, const Mask<words>& pure)
      : unknowns_(unknowns), pure_(pure) {}

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

  // `a` can do all that `b` can: whatever `b` goes on to place is not placed in `a` either, except
  // what changes nothing and need not be placed again; the unknown operations that `b` has left, so
  // far as they are counted, are left to `a`. One that was overdrawn is no order of the history and
  // never stands for one that is.
  bool covers(const Config& a, const Config& b) const {
    return a.state == b.state && a.placed.contains(b.placed) &&
           a.placed.without(pure_) == b.placed.without(pure_) &&
           (a.overdrawn == none || b.overdrawn != none) && unknowns_.within(a.counted, b.counted);
  }
  uint64_t hash(const Config& config) const {
    return (config.placed.without(pure_).hash() ^ config.state) * 0xc4ceb9fe1a85ec53U;
  }
  void link(uint32_t i) {
    if (next_.size() <= i) next_.resize(i + 1, none);
    const auto [place, added] = chains_.try_emplace(hash(all_[i]), i);
    if (added) return;
    next_[i] = place->second;
    place->second = i;
  }

  const Unknowns& unknowns_;
  const Mask<words>& pure_;
  std::vector<Config> all_;
  std::vector<uint32_t> next_;
  boost::unordered_flat_map<uint64_t, uint32_t> chains_;
};

}  // namespace coterie::proof
