// See campaign.h.
#include "coterie/trial/campaign.h"

#include <algorithm>
#include <set>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "coterie/base/random.h"
#include "coterie/base/reached.h"
#include "coterie/trial/out_of_reach.h"

namespace coterie::trial {

namespace {

std::map<std::string, uint64_t> reached_now() {
  std::map<std::string, uint64_t> counts;
  for (const ReachedSite& site : reached_sites()) {
    if (counts_in_campaigns(site)) counts[site.name] += site.count->load();
  }
  return counts;
}

std::string in_words(const CampaignOptions& options) {
  std::string text =
      fmt::format("seeds {}..{}, {} nodes, {} clients, {} s", options.first_seed, options.last_seed,
                  options.plan.nodes, options.plan.clients, options.plan.duration.ms() / 1'000);
  if (!options.plan.hostile) text += ", limits as in production";
  if (!options.plan.faults) text += ", no faults";
  if (options.plan.pause_mean.ns != 0)
    text += fmt::format(", pause {} us", options.plan.pause_mean.ns / 1'000);
  for (FaultKind kind : options.plan.only) text += fmt::format(", {}", fault_kind_name(kind));
  if (!options.mutant.empty()) text += ", mutant " + options.mutant;
  return text;
}

void add(CampaignResults& results, uint64_t seed, const TrialReport& report) {
  ++results.runs;
  results.events += report.events;
  results.acknowledged += report.acknowledged;
  results.unknown += report.unknown;
  results.refused += report.refused;
  results.leaders += report.leaders;
  results.virtual_ns += report.virtual_time.ns;
  results.digest += mix_seed(report.digest, seed);
  for (const auto& [kind, strikes] : report.by_kind) {
    Strikes& sum = results.strikes[std::string(fault_kind_name(kind))];
    sum.planned += strikes.planned;
    sum.struck += strikes.struck;
  }
  if (!report.passed()) {
    results.failed.push_back(
        {seed, std::string(failure_word(report.failure)), report.reason, report.faults});
  } else if (report.vacuous) {
    ++results.vacuous;
    results.vacuous_seeds.push_back(seed);
  }
}

}  // namespace

CampaignResults run_campaign(const CampaignOptions& options, const AfterSeed& after) {
  CampaignResults results;
  results.what = in_words(options);
  results.flags = options.flags;
  results.shards = options.shards;
  results.merged = {options.shard};
  auto before = reached_now();
  const auto at_start = before;
  for (uint64_t seed = options.first_seed; seed <= options.last_seed; ++seed) {
    if ((seed - options.first_seed) % options.shards != options.shard - 1) continue;
    PlanOptions plan = options.plan;
    plan.seed = seed;
    const TrialReport report = run_trial(draw_plan(plan));
    add(results, seed, report);
    auto now = reached_now();
    for (const auto& [name, count] : now) results.in_seeds[name] += count > before[name] ? 1 : 0;
    before = std::move(now);
    if (after && !after(seed, report)) break;
  }
  for (const auto& [name, count] : before) results.reached[name] = count - at_start.at(name);
  return results;
}

std::string write_results(const CampaignResults& results) {
  namespace json = boost::json;
  json::array merged(results.merged.begin(), results.merged.end());
  std::string text = json::serialize(json::object{{"campaign", results.what},
                                                  {"format", 1},
                                                  {"flags", results.flags},
                                                  {"shards", results.shards},
                                                  {"merged", std::move(merged)}}) +
                     "\n";
  for (const SeedOutcome& failed : results.failed) {
    text += json::serialize(json::object{{"seed", failed.seed},
                                         {"failure", failed.failure},
                                         {"reason", failed.reason},
                                         {"faults", failed.faults}}) +
            "\n";
  }
  json::object strikes, paths;
  for (const auto& [kind, count] : results.strikes)
    strikes[kind] = json::array{count.planned, count.struck};
  for (const auto& [name, count] : results.reached)
    paths[name] = json::array{count, results.in_seeds.at(name)};
  text += json::serialize(json::object{
              {"runs", results.runs},
              {"vacuous", json::array(results.vacuous_seeds.begin(), results.vacuous_seeds.end())},
              {"events", results.events},
              {"acknowledged", results.acknowledged},
              {"unknown", results.unknown},
              {"refused", results.refused},
              {"leaders", results.leaders},
              {"digest", fmt::format("{:016x}", results.digest)},
              {"virtual_ns", results.virtual_ns},
              {"core_seconds", results.seconds},
              {"strikes", std::move(strikes)},
              {"reached", std::move(paths)}}) +
          "\n";
  return text;
}

namespace {

uint64_t number(const boost::json::value& value) { return value.to_number<uint64_t>(); }

void read_line(const boost::json::object& line, CampaignResults& results, bool& ended) {
  const auto text = [](const boost::json::value& value) { return std::string(value.as_string()); };
  if (line.contains("campaign")) {
    results.what = text(line.at("campaign"));
    results.flags = text(line.at("flags"));
    results.shards = number(line.at("shards"));
    for (const auto& shard : line.at("merged").as_array()) results.merged.push_back(number(shard));
  } else if (line.contains("seed")) {
    results.failed.push_back({number(line.at("seed")), text(line.at("failure")),
                              text(line.at("reason")), text(line.at("faults"))});
  } else {
    results.runs = number(line.at("runs"));
    for (const auto& seed : line.at("vacuous").as_array())
      results.vacuous_seeds.push_back(number(seed));
    results.vacuous = results.vacuous_seeds.size();
    results.events = number(line.at("events"));
    results.acknowledged = number(line.at("acknowledged"));
    results.unknown = number(line.at("unknown"));
    results.refused = number(line.at("refused"));
    results.leaders = number(line.at("leaders"));
    results.digest = std::stoull(text(line.at("digest")), nullptr, 16);
    results.virtual_ns = line.at("virtual_ns").to_number<int64_t>();
    results.seconds = line.at("core_seconds").to_number<double>();
    for (const auto& [kind, counts] : line.at("strikes").as_object())
      results.strikes[kind] = {number(counts.at(0)), number(counts.at(1))};
    for (const auto& [name, counts] : line.at("reached").as_object()) {
      results.reached[name] = number(counts.at(0));
      results.in_seeds[name] = number(counts.at(1));
    }
    ended = true;
  }
}

}  // namespace

Result<CampaignResults> read_results(std::string_view text) {
  CampaignResults results;
  bool ended = false;
  for (size_t line_number = 1; !text.empty(); ++line_number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    // The library tells of a missing member or a wrong type by throwing.
    try {
      read_line(boost::json::parse(line).as_object(), results, ended);
    } catch (const std::exception& error) {
      return fail(Fault::invalid, fmt::format("line {} is no line of a campaign's results: {}",
                                              line_number, error.what()));
    }
  }
  if (results.what.empty() || !ended)
    return fail(Fault::invalid,
                "the results are not complete: the first or the last line is missing");
  return results;
}

Result<CampaignResults> merge(std::vector<CampaignResults> parts) {
  if (parts.empty()) return fail(Fault::invalid, "there is nothing to merge");
  CampaignResults all;
  all.what = parts[0].what;
  all.flags = parts[0].flags;
  all.shards = parts[0].shards;
  for (const CampaignResults& part : parts) {
    if (part.what != all.what || part.shards != all.shards) {
      return fail(Fault::invalid,
                  fmt::format("these are of different campaigns: `{}` in {} shards, `{}` in {}",
                              all.what, all.shards, part.what, part.shards));
    }
    all.merged.insert(all.merged.end(), part.merged.begin(), part.merged.end());
    all.runs += part.runs;
    all.vacuous += part.vacuous;
    all.events += part.events;
    all.acknowledged += part.acknowledged;
    all.unknown += part.unknown;
    all.refused += part.refused;
    all.leaders += part.leaders;
    all.digest += part.digest;
    all.virtual_ns += part.virtual_ns;
    all.seconds += part.seconds;
    all.failed.insert(all.failed.end(), part.failed.begin(), part.failed.end());
    all.vacuous_seeds.insert(all.vacuous_seeds.end(), part.vacuous_seeds.begin(),
                             part.vacuous_seeds.end());
    for (const auto& [kind, strikes] : part.strikes) {
      all.strikes[kind].planned += strikes.planned;
      all.strikes[kind].struck += strikes.struck;
    }
    for (const auto& [name, count] : part.reached) all.reached[name] += count;
    for (const auto& [name, count] : part.in_seeds) all.in_seeds[name] += count;
  }
  std::sort(all.merged.begin(), all.merged.end());
  const auto twice = std::adjacent_find(all.merged.begin(), all.merged.end());
  if (twice != all.merged.end())
    return fail(Fault::invalid, fmt::format("shard {} is there twice", *twice));
  std::sort(all.vacuous_seeds.begin(), all.vacuous_seeds.end());
  std::sort(all.failed.begin(), all.failed.end(),
            [](const SeedOutcome& a, const SeedOutcome& b) { return a.seed < b.seed; });
  return all;
}

}  // namespace coterie::trial
