// Every planted bug must be found by whole clusters on trial, within 2,000 seeds. The table in
// docs/explanation/mutants.md says which seed found it when it was last made: that one is tried
// first, so that the test takes seconds; when the plans have moved on, all others follow.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "coterie/base/mutant.h"
#include "coterie/trial/mutants.h"
#include "coterie/trial/scenario.h"
#include "coterie/trial/trial.h"
#include "tests/mutants/hunt.h"

namespace coterie::trial {
namespace {

constexpr uint64_t seeds_max = 2'000;
constexpr const char* table_path = COTERIE_SOURCE_DIR "/docs/explanation/mutants.md";

PlanOptions usual_plan() {
  PlanOptions options;
  options.clients = 16;  // as coterie sim has them
  return options;
}

// The table's rows: | name | room | mistake | seed | shows as | virtual s |
std::map<std::string, uint64_t> documented_seeds() {
  std::ifstream file(table_path);
  std::map<std::string, uint64_t> seeds;
  for (std::string line; std::getline(file, line);) {
    std::istringstream row(line);
    std::vector<std::string> cells;
    for (std::string cell; std::getline(row, cell, '|');) {
      const size_t first = cell.find_first_not_of(' ');
      const size_t last = cell.find_last_not_of(' ');
      cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
    }
    if (cells.size() == 7 && described_mutant(cells[1]) != nullptr)
      seeds[cells[1]] = std::strtoull(cells[4].c_str(), nullptr, 10);
  }
  return seeds;
}

std::string test_name(std::string_view mutant) {
  std::string name(mutant);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// The seeds that were tried say why, should it not be found.
testing::AssertionResult is_found(const std::string& mutant) {
  std::vector<uint64_t> seeds;
  const auto known = documented_seeds();
  if (const auto at = known.find(mutant); at != known.end()) seeds.push_back(at->second);
  for (uint64_t seed = 1; seed <= seeds_max; ++seed) seeds.push_back(seed);
  const auto found = hunt(mutant, seeds, usual_plan());
  if (!found) return testing::AssertionFailure() << mutant << " survives " << seeds_max << " seeds";
  return testing::AssertionSuccess() << "seed " << found->seed << ": " << found->reason;
}

class SimMutants : public testing::TestWithParam<std::string> {};

TEST_P(SimMutants, IsFound) { EXPECT_TRUE(is_found(GetParam())); }

std::vector<std::string> names_in_words() {
  std::vector<std::string> names;
  for (const MutantDescription& mutant : described_mutants()) names.emplace_back(mutant.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Planted, SimMutants, testing::ValuesIn(names_in_words()),
                         [](const auto& param) { return test_name(param.param); });

// One line changed in the code that runs in production makes the simulator convict it: what it runs
// is no model.
TEST(ProductionRaft, QuorumOneShortMakesTheSimulatorFail) {
  EXPECT_TRUE(is_found("quorum-one-short"));
}
TEST(ProductionRaft, VoteNotPersistedMakesTheSimulatorFail) {
  EXPECT_TRUE(is_found("vote-not-persisted"));
}

TEST(Mutants, AreAllDescribedAndNoMore) {
  std::vector<std::string> names = names_in_words();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, all_mutants());
  EXPECT_GE(names.size(), 25u);
}

TEST(Mutants, AreAllInTheTable) {
  std::vector<std::string> in_table;
  for (const auto& [name, seed] : documented_seeds()) {
    in_table.push_back(name);
    EXPECT_GE(seed, 1u) << name;
    EXPECT_LE(seed, seeds_max) << name;
  }
  EXPECT_EQ(in_table, all_mutants())
      << "run build/<folder>/mutants_table and put what it prints into " << table_path;
}

TEST(Mutants, AreAbsentUntilChosen) {
  PlanOptions options = usual_plan();
  options.duration = seconds(3);
  EXPECT_FALSE(try_plan("", draw_plan(options)));
  EXPECT_FALSE(choose_mutant("no-such-bug"));
}

// What shrinking has left of a failing seed: it fails as it says with the bug, and passes without.
TEST(Scenarios, FailWithTheirBugAndOnlyWithIt) {
  size_t scenarios = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(COTERIE_SOURCE_DIR "/tests/golden/sim")) {
    if (file.path().extension() != ".txt") continue;
    std::ifstream in(file.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    const auto scenario = read_scenario(text.str());
    ASSERT_TRUE(scenario) << file.path() << ": " << scenario.error().message;
    EXPECT_FALSE(try_plan("", scenario->plan)) << file.path();
    if (scenario->mutant.empty()) continue;  // the story of a bug that is gone
    const auto found = try_plan(scenario->mutant, scenario->plan);
    ASSERT_TRUE(found) << file.path();
    EXPECT_EQ(found->failure, failure_word(scenario->expected)) << file.path();
    ++scenarios;
  }
  EXPECT_GE(scenarios, 2u);
}

}  // namespace
}  // namespace coterie::trial
