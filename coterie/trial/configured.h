// What a plan's knobs mean: the options of the simulated world, of each node, of its connections,
// and of the judges.
#pragma once

#include "coterie/node/node.h"
#include "coterie/proof/judge.h"
#include "coterie/server/client/settings.h"
#include "coterie/trial/plan.h"
#include "coterie/world/sim/options.h"

namespace coterie::trial {

sim::SimOptions simulation_options(const Plan& plan);
node::NodeOptions node_options(const Plan& plan, NodeId node);
server::ConnectionLimits connection_limits(const Plan& plan);
proof::Bounds judge_bounds(const Plan& plan);

}  // namespace coterie::trial
