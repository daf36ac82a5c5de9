// Many seeds, and the results of shards put together. See sim_run.h.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "cli/exit_codes.h"
#include "cli/sim_run.h"
#include "cli/terminal.h"

namespace coterie::cli {

namespace {

// Above that share of vacuous runs the campaign itself proves too little.
constexpr uint64_t vacuous_percent_max = 10;

double core_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

bool all_paths_reached(const trial::CampaignResults& results) {
  return std::all_of(results.reached.begin(), results.reached.end(),
                     [](const auto& path) { return path.second > 0; });
}

void tell_reached(const trial::CampaignResults& results) {
  fmt::print("\nrare paths: how often they were taken, and in how many of {} seeds\n",
             results.runs);
  for (const auto& [name, count] : results.reached) {
    fmt::print("{:>12} {:>8}  {}{}\n", count, results.in_seeds.at(name), name,
               count == 0 ? "   NEVER REACHED" : "");
  }
}

void tell_strikes(const trial::CampaignResults& results) {
  std::string text;
  for (const auto& [kind, strikes] : results.strikes)
    text += fmt::format("{}{} {} of {}", text.empty() ? "" : ", ", kind, strikes.struck,
                        strikes.planned);
  fmt::print("faults that struck: {}\n", text.empty() ? "none" : text);
}

void tell_failure(const trial::SeedOutcome& failed, const std::string& replay) {
  fmt::print("seed {} FAILED ({}): {}\n  faults: {}\n  replay: {}\n", failed.seed, failed.failure,
             failed.reason, failed.faults, replay);
  std::fflush(stdout);
}

}  // namespace

int tell(const trial::CampaignResults& results, const ManyRuns& what) {
  fmt::print("{}: {} runs: {} passed, {} failed, {} vacuous\n", results.what, results.runs,
             results.runs - results.failed.size() - results.vacuous, results.failed.size(),
             results.vacuous);
  if (results.merged.size() != results.shards) {
    fmt::print("shards {} of {}\n", fmt::join(results.merged, " "), results.shards);
  }
  fmt::print(
      "{} operations acknowledged, {} unknown, {} not executed; {} leaders; digest {:016x}\n",
      results.acknowledged, results.unknown, results.refused, results.leaders, results.digest);
  tell_strikes(results);
  const double seconds = std::max(results.seconds, 1e-6);
  fmt::print(
      "speed: {} events, {:.0f} a second on one core; {:.0f} s of virtual time, {:.0f} x real "
      "time\n",
      results.events, static_cast<double>(results.events) / seconds,
      static_cast<double>(results.virtual_ns) / 1e9,
      static_cast<double>(results.virtual_ns) / 1e9 / seconds);
  if (what.reached || what.all_reached) tell_reached(results);
  if (!results.failed.empty()) return exit_no;
  if (what.all_reached && !all_paths_reached(results)) {
    fmt::print("FAILED: a rare path was never reached\n");
    return exit_no;
  }
  if (results.vacuous * 100 > results.runs * vacuous_percent_max) {
    fmt::print("FAILED: more than {} % of the runs did too little to prove anything\n",
               vacuous_percent_max);
    return exit_no;
  }
  return exit_done;
}

int run_many(const trial::CampaignOptions& options, const ManyRuns& what) {
  const auto start = std::chrono::steady_clock::now();
  const uint64_t all = (options.last_seed - options.first_seed) / options.shards + 1;
  uint64_t runs = 0, failed = 0;
  double said = 0;
  const double before = core_seconds();
  trial::CampaignResults results =
      trial::run_campaign(options, [&](uint64_t seed, const trial::TrialReport& report) {
        ++runs;
        if (!report.passed()) {
          ++failed;
          tell_failure(
              {seed, std::string(failure_word(report.failure)), report.reason, report.faults},
              fmt::format("coterie sim --seed {}{}", seed, options.flags));
        }
        const double now =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        if (is_terminal(stderr) && now - said > 0.5) {
          said = now;
          fmt::print(stderr, "\r{} of {} seeds, {} failed", runs, all, failed);
        }
        return what.failures_max == 0 || failed < what.failures_max;
      });
  results.seconds = core_seconds() - before;
  if (said > 0) fmt::print(stderr, "\r{:60}\r", "");
  if (!what.results_path.empty()) {
    std::ofstream file(what.results_path, std::ios::binary | std::ios::trunc);
    file << trial::write_results(results);
    if (!file.flush()) {
      fmt::print(stderr, "coterie sim: cannot write {}\n", what.results_path);
      return exit_cannot_create;
    }
  }
  return tell(results, what);
}

int merge_results(const std::vector<std::string>& paths, const ManyRuns& what) {
  std::vector<trial::CampaignResults> parts;
  for (const std::string& path : paths) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      fmt::print(stderr, "coterie sim merge: cannot read {}\n", path);
      return exit_no_input;
    }
    std::ostringstream text;
    text << file.rdbuf();
    auto part = trial::read_results(text.str());
    if (!part) {
      fmt::print(stderr, "coterie sim merge: {}: {}\n", path, part.error().message);
      return exit_data;
    }
    parts.push_back(*std::move(part));
  }
  auto all = trial::merge(std::move(parts));
  if (!all) {
    fmt::print(stderr, "coterie sim merge: {}\n", all.error().message);
    return exit_data;
  }
  for (const trial::SeedOutcome& failed : all->failed)
    tell_failure(failed, fmt::format("coterie sim --seed {}{}", failed.seed, all->flags));
  return tell(*all, what);
}

}  // namespace coterie::cli
