// Operations of the disk, one after the other: each is submitted when the one before has completed.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "coterie/base/result.h"
#include "coterie/world/world.h"

namespace coterie::store {

using Step = std::function<void(world::Disk::Done)>;

// Runs the steps in order and calls `done` with the first error, or success after the last.
// Nothing more is submitted or called once `owner` is gone. REQUIRES: one step at least.
void run_steps(std::weak_ptr<void> owner, std::vector<Step> steps, world::Disk::Done done);

}  // namespace coterie::store
