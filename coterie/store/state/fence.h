// FENCE resource token COMMAND: the highest token that a resource has seen; commands with a lower
// one are refused. A lock holder that was stopped past its time and wakes up again is thereby kept
// out (Kleppmann 2016, "How to do distributed locking").
//
// Nothing is ever forgotten, for that would let an old holder in: a full table refuses new
// resources.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "coterie/base/digest.h"
#include "coterie/store/state/bytes.h"
#include "coterie/store/state/cow_tree.h"

namespace coterie::state {

struct Fence {
  Bytes resource;
  uint64_t token = 0;
};
struct FenceTraits {
  using Element = Fence;
  static constexpr bool ordered = true;
  static constexpr unsigned leaf_max = 64;
  using Probe = std::string_view;
  static Probe probe(const Fence& fence) { return fence.resource.view(); }
  static uint64_t place(Probe resource) { return hash_of(resource); }
  static uint64_t digest(const Fence& fence) { return hash_of(fence.resource.view(), fence.token); }
};

class FenceTable {
 public:
  std::optional<uint64_t> highest(std::string_view resource) const;  // none: the resource is new
  bool full() const;
  // REQUIRES: the token is not below the highest; the table is not full or the resource not new.
  void raise(std::string_view resource, uint64_t token);
  uint64_t size() const { return fences_.size(); }
  void add_to(Digest& digest) const { digest.add(fences_.digest()); }

  // For a snapshot.
  template <class Visit>
  void visit(uint64_t first,
             Visit&& visit) const {  // visit(const Fence&) in hash order, until it returns false
    fences_.visit(first, visit);
  }

 private:
  CowTree<FenceTraits> fences_;
};

}  // namespace coterie::state
