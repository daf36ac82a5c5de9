// A campaign is many trials, a seed each, and what came of them: the same whether one process ran
// them all or each of many ran a shard whose results were merged. A shard's results are JSON lines
// (docs/formats/campaign.md): a header, a line per failed or vacuous seed, the sums.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/result.h"
#include "coterie/trial/plan.h"
#include "coterie/trial/trial.h"

namespace coterie::trial {

struct CampaignOptions {
  uint64_t first_seed = 1, last_seed = 100;
  uint64_t shard = 1, shards = 1;  // seeds are dealt out in turn
  PlanOptions plan;                // its seed is set to each
  std::string mutant;              // for the record
  std::string flags;               // the command line's besides the seeds, for who replays one
};

struct SeedOutcome {
  uint64_t seed = 0;
  std::string failure;  // failure_word(); "none" of a vacuous one
  std::string reason;
  std::string faults;
  bool operator==(const SeedOutcome&) const = default;
};

struct CampaignResults {
  std::string what;   // the options that all shards must share, in words
  std::string flags;  // as CampaignOptions::flags
  uint64_t shards = 1;
  std::vector<uint64_t> merged;  // which shards are in it
  uint64_t runs = 0, vacuous = 0;
  uint64_t events = 0, acknowledged = 0, unknown = 0, refused = 0, leaders = 0;
  uint64_t digest = 0;  // of all runs; the order does not matter
  int64_t virtual_ns = 0;
  double seconds = 0;               // of one core
  std::vector<SeedOutcome> failed;  // by seed
  std::vector<uint64_t> vacuous_seeds;
  std::map<std::string, Strikes> strikes;    // by kind of fault
  std::map<std::string, uint64_t> reached;   // rare paths: how often
  std::map<std::string, uint64_t> in_seeds;  // in how many seeds
};

// After each seed: its report; false: end the campaign here.
using AfterSeed = std::function<bool(uint64_t seed, const TrialReport&)>;
CampaignResults run_campaign(const CampaignOptions& options, const AfterSeed& after);

std::string write_results(const CampaignResults& results);
// Fault::invalid with the reason.
Result<CampaignResults> read_results(std::string_view text);
// Fault::invalid when they are not shards of one campaign, or one is there twice.
Result<CampaignResults> merge(std::vector<CampaignResults> parts);

}  // namespace coterie::trial
