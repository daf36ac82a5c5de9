// LogMemory holds the entries that a machine keeps in memory: all behind a base, of which only
// index and term are still known. Imagine a roll of paper: written at one end, torn off at the
// other.
//
// Properties: 1. indexes are contiguous from base + 1; 2. terms do not fall.
#pragma once

#include <cstdint>
#include <deque>

#include "coterie/base/digest.h"
#include "coterie/base/entry.h"

namespace coterie::raft {

class LogMemory {
 public:
  LogMemory() = default;
  LogMemory(Index base, Term base_term) : base_(base), base_term_(base_term) {}

  Index base() const { return base_; }
  Term base_term() const { return base_term_; }
  Index first() const { return base_.next(); }
  Index last() const { return base_ + entries_.size(); }
  Term last_term() const { return entries_.empty() ? base_term_ : entries_.back().term; }
  uint64_t bytes() const { return bytes_; }
  uint64_t truncations() const { return truncations_; }

  // The term at an index; 0 when it is not known: before the base, or behind the end.
  Term term_at(Index index) const;
  // nullptr when it is not kept. Valid until the next change.
  const Entry* at(Index index) const;

  // REQUIRES: entry.index == last() + 1, entry.term >= last_term()
  void append(Entry entry);
  // Drops all from `from` on. REQUIRES: base() < from
  void truncate(Index from);
  // Drops all below `from`. REQUIRES: from <= last() + 1
  void drop_before(Index from);
  // Drops everything; the log goes on behind (base, term).
  void reset(Index base, Term base_term);

  void add_to(Digest& digest) const;

 private:
  Index base_;
  Term base_term_;
  std::deque<Entry> entries_;
  uint64_t bytes_ = 0;
  uint64_t truncations_ = 0;
};

}  // namespace coterie::raft
