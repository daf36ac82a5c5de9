// Who syncs: the loop itself or the helper thread? A sync in the loop saves two wake-ups of 25-60
// us and lets the next batch form meanwhile; but while it lasts the node hears and says nothing. So
// the loop does it as long as syncs are fast; after a slow one the helper does, for some time, and
// longer when slow ones keep coming back.
#pragma once

#include <algorithm>

#include "coterie/base/time.h"

namespace coterie::world {

class SyncPace {
 public:
  // REQUIRES: 0 < helper_least <= helper_most
  SyncPace(Duration slow, Duration helper_least, Duration helper_most)
      : slow_(slow), helper_least_(helper_least), helper_most_(helper_most), hold_(helper_least) {}

  bool use_helper(Instant now) const { return now < helper_until_; }

  // A sync that ended at `now` took so long.
  void record(Duration took, Instant now) {
    if (took < slow_) return;
    const bool again = now < helper_until_ + hold_ * 2;
    if (now >= helper_until_) hold_ = again ? std::min(hold_ * 2, helper_most_) : helper_least_;
    helper_until_ = now + hold_;
  }

 private:
  Duration slow_;
  Duration helper_least_;
  Duration helper_most_;
  Duration hold_;  // how long the helper has the work after a slow sync
  Instant helper_until_{INT64_MIN / 2};
};

}  // namespace coterie::world
