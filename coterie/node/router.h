// The Router says which group keeps a key: the hash slots are the unit that shards will move. One
// group has them all today.
#pragma once

#include <cstdint>

#include "coterie/base/ids.h"

namespace coterie::node {

inline constexpr GroupId only_group{1};

inline GroupId group_of_slot(uint16_t /*slot*/) { return only_group; }

}  // namespace coterie::node
