// Keeps the `state` file (state_format.h): writes what is wanted to one slot, then to the other,
// and counts it when both are durable. What is wanted meanwhile is written next, in one round for
// all who wait. The file was made with its full size, so a full disk does not matter. The first
// state of a life goes to a new file, if there is room for one.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "coterie/base/ids.h"
#include "coterie/store/log/state_format.h"
#include "coterie/world/world.h"

namespace coterie::store {

class StateFile {
 public:
  // `refresh` is asked, when a round begins, to bring the record up to date. `on_failure`: the
  // state is not durable and nothing is called any more.
  StateFile(world::Disk& disk, std::function<void(StateRecord&)> refresh,
            std::function<void(Error)> on_failure);
  ~StateFile();

  // The file of this replica holds `record`; the next one is written to `spare_slot` first.
  // REQUIRES: idle
  void adopt(const ReplicaId& replica, const StateRecord& record, unsigned spare_slot);

  StateRecord& wanted();  // change it, then put()
  // Calls `done` when what is wanted now is durable.
  void put(std::function<void()> done);
  // The same, into a new file that takes the place of the old one when it is durable: what was only
  // read back of that is not relied on, not even while its other slot is being written. If there is
  // no room for a new file the old one is used after all. REQUIRES: idle
  void put_anew(std::function<void()> done);
  const StateRecord& durable() const;  // of the last round
  // A write found no space, which a preallocated file should never see; retry() tries again.
  bool no_space() const;
  void retry();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace coterie::store
