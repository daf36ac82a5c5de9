// See membership_log.h.
#include "coterie/protocol/raft/membership_log.h"

#include <utility>

#include "coterie/base/assert.h"

namespace coterie::raft {

const Membership& MembershipLog::at(Index index) const {
  COTERIE_ASSERT(changes_.front().since <= index);
  size_t i = changes_.size() - 1;
  while (changes_[i].since > index) --i;
  return changes_[i].membership;
}

void MembershipLog::append(Index since, Membership membership) {
  COTERIE_ASSERT(since > changes_.back().since);
  changes_.push_back({since, std::move(membership)});
}

void MembershipLog::truncate(Index from) {
  while (changes_.back().since >= from) {
    COTERIE_ASSERT(changes_.size() > 1);
    changes_.pop_back();
  }
}

void MembershipLog::drop_before(Index index) {
  size_t keep = 0;
  while (keep + 1 < changes_.size() && changes_[keep + 1].since <= index) ++keep;
  changes_.erase(changes_.begin(), changes_.begin() + static_cast<std::ptrdiff_t>(keep));
}

void MembershipLog::reset(Index since, Membership membership) {
  changes_.clear();
  changes_.push_back({since, std::move(membership)});
}

void MembershipLog::add_to(Digest& digest) const {
  for (const Change& change : changes_) {
    digest.add(change.since.value);
    for (const Member& member : change.membership.members) {
      digest.add(member.node.value);
      digest.add(member.replica.high);
      digest.add(member.replica.low);
      digest.add(member.voter ? 1 : 0);
    }
  }
}

}  // namespace coterie::raft
