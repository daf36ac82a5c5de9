// Keeps the `state` file (state_format.h): writes what is wanted to one slot, then to the other,
// and counts it when both are durable. What is wanted meanwhile is written next, in one round for
// all who wait. The file was made with its full size, so a full disk does not matter.
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
  const StateRecord& durable() const;  // of the last round
  // A write found no space, which a preallocated file should never see; retry() tries again.
  bool no_space() const;
  void retry();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace coterie::store
