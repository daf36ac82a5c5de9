// A view of a cluster, for programs and for people.
#pragma once

#include <string>

#include "coterie/client/node_view.h"

namespace coterie::cli {

std::string view_json(const client::ClusterView& view);
std::string view_table(const client::ClusterView& view, bool colour);

}  // namespace coterie::cli
