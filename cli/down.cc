// coterie down: stops what `coterie up` has started.
#include <csignal>
#include <cstdio>

#include <fmt/format.h>

#include "cli/cluster_folder.h"
#include "cli/exit_codes.h"
#include "cli/subcommands.h"

namespace coterie::cli {

namespace {

constexpr Duration patience_with_supervisor = seconds(30);  // it gives its nodes 10 s
constexpr Duration patience_with_node = seconds(10);

// Nodes whose supervisor has died: it was detached, so they went on.
void stop_orphan(const NodeRecord& node) {
  if (!process::send_signal(node.process, SIGTERM)) return;
  process::send_signal(node.process, SIGCONT);
  if (!process::wait_for_end(node.process, patience_with_node))
    process::send_signal(node.process, SIGKILL);
}

}  // namespace

int down(Arguments arguments) {
  std::string data = "./coterie-data";
  Flags flags("coterie down", "Stops the cluster of a folder; its data stay.");
  flags.text("--data", "FOLDER", data, "the folder given to `coterie up`");
  if (const auto code = flags.parse(arguments)) return *code;
  const ClusterFolder folder(data);
  const Result<ClusterRecord> record = folder.read();
  if (!record) {
    fmt::print(stderr, "coterie down: {}\n", record.error().message);
    return exit_no_input;
  }
  bool found = process::send_signal(record->supervisor, SIGTERM);
  if (found && !process::wait_for_end(record->supervisor, patience_with_supervisor)) {
    fmt::print(stderr, "coterie down: the supervisor (pid {}) does not stop: killing it\n",
               record->supervisor.pid);
    process::send_signal(record->supervisor, SIGKILL);
  }
  // What the supervisor has started last is in the record it left.
  const Result<ClusterRecord> left = folder.read();
  for (const NodeRecord& node : left ? left->nodes : record->nodes) {
    found |= process::is_alive(node.process);
    stop_orphan(node);
  }
  fmt::print("{}\n", found ? "stopped" : "nothing was running");
  return exit_done;
}

}  // namespace coterie::cli
