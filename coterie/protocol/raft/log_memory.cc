// See log_memory.h.
#include "coterie/protocol/raft/log_memory.h"

#include <utility>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"

namespace coterie::raft {

Term LogMemory::term_at(Index index) const {
  if (index == base_) return base_term_;
  const Entry* entry = at(index);
  return entry == nullptr ? Term() : entry->term;
}

const Entry* LogMemory::at(Index index) const {
  if (index <= base_ || index > last()) return nullptr;
  return &entries_[index.value - base_.value - 1];
}

void LogMemory::append(Entry entry) {
  COTERIE_ASSERT(entry.index == last().next());
  COTERIE_ASSERT(entry.term >= last_term());
  bytes_ += entry.bytes.size();
  entries_.push_back(std::move(entry));
}

void LogMemory::truncate(Index from) {
  COTERIE_ASSERT(from > base_);
  if (from > last()) return;
  ++truncations_;
  while (last() >= from) {
    bytes_ -= entries_.back().bytes.size();
    entries_.pop_back();
  }
}

void LogMemory::drop_before(Index from) {
  COTERIE_ASSERT(from <= last().next());
  while (first() < from) {
    base_ = base_.next();
    base_term_ = entries_.front().term;
    bytes_ -= entries_.front().bytes.size();
    entries_.pop_front();
  }
}

void LogMemory::reset(Index base, Term base_term) {
  ++truncations_;
  base_ = base;
  base_term_ = base_term;
  entries_.clear();
  bytes_ = 0;
}

void LogMemory::add_to(Digest& digest) const {
  digest.add(base_.value);
  digest.add(base_term_.value);
  digest.add(entries_.size());
  // The record's own CRC stands for its bytes.
  for (const Entry& entry : entries_) {
    digest.add(entry.term.value);
    digest.add(load_le<uint64_t>(entry.bytes.data()));
  }
}

}  // namespace coterie::raft
