// coterie sim: whole clusters on trial in the simulator, a seed each; one seed replayed, drawn,
// made small; a scenario run; a campaign in shards.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <fmt/format.h>

#include "cli/exit_codes.h"
#include "cli/sim_run.h"
#include "cli/subcommands.h"
#include "coterie/base/mutant.h"
#include "coterie/trial/mutants.h"
#include "coterie/trial/words.h"

namespace coterie::cli {

namespace {

// "3/16", "1..1000", or one number, which is both.
bool parse_pair(std::string_view text, std::string_view mark, uint64_t& first, uint64_t& second) {
  const size_t at = text.find(mark);
  using trial::parse_number;
  if (at == std::string_view::npos) return parse_number(text, first) && (second = first, true);
  return parse_number(text.substr(0, at), first) &&
         parse_number(text.substr(at + mark.size()), second) && first <= second;
}

bool parse_kinds(std::string_view text, std::set<trial::FaultKind>& kinds) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    size_t kind = 0;
    while (kind < trial::fault_kinds &&
           fault_kind_name(static_cast<trial::FaultKind>(kind)) != text.substr(0, end))
      ++kind;
    if (kind == trial::fault_kinds) return false;
    kinds.insert(static_cast<trial::FaultKind>(kind));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

std::string all_kinds() {
  std::string text;
  for (size_t kind = 0; kind < trial::fault_kinds; ++kind)
    text += fmt::format("{}{}", kind == 0 ? "" : ", ",
                        fault_kind_name(static_cast<trial::FaultKind>(kind)));
  return text;
}

int refuse(const std::string& why) {
  fmt::print(stderr, "coterie sim: {}\n", why);
  return exit_usage;
}

struct SimFlags {
  std::string seeds = "1..100", seed, scenario, shard = "1/1", faults = "all", limits = "hostile",
              mutant;
  uint64_t nodes = 3, clients = 16, duration_s = 10, pause_us = 0, shrink_runs = 2'000;
  bool shrink = false, reached = false, all_reached = false;
  OneRun one;
  ManyRuns many;

