// The steps of the story that `coterie demo` tells: message passing, broadcast, replication,
// failure, recovery, consistency. Each does something to the cluster and checks what it sees.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/demo_cluster.h"

namespace coterie::cli {

// What the steps tell each other.
struct DemoMemory {
  uint64_t killed_node = 0;
  process::ProcessId killed_process;
  Instant killed_at;
  int64_t acknowledged = 0;  // increments of the counter
};

struct DemoStep {
  const char* title;
  const char* story;
  // What was seen, a line each; or what should not have been.
  Result<std::vector<std::string>> (*run)(const DemoCluster& cluster, DemoMemory& memory);
};

std::span<const DemoStep> demo_steps();

}  // namespace coterie::cli
