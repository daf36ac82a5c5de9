// A campaign in shards is the campaign in one piece; results that do not belong together are
// refused.
#include "coterie/trial/campaign.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "coterie/base/reached.h"
#include "coterie/trial/out_of_reach.h"

namespace coterie::trial {
namespace {

CampaignOptions campaign() {
  CampaignOptions options;
  options.first_seed = 11;
  options.last_seed = 17;
  options.plan.clients = 4;
  options.plan.duration = seconds(1);
  return options;
}

// All but the time it took.
void expect_same(const CampaignResults& a, const CampaignResults& b) {
  EXPECT_EQ(a.what, b.what);
  EXPECT_EQ(a.runs, b.runs);
  EXPECT_EQ(a.vacuous_seeds, b.vacuous_seeds);
  EXPECT_EQ(a.events, b.events);
  EXPECT_EQ(a.acknowledged, b.acknowledged);
  EXPECT_EQ(a.digest, b.digest);
  EXPECT_EQ(a.virtual_ns, b.virtual_ns);
  EXPECT_EQ(a.failed, b.failed);
  EXPECT_EQ(a.reached, b.reached);
  EXPECT_EQ(a.in_seeds, b.in_seeds);
  EXPECT_EQ(a.strikes, b.strikes);
}

TEST(Campaign, InShardsItGivesTheSameAsInOnePiece) {
  const CampaignResults whole = run_campaign(campaign(), {});
  EXPECT_EQ(whole.runs, 7u);
  std::vector<CampaignResults> parts;
  for (uint64_t shard : {3, 1, 2}) {
    CampaignOptions options = campaign();
    options.shard = shard;
    options.shards = 3;
    auto read = read_results(write_results(run_campaign(options, {})));
    ASSERT_TRUE(read) << read.error().message;
    parts.push_back(*std::move(read));
  }
  auto merged = merge(parts);
  ASSERT_TRUE(merged) << merged.error().message;
  expect_same(*merged, whole);
  EXPECT_EQ(merged->merged, (std::vector<uint64_t>{1, 2, 3}));
  parts.push_back(parts[1]);
  EXPECT_NE(merge(parts).error().message.find("shard 1 is there twice"), std::string::npos);
  parts[3].what = "seeds 1..2";
  EXPECT_NE(merge(parts).error().message.find("different campaigns"), std::string::npos);
  EXPECT_FALSE(merge({}));
}

TEST(Campaign, EndsWhenItIsTold) {
  const CampaignResults results =
      run_campaign(campaign(), [](uint64_t seed, const TrialReport&) { return seed < 12; });
  EXPECT_EQ(results.runs, 2u);
}

TEST(Campaign, FailuresAndVacuousSeedsAreInTheResults) {
  CampaignResults results;
  results.what = "seeds 1..9";
  results.flags = " --nodes 5";
  results.merged = {1};
  results.failed = {{4, "judged", "key k1: \"no\" order", "crash rot"}};
  results.vacuous_seeds = {7};
  results.digest = 0xfedcba9876543210;
  const auto read = read_results(write_results(results));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->failed, results.failed);
  EXPECT_EQ(read->vacuous, 1u);
  EXPECT_EQ(read->flags, " --nodes 5");
  EXPECT_EQ(read->digest, results.digest);
}

// A name that no path has would excuse nothing, and hide a slip of the pen.
TEST(Campaign, WhatIsOutOfReachIsThere) {
  for (const OutOfReach& path : out_of_reach()) {
    const auto sites = reached_sites();
    EXPECT_TRUE(std::any_of(sites.begin(), sites.end(), [&](const ReachedSite& site) {
      return path.name == site.name;
    })) << path.name;
    EXPECT_FALSE(path.reason.empty());
  }
}

TEST(Campaign, CountsAtLeastSixtyRarePaths) {
  std::set<std::string_view> names;
  for (const ReachedSite& site : reached_sites()) {
    if (counts_in_campaigns(site)) names.insert(site.name);
  }
  EXPECT_GE(names.size(), 60u);
}

TEST(Campaign, BadResultsAreRefused) {
  for (const char* text : {"", "{}", "not json", "{\"campaign\":1}", "[]",
                           "{\"campaign\":\"x\",\"shards\":1,\"merged\":[1]}\n"}) {
    EXPECT_FALSE(read_results(text)) << text;
  }
}

}  // namespace
}  // namespace coterie::trial
