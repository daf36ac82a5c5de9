// What is said of blocked links, and between which lanes the wall stands.
#include <gtest/gtest.h>

#include "coterie/picture/layout.h"

namespace coterie::picture {
namespace {

Run nodes(uint32_t count) {
  picture::Run run;
  run.span = {0, 1'000};
  for (uint32_t i = 1; i <= count; ++i) run.nodes.push_back({i, {}});
  return run;
}

void block(Run& run, uint32_t from, uint32_t to, Span span = {100, 200}) {
  run.blocked.push_back({from, to, span});
}

void part(Run& run, std::vector<uint32_t> one, std::vector<uint32_t> other,
          Span span = {100, 200}) {
  for (uint32_t a : one) {
    for (uint32_t b : other) block(run, a, b, span), block(run, b, a, span);
  }
}

TEST(Cuts, APartitionIsOneWall) {
  picture::Run run = nodes(5);
  part(run, {1, 2}, {3, 4, 5});
  const auto cuts = cuts_of(run);
  ASSERT_EQ(cuts.size(), 1u);
  EXPECT_EQ(cuts[0].text, "1 2 | 3 4 5");
  EXPECT_EQ(cuts[0].span, (Span{100, 200}));
  EXPECT_FALSE(cuts[0].one_way);
  EXPECT_EQ(cuts[0].gaps, (std::vector<size_t>{1}));
}

TEST(Cuts, OneInTheMiddleHasWallsOnBothSides) {
  picture::Run run = nodes(3);
  part(run, {2}, {1, 3});
  const auto cuts = cuts_of(run);
  ASSERT_EQ(cuts.size(), 1u);
  EXPECT_EQ(cuts[0].text, "1 3 | 2");
  EXPECT_EQ(cuts[0].gaps, (std::vector<size_t>{0, 1}));
}

TEST(Cuts, ThreeSides) {
  picture::Run run = nodes(3);
  part(run, {1}, {2, 3});
  part(run, {2}, {3});
  const auto cuts = cuts_of(run);
  ASSERT_EQ(cuts.size(), 1u);
  EXPECT_EQ(cuts[0].text, "1 | 2 | 3");
}

TEST(Cuts, OneWayIsSaidSo) {
  picture::Run run = nodes(3);
  block(run, 3, 1);
  block(run, 3, 2);
  const auto cuts = cuts_of(run);
  ASSERT_EQ(cuts.size(), 1u);
  EXPECT_EQ(cuts[0].text, "3 > 1 2");
  EXPECT_TRUE(cuts[0].one_way);
  EXPECT_EQ(cuts[0].gaps, (std::vector<size_t>{1}));
}

// Nodes 1 and 3 do not hear each other, 2 hears both: no sides, but a link.
TEST(Cuts, ABridgeIsALinkThatIsCut) {
  picture::Run run = nodes(3);
  part(run, {1}, {3});
  const auto cuts = cuts_of(run);
  ASSERT_EQ(cuts.size(), 1u);
  EXPECT_EQ(cuts[0].text, "1 | 3");
  EXPECT_EQ(cuts[0].gaps, (std::vector<size_t>{0, 1}));
}

TEST(Cuts, WhatChangesIsSaidAnew) {
  picture::Run run = nodes(3);
  part(run, {1}, {2, 3}, {100, 300});
  part(run, {2}, {3}, {200, 400});
  const auto cuts = cuts_of(run);
  ASSERT_EQ(cuts.size(), 3u);
  EXPECT_EQ(cuts[0].text, "1 | 2 3");
  EXPECT_EQ(cuts[1].text, "1 | 2 | 3");
  EXPECT_EQ(cuts[1].span, (Span{200, 300}));
  EXPECT_EQ(cuts[2].text, "2 | 3");
}

TEST(Cuts, OverlappingSpansOfOneLinkAreOne) {
  picture::Run run = nodes(2);
  block(run, 1, 2, {100, 300});
  block(run, 1, 2, {200, 400});
  block(run, 2, 2, {0, 50});     // no link
  block(run, 2, 1, {500, 500});  // no time
  const auto cuts = cuts_of(run);
  ASSERT_EQ(cuts.size(), 1u);
  EXPECT_EQ(cuts[0].span, (Span{100, 400}));
}

}  // namespace
}  // namespace coterie::picture
