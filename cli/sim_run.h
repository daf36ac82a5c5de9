// The parts of `coterie sim`: one plan run and told, many seeds, results of shards put together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/trial/campaign.h"
#include "coterie/trial/plan.h"
#include "coterie/trial/scenario.h"

namespace coterie::cli {

// What is to be done with one run besides its verdict; empty: not that.
struct OneRun {
  bool quiet = false;               // not the nodes' logs
  bool text_picture = false;        // the picture for a terminal
  std::string html_path;            // the picture
  uint64_t from_ms = 0, to_ms = 0;  // of it this part only, of virtual time; both 0: all
  std::string history_path;         // what the clients saw
  std::string scenario_path;        // the plan, written down
  std::string command;              // that replays it
  std::string mutant;
};

int run_one(const trial::Plan& plan, const OneRun& what);
// A failing plan made small, and written to what.scenario_path.
int shrink_one(const trial::Plan& plan, const OneRun& what, uint64_t runs_max);
// A scenario: 0 when what it expects has happened.
int run_scenario(const trial::Scenario& scenario, const OneRun& what);

struct ManyRuns {
  bool reached = false;       // print how often each rare path was taken
  bool all_reached = false;   // and fail when one was not
  std::string results_path;   // for merging
  uint64_t failures_max = 0;  // end after so many; 0: never
};

int run_many(const trial::CampaignOptions& options, const ManyRuns& what);
int merge_results(const std::vector<std::string>& paths, const ManyRuns& what);
// The summary; the exit code.
int tell(const trial::CampaignResults& results, const ManyRuns& what);

}  // namespace coterie::cli
