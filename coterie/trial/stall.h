// Why does nothing move? When a trial is not live, this looks into the nodes and says which of them
// holds the others up, and by what; then where each stands.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "coterie/base/ids.h"
#include "coterie/node/node.h"
#include "coterie/world/sim/simulation.h"

namespace coterie::trial {

// The node that serves there, null when it is down or has not begun.
const node::Node* node_of(sim::Simulation& simulation, NodeId node);
// Its Raft machine, null when it has none.
const raft::Raft* raft_of(sim::Simulation& simulation, NodeId node);

// Of these nodes, in a cluster that should have so many voters:
// "node 2 leads term 7 and cannot commit: node 3 does not answer its appends (has 12, next 13)".
std::string diagnose(sim::Simulation& simulation, const std::vector<NodeId>& nodes, size_t voters);
// One clause a node.
std::string standing(sim::Simulation& simulation, const std::vector<NodeId>& nodes);

}  // namespace coterie::trial
