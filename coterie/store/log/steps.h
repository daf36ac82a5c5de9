// Operations of the disk, one after the other: each is submitted when the one before has completed.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "coterie/base/payload.h"
#include "coterie/base/result.h"
#include "coterie/world/world.h"

namespace coterie::store {

using Step = std::function<void(world::Disk::Done)>;

// Runs the steps in order and calls `done` with the first error, or success after the last.
// Nothing more is submitted or called once `owner` is gone. REQUIRES: one step at least.
void run_steps(std::weak_ptr<void> owner, std::vector<Step> steps, world::Disk::Done done);

// Removes the file if it is there.
Step removal(world::Disk& disk, std::string_view name);
// Makes a new file with these parts, one behind the other, at its front durable.
void add_new_file(world::Disk& disk, std::vector<Step>& steps, std::string_view name,
                  uint64_t size_bytes, std::vector<Payload> parts);
Step renaming(world::Disk& disk, std::string_view from, std::string_view to);

}  // namespace coterie::store
