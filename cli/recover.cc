// coterie recover: what one survivor of a lost majority holds, and how to go on with it.
#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "cli/exit_codes.h"
#include "cli/subcommands.h"
#include "coterie/node/recovery.h"
#include "coterie/world/net/net_world.h"

namespace coterie::cli {

namespace {

int refuse(const Error& error) {
  fmt::print(stderr, "coterie recover: {}\n", error.message);
  return error.fault == Fault::refused     ? exit_unavailable
         : error.fault == Fault::not_found ? exit_no_input
                                           : exit_software;
}

void print(const node::SurvivorReport& report) {
  fmt::print("node {} of cluster {} (members: {})\n", report.node, report.cluster.text(),
             report.members);
  fmt::print("its log ends at index {} of term {}; newest snapshot at {}\n", report.last,
             report.last_term, report.snapshot);
  if (report.damaged) fmt::print("its log is damaged: it holds less than it once acknowledged\n");
  if (report.lost_term)
    fmt::print("its term and vote are lost: it may have voted in a term that it does not know\n");
}

}  // namespace

int recover(Arguments arguments) {
  std::string data;
  bool accept = false;
  Flags flags("coterie recover",
              "When a majority of a cluster's disks is lost: says what a survivor holds; with "
              "--accept-loss makes it "
              "the cluster.");
  flags.text("--data", "FOLDER", data, "the data directory of a node that is stopped");
  flags.on("--accept-loss", accept,
           "go on with this replica alone: what only the lost disks held is gone");
  flags.epilogue(
      "Without --accept-loss nothing is changed. Take the survivor whose log goes furthest (the "
      "highest term of "
      "its last entry, then the highest index), and keep a copy of all directories.");
  if (const auto code = flags.parse(arguments)) return *code;
  if (data.empty()) {
    fmt::print(stderr, "coterie recover: --data says which directory\n");
    return exit_usage;
  }
  world::NetOptions options;
  options.self = NodeId(1);
  options.data_dir = data;
  options.log.level = world::LogLevel::error;
  auto opened = world::NetWorld::open(options);
  if (!opened) return refuse(opened.error());
  world::NetWorld& world = **opened;
  node::Survivor survivor(world);
  const auto report = survivor.look();
  if (!report) return refuse(report.error());
  print(*report);
  if (!accept) {
    fmt::print(
        "nothing was changed; with --accept-loss this replica alone becomes a new cluster\n");
    return exit_done;
  }
  std::string failure;
  survivor.go_on_alone([&](Result<void> done) {
    if (!done) failure = done.error().message;
    world.finish(done ? exit_done : exit_software);
  });
  const world::End end = world.run(survivor);
  if (end.exit_code != exit_done) {
    fmt::print(stderr, "coterie recover: {}\n", failure.empty() ? end.reason : failure);
    return exit_software;
  }
  fmt::print("accepted: this replica is now cluster {}, alone\n", survivor.new_cluster().text());
  fmt::print("start node {} with the same --cluster, then the others with empty data directories\n",
             report->node);
  return exit_done;
}

}  // namespace coterie::cli
