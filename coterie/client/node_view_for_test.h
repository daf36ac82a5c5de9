// A node as tests want it seen.
#pragma once

#include <cstdint>
#include <optional>

#include "coterie/client/node_view.h"

namespace coterie::client {

inline NodeView node_for_test(uint64_t id, std::optional<uint64_t> leader, bool alive = true) {
  NodeView view;
  view.id = id;
  view.alive = alive;
  view.ready = alive;
  view.leader = leader;
  view.role = leader == id ? "leader" : "follower";
  return view;
}

}  // namespace coterie::client
