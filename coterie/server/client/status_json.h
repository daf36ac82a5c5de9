// A node's view of itself and of its cluster as JSON: what COTERIE STATUS answers and `coterie
// status` reads.
#pragma once

#include <string>

#include "coterie/node/gateway.h"

namespace coterie::server {

// One object on one line: id, pid, alive, role, leader (null: none known), term, commit, applied,
// last, resp, http, keys and more. Fields are only ever added.
std::string status_json(const node::NodeStatus& status);

}  // namespace coterie::server
