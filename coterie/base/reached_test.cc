#include "coterie/base/reached.h"

#include <string>

#include <gtest/gtest.h>

namespace coterie {
namespace {

void take_path(bool rare) {
  if (rare) COTERIE_REACHED("reached_test: rare path");
}

const ReachedSite* site_named(const std::vector<ReachedSite>& sites, const std::string& name) {
  for (const ReachedSite& site : sites) {
    if (site.name == name) return &site;
  }
  return nullptr;
}

TEST(Reached, AMarkIsInTheCatalogueBeforeItIsPassedAndCountedWhenItIs) {
  const std::vector<ReachedSite> sites = reached_sites();
  const ReachedSite* site = site_named(sites, "reached_test: rare path");
  ASSERT_NE(site, nullptr);
  EXPECT_NE(std::string(site->file).find("reached_test.cc"), std::string::npos);
  EXPECT_GT(site->line, 0);
  const uint64_t before = *site->count;
  take_path(false);
  EXPECT_EQ(*site->count, before);
  take_path(true);
  take_path(true);
  EXPECT_EQ(*site->count, before + 2);
}

}  // namespace
}  // namespace coterie
