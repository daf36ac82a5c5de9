// coterie sim: whole clusters on trial in the simulator, a seed each; one seed replayed with all
// that its nodes logged.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>

#include <fmt/format.h>

#include "cli/exit_codes.h"
#include "cli/subcommands.h"
#include "cli/terminal.h"
#include "coterie/base/reached.h"
#include "coterie/trial/trial.h"

namespace coterie::cli {

namespace {

struct Range {
  uint64_t first = 1;
  uint64_t last = 100;
};

bool parse_number(std::string_view text, uint64_t& number) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && end.ec == std::errc() && end.ptr == text.data() + text.size();
}

// "1..1000", or one number.
bool parse_range(std::string_view text, Range& range) {
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos)
    return parse_number(text, range.first) && (range.last = range.first, true);
  return parse_number(text.substr(0, dots), range.first) &&
         parse_number(text.substr(dots + 2), range.last) && range.first <= range.last;
}

struct Totals {
  uint64_t runs = 0, failed = 0, vacuous = 0, events = 0, acknowledged = 0, unknown = 0,
           refused = 0;
  double virtual_seconds = 0;

  void add(const trial::TrialReport& report) {
    ++runs;
    failed += report.passed ? 0 : 1;
    vacuous += report.vacuous ? 1 : 0;
    events += report.events;
    acknowledged += report.acknowledged;
    unknown += report.unknown;
    refused += report.refused;
    virtual_seconds += report.virtual_time.seconds();
  }
};

void print_failure(const trial::TrialReport& report, uint64_t seed, uint64_t nodes) {
  fmt::print("seed {} FAILED: {}\n  faults: {}; replay: coterie sim --seed {} --nodes {}\n", seed,
             report.reason, report.faults, seed, nodes);
  std::fflush(stdout);
}

void print_reached() {
  std::map<std::string, uint64_t> counts;
  for (const ReachedSite& site : reached_sites()) counts[site.name] += site.count->load();
  fmt::print("\nrare paths, and how often they were taken:\n");
  for (const auto& [name, count] : counts) fmt::print("{:>10}  {}\n", count, name);
}

int run_one(uint64_t seed, trial::TrialOptions options, bool quiet) {
  options.seed = seed;
  if (!quiet) options.narrate = [](const std::string& line) { fmt::print("{}\n", line); };
  const trial::TrialReport report = trial::run_trial(options);
  fmt::print("\nseed {}: {}\n", seed, report.passed ? "passed" : "FAILED: " + report.reason);
  fmt::print("faults: {} ({} strikes); {} operations acknowledged, {} unknown, {} not executed\n",
             report.faults, report.strikes, report.acknowledged, report.unknown, report.refused);
  fmt::print("{} events in {:.1f} s of virtual time; digest {:016x}\n", report.events,
             report.virtual_time.seconds(), report.digest);
  return report.passed ? exit_done : exit_no;
}

int run_many(const Range& range, trial::TrialOptions options, bool reached) {
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  Totals totals;
  double said = 0;
  for (uint64_t seed = range.first; seed <= range.last; ++seed) {
    options.seed = seed;
    const trial::TrialReport report = trial::run_trial(options);
    totals.add(report);
    if (!report.passed) print_failure(report, seed, options.nodes);
    if (is_terminal(stderr) && elapsed() - said > 0.5) {
      said = elapsed();
      fmt::print(stderr, "\r{} of {} seeds, {} failed", totals.runs, range.last - range.first + 1,
                 totals.failed);
    }
  }
  if (said > 0) fmt::print(stderr, "\r{:60}\r", "");
  fmt::print("{} seeds: {} passed, {} failed, {} vacuous\n", totals.runs,
             totals.runs - totals.failed, totals.failed, totals.vacuous);
  fmt::print(
      "{} operations acknowledged, {} unknown, {} not executed; {} events, {:.0f} a second; {:.0f} "
      "x real time\n",
      totals.acknowledged, totals.unknown, totals.refused, totals.events,
      static_cast<double>(totals.events) / elapsed(), totals.virtual_seconds / elapsed());
  if (reached) print_reached();
  return totals.failed == 0 ? exit_done : exit_no;
}

}  // namespace

int sim(Arguments arguments) {
  std::string seeds = "1..100", seed;
  uint64_t nodes = 3, clients = 8, duration_s = 20;
  bool quiet = false, reached = false;
  Flags flags("coterie sim",
              "Puts whole clusters on trial in the simulator: real nodes, simulated clients, "
              "faults from a seed.");
  flags.text("--seed", "N", seed, "replay one seed, with all that its nodes log");
  flags.text("--seeds", "A..B", seeds, "run these");
  flags.number("--nodes", "N", nodes, "nodes in the cluster, 1 to 9");
  flags.number("--clients", "N", clients, "simulated clients, 1 to 100");
  flags.number("--duration", "SECONDS", duration_s, "of faults, on virtual time, 1 to 3600");
  flags.on("--quiet", quiet, "with --seed: only the verdict");
  flags.on("--reached", reached, "print how often each rare path was taken");
  if (const auto code = flags.parse(arguments)) return *code;
  const auto refuse = [](const std::string& why) {
    fmt::print(stderr, "coterie sim: {}\n", why);
    return exit_usage;
  };
  Range range;
  if (!parse_range(seed.empty() ? seeds : seed, range))
    return refuse("--seeds takes A..B, --seed a number");
  if (nodes < 1 || nodes > 9) return refuse("--nodes takes 1 to 9");
  if (clients < 1 || clients > 100) return refuse("--clients takes 1 to 100");
  if (duration_s < 1 || duration_s > 3'600) return refuse("--duration takes 1 to 3600 seconds");
  trial::TrialOptions options;
  options.nodes = static_cast<uint32_t>(nodes);
  options.clients = static_cast<uint32_t>(clients);
  options.duration = seconds(static_cast<int64_t>(duration_s));
  if (!seed.empty()) return run_one(range.first, options, quiet);
  return run_many(range, options, reached);
}

}  // namespace coterie::cli
