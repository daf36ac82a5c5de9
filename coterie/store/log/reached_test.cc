// The rare paths of this room are marked; after all of its tests each has been taken, or it is not
// known to work.
#include "coterie/base/reached.h"

#include <string_view>

#include <gtest/gtest.h>

namespace coterie::store::testing {
namespace {

class EveryRarePath : public ::testing::Environment {
 public:
  void TearDown() override {
    const auto& unit = *::testing::UnitTest::GetInstance();
    if (::testing::GTEST_FLAG(filter) != "*" || unit.failed_test_count() > 0) return;
    for (const ReachedSite& site : reached_sites()) {
      const bool ours = std::string_view(site.file).find("store/log/") != std::string_view::npos;
      if (!ours) continue;
      EXPECT_GT(site.count->load(), 0u) << "no test reached: " << site.name;
    }
  }
};

const auto* const environment = ::testing::AddGlobalTestEnvironment(new EveryRarePath);

}  // namespace
}  // namespace coterie::store::testing
