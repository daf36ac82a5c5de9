// coterie demo: the story of a cluster, told on real processes, each step checked.
#include <cstdio>

#include <fmt/format.h>

#include "cli/demo_steps.h"
#include "cli/exit_codes.h"
#include "cli/subcommands.h"
#include "cli/terminal.h"

namespace coterie::cli {

namespace {

void say(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

int demo(Arguments arguments) {
  Flags flags("coterie demo",
              "Starts three nodes on free ports and tells, step by step, what they do for each "
              "other: message "
              "passing, broadcast, replication, failure, recovery, consistency. Exit code 1: a "
              "step failed.");
  if (const auto code = flags.parse(arguments)) return *code;
  const Style style(is_terminal(stdout));
  const Instant begun = process::monotonic_now();
  Result<std::unique_ptr<DemoCluster>> started = DemoCluster::start();
  if (!started) {
    fmt::print(stderr, "coterie demo: {}\n", started.error().message);
    return exit_unavailable;
  }
  DemoCluster& cluster = **started;
  say(fmt::format(
      "Three nodes on 127.0.0.1:{}-{}, every write synced on a majority; ready after {:.1f} s\n\n",
      cluster.port(), cluster.port() + DemoCluster::nodes - 1,
      (process::monotonic_now() - begun).seconds()));
  DemoMemory memory;
  int number = 0, failed = 0;
  for (const DemoStep& step : demo_steps()) {
    say(style.bold(fmt::format("{}. {}", ++number, step.title)) +
        style.faint(fmt::format("  {}\n", step.story)));
    const Instant step_begun = process::monotonic_now();
    const Result<std::vector<std::string>> seen = step.run(cluster, memory);
    const std::string took = style.faint(
        fmt::format(" ({:.2f} s)\n\n", (process::monotonic_now() - step_begun).seconds()));
    if (seen) {
      for (const std::string& line : *seen) say("   " + line + "\n");
      say("   " + style.green("holds") + took);
    } else {
      ++failed;
      say("   " + style.red("FAILED: ") + seen.error().message + took);
    }
  }
  if (failed > 0) {
    cluster.keep_folder();
    say(style.red(fmt::format("{} of {} steps failed; the nodes' logs are in {}/logs\n", failed,
                              number, cluster.folder())));
    return exit_no;
  }
  say(style.green(fmt::format("all {} steps hold\n", number)));
  return exit_done;
}

}  // namespace coterie::cli
