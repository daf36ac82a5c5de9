// MembershipLog remembers which entries changed the membership, so that the latest one in the log
// is in force, committed or not, and a truncated one is taken back (Ongaro's dissertation 2014,
// section 4.1).
#pragma once

#include <vector>

#include "coterie/base/digest.h"
#include "coterie/protocol/raft/message.h"

namespace coterie::raft {

class MembershipLog {
 public:
  // `since`: of the entry that brought it, or of the snapshot that says so; 0: the founding one.
  MembershipLog(Index since, Membership membership) { reset(since, std::move(membership)); }

  const Membership& latest() const { return changes_.back().membership; }
  Index latest_index() const { return changes_.back().since; }
  // REQUIRES: index is not below what drop_before() or reset() left.
  const Membership& at(Index index) const;

  void append(Index since, Membership membership);
  void truncate(Index from);
  // What was in force before `index` is no longer asked for.
  void drop_before(Index index);
  void reset(Index since, Membership membership);

  void add_to(Digest& digest) const;

 private:
  struct Change {
    Index since;
    Membership membership;
  };
  std::vector<Change> changes_;  // never empty
};

}  // namespace coterie::raft
