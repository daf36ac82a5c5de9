// The table of subcommands. See subcommands.h.
#include <cstdio>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "cli/exit_codes.h"
#include "cli/subcommands.h"
#include "cli/version.h"

namespace coterie::cli {

namespace {

struct Subcommand {
  std::string_view name;
  int (*run)(Arguments);
  std::string_view summary;
};

constexpr Subcommand subcommands[] = {
    {"up", up, "start a cluster of real processes on this machine; Ctrl-C stops it"},
    {"down", down, "stop the cluster that `up --detach` has started"},
    {"status", status, "ask every node for its own view of the cluster"},
    {"logs", logs, "print what the nodes of `up` have logged"},
    {"kill", kill_node, "send a signal to a node of `up`: see what happens"},
    {"demo", demo, "tell the story of a cluster that loses its leader, each step checked"},
    {"sim", sim, "put whole clusters on trial in the simulator, or replay one seed"},
    {"torture", torture_processes,
     "kill, stop and cut off real processes while clients work, and judge what these saw"},
    {"check", check, "judge a recorded history: a verdict, with the reason"},
    {"recover", recover,
     "when a majority of the disks is lost: what one survivor holds, and how to go on with it"},
    {"serve", serve, "run one node: alone, or as a member of a cluster"},
};

std::string help() {
  std::string text =
      "Coterie: a Redis-compatible server that keeps what it has acknowledged.\n\n"
      "Usage: coterie SUBCOMMAND [FLAGS]\n\nSubcommands:\n";
  for (const Subcommand& one : subcommands)
    text += fmt::format("  {:<8}  {}\n", one.name, one.summary);
  return text +
         "\ncoterie SUBCOMMAND --help tells more; coterie --version tells the version and those of "
         "its formats.\n";
}

}  // namespace

int dispatch(Arguments arguments) {
  const std::string first = arguments.empty() ? "" : arguments[0];
  if (first == "--help" || first == "-h" || first == "help") {
    std::fputs(help().c_str(), stdout);
    return exit_done;
  }
  if (first == "--version") {
    std::fputs(version_text().c_str(), stdout);
    return exit_done;
  }
  for (const Subcommand& one : subcommands) {
    if (one.name == first) return one.run(arguments.subspan(1));
  }
  if (first.empty()) {
    std::fputs(help().c_str(), stderr);
  } else {
    fmt::print(stderr, "coterie: there is no subcommand '{}' (see coterie --help)\n", first);
  }
  return exit_usage;
}

}  // namespace coterie::cli