  void declare(Flags& flags) {
    flags.text("--seed", "N", seed, "replay one seed, with all that its nodes log");
    flags.text("--seeds", "A..B", seeds, "run these");
    flags.text("--scenario", "FILE", scenario, "run a scenario, as --shrink and --write make them");
    flags.number("--nodes", "N", nodes, "nodes in the cluster, 1 to 9");
    flags.number("--clients", "N", clients, "simulated clients, 1 to 100");
    flags.number("--duration", "SECONDS", duration_s,
                 "of work and faults, on virtual time, 1 to 3600");
    flags.number("--pause", "MICROSECONDS", pause_us,
                 "mean, between two commands of a client; 0: drawn, 3000 to 30000");
    flags.text("--faults", "KINDS", faults,
               "all (a random half of them in each run), none, or names with commas between");
    flags.choice("--limits", {"hostile", "production"}, limits,
                 "hostile: some limits are narrow, others in each run");
    flags.text("--mutant", "NAME", mutant,
               "with a planted bug, in a build that has them; `list` shows their names");
    flags.on("--shrink", shrink, "with --seed: make the failure small");
    flags.number("--shrink-runs", "N", shrink_runs, "runs that shrinking may take");
    flags.text("--write", "FILE", one.scenario_path, "with --seed: write the scenario");
    flags.text("--html", "FILE", one.html_path, "with --seed or --scenario: draw the run");
    flags.number("--from", "MS", one.from_ms, "draw from that moment of virtual time on");
    flags.number("--to", "MS", one.to_ms, "and up to that one; 0: all of the run");
    flags.on("--picture", one.text_picture, "the same as text on the terminal");
    flags.text("--history", "FILE", one.history_path,
               "with --seed or --scenario: write what the clients saw, for `coterie check`");
    flags.on("--quiet", one.quiet, "with --seed or --scenario: not what the nodes log");
    flags.on("--reached", many.reached, "print how often each rare path was taken");
    flags.on("--all-reached", many.all_reached, "the same, and fail when one never was");
    flags.number("--failures", "N", many.failures_max, "end after so many failures; 0: never");
    flags.text("--shard", "I/N", shard, "only every N-th seed, from the I-th on");
    flags.text("--results", "FILE", many.results_path,
               "write the results, for `coterie sim merge`");
    flags.epilogue("coterie sim merge FILE...  puts the results of shards together.\nFaults: " +
                   all_kinds());
  }
};

int list_mutants() {
  for (const std::string& name : all_mutants()) {
    const trial::MutantDescription* mutant = trial::described_mutant(name);
    fmt::print("{:28} {}\n", name, mutant == nullptr ? "" : mutant->mistake);
  }
  if (!all_mutants().empty()) return exit_done;
  fmt::print(stderr, "coterie sim: this build has no planted bugs: cmake --preset mutants\n");
  return exit_no;
}

int merge_shards(Arguments arguments) {
  std::vector<std::string> paths;
  ManyRuns what;
  for (const std::string& argument : arguments.subspan(1)) {
    if (argument == "--reached") {
      what.reached = true;
    } else if (argument == "--all-reached") {
      what.all_reached = true;
    } else if (argument.starts_with("-")) {
      return refuse("merge takes --reached, --all-reached and files");
    } else {
      paths.push_back(argument);
    }
  }
  if (paths.empty()) return refuse("merge takes the files that --results wrote");
  return merge_results(paths, what);
}

int sim_scenario(const SimFlags& flags) {
  std::ifstream file(flags.scenario, std::ios::binary);
  if (!file) {
    fmt::print(stderr, "coterie sim: cannot read {}\n", flags.scenario);
    return exit_no_input;
  }
  std::ostringstream text;
  text << file.rdbuf();
  const auto scenario = trial::read_scenario(text.str());
  if (!scenario) {
    fmt::print(stderr, "coterie sim: {}: {}\n", flags.scenario, scenario.error().message);
    return exit_data;
  }
  OneRun one = flags.one;
  one.mutant = flags.mutant;
  one.command = "coterie sim --scenario " + flags.scenario;
  if (!flags.mutant.empty()) one.command += " --mutant " + flags.mutant;
  if (flags.shrink) return shrink_one(scenario->plan, one, flags.shrink_runs);
  return run_scenario(*scenario, one);
}

}  // namespace

int sim(Arguments arguments) {
  if (!arguments.empty() && arguments[0] == "merge") return merge_shards(arguments);
  SimFlags given;
  Flags flags("coterie sim",
              "Puts whole clusters on trial in the simulator: real nodes, simulated clients, "
              "faults from a seed, and judges that know nothing of the store.");
  given.declare(flags);
  if (const auto code = flags.parse(arguments)) return *code;
  if (given.mutant == "list") return list_mutants();
  if (!given.mutant.empty() && !choose_mutant(given.mutant))
    return refuse(all_mutants().empty()
                      ? "this build has no planted bugs: cmake --preset mutants"
                      : "there is no such planted bug: see coterie sim --mutant list");
  if (given.one.from_ms >= given.one.to_ms && given.one.from_ms + given.one.to_ms != 0)
    return refuse("--from and --to take two moments, the second after the first");
  if (given.one.to_ms > 10'000'000) return refuse("--to takes 10000000 at most");
  if (!given.scenario.empty()) return sim_scenario(given);

  trial::CampaignOptions campaign;
  campaign.mutant = given.mutant;
  const std::string& range = given.seed.empty() ? given.seeds : given.seed;
  if (!parse_pair(range, "..", campaign.first_seed, campaign.last_seed))
    return refuse("--seeds takes A..B, --seed a number");
  if (!parse_pair(given.shard, "/", campaign.shard, campaign.shards) || campaign.shard < 1)
    return refuse("--shard takes I/N, as in 3/16");
  if (given.nodes < 1 || given.nodes > 9) return refuse("--nodes takes 1 to 9");
  if (given.clients < 1 || given.clients > 100) return refuse("--clients takes 1 to 100");
  if (given.duration_s < 1 || given.duration_s > 3'600)
    return refuse("--duration takes 1 to 3600 seconds");
  if (given.pause_us > 60'000'000) return refuse("--pause takes 0 to 60000000 microseconds");
  trial::PlanOptions& plan = campaign.plan;
  plan.seed = campaign.first_seed;
  plan.nodes = static_cast<uint32_t>(given.nodes);
  plan.clients = static_cast<uint32_t>(given.clients);
  plan.duration = seconds(static_cast<int64_t>(given.duration_s));
  plan.pause_mean = microseconds(static_cast<int64_t>(given.pause_us));
  plan.hostile = given.limits == "hostile";
  plan.faults = given.faults != "none";
  if (given.faults != "none" && given.faults != "all" && !parse_kinds(given.faults, plan.only))
    return refuse("there is no such kind of fault; they are: " + all_kinds());

  // What to add to --seed for the same run.
  for (const char* name :
       {"--nodes", "--clients", "--duration", "--pause", "--faults", "--limits", "--mutant"}) {
    if (flags.given(name)) campaign.flags += fmt::format(" {} {}", name, flags.value(name));
  }
  if (given.seed.empty()) return run_many(campaign, given.many);
  given.one.mutant = given.mutant;
  given.one.command = fmt::format("coterie sim --seed {}{}", given.seed, campaign.flags);
  const trial::Plan drawn = trial::draw_plan(plan);
  return given.shrink ? shrink_one(drawn, given.one, given.shrink_runs) : run_one(drawn, given.one);
}

}  // namespace coterie::cli
