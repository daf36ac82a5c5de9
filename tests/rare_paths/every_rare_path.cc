// The rare paths of a room are marked (base/reached.h); after all of its tests each has been taken,
// or it is not known to work. Linked into the test programs of the rooms that say RARE_PATHS, with
// COTERIE_ROOM_FOLDER; only a run of all tests of the program can tell.
#include <string_view>

#include <gtest/gtest.h>

#include "coterie/base/reached.h"

namespace coterie::testing {
namespace {

class EveryRarePath : public ::testing::Environment {
 public:
  void TearDown() override {
    const auto& unit = *::testing::UnitTest::GetInstance();
    if (::testing::GTEST_FLAG(filter) != "*" || unit.failed_test_count() > 0) return;
    for (const ReachedSite& site : reached_sites()) {
      const std::string_view file = site.file;
      if (!file.substr(0, file.rfind('/')).ends_with(COTERIE_ROOM_FOLDER)) continue;
      EXPECT_GT(site.count->load(), 0u) << "no test reached: " << site.name << " (" << file << ")";
    }
  }
};

const auto* const environment = ::testing::AddGlobalTestEnvironment(new EveryRarePath);

}  // namespace
}  // namespace coterie::testing
