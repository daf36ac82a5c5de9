// The stories in tests/golden/raft. COTERIE_REWRITE=1 writes what comes now into the files: read
// the difference then.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/protocol/raft/raft_scenario.h"

namespace coterie::raft {
namespace {

std::vector<std::string> scenario_files() {
  std::vector<std::string> files;
  for (const auto& file :
       std::filesystem::directory_iterator(COTERIE_SOURCE_DIR "/tests/golden/raft")) {
    if (file.path().extension() == ".txt") files.push_back(file.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class RaftScenarios : public testing::TestWithParam<std::string> {};

TEST_P(RaftScenarios, GoAsTheyAreTold) {
  std::ifstream in(GetParam());
  std::stringstream before;
  before << in.rdbuf();
  const std::string now = run_scenario(before.str());
  EXPECT_EQ(now.find("BROKEN"), std::string::npos) << now;
  EXPECT_EQ(now.find("error:"), std::string::npos) << now;
  if (std::getenv("COTERIE_REWRITE") != nullptr) {
    std::ofstream(GetParam()) << now;
    return;
  }
  EXPECT_EQ(now, before.str()) << "if this is as it should be, run with COTERIE_REWRITE=1";
}

std::string name_of(const testing::TestParamInfo<std::string>& info) {
  std::string name = std::filesystem::path(info.param).stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Golden, RaftScenarios, testing::ValuesIn(scenario_files()), name_of);

TEST(RaftScenario, TellsWhatIsWrongWithACommand) {
  EXPECT_NE(run_scenario("state\n----\n").find("error: the first command is"), std::string::npos);
  EXPECT_NE(run_scenario("cluster 3\ncrash 9\n----\n").find("error: there is no node 9"),
            std::string::npos);
  EXPECT_NE(run_scenario("cluster 3\ndance\n----\n").find("error: unknown command: dance"),
            std::string::npos);
}

}  // namespace
}  // namespace coterie::raft
