#include "coterie/torture/fault_schedule.h"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coterie::torture {
namespace {

using testing::HasSubstr;

std::vector<ScheduledFault> schedule(uint64_t seed, uint64_t nodes = 3,
                                     Duration duration = seconds(60), const char* kinds = "all") {
  return draw_schedule({.seed = seed,
                        .nodes = nodes,
                        .duration = duration,
                        .kinds = parse_fault_kinds(kinds).value()});
}

TEST(FaultSchedule, IsTheSeedsAndNoOthers) {
  EXPECT_EQ(schedule(1), schedule(1));
  EXPECT_NE(schedule(1), schedule(2));
}

TEST(FaultSchedule, KeepsItsRules) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const uint64_t nodes = 1 + seed % 9;
    const std::vector<ScheduledFault> all = schedule(seed, nodes);
    std::map<bool, Duration> row_end;
    Duration before;
    for (const ScheduledFault& fault : all) {
      SCOPED_TRACE(describe(fault));
      EXPECT_GE(fault.start, before);
      before = fault.start;
      EXPECT_GT(fault.length, Duration{});
      EXPECT_LE(fault.start + fault.length, seconds(60));
      EXPECT_FALSE(fault.nodes.empty());
      EXPECT_GE(*fault.nodes.begin(), 1u);
      EXPECT_LE(*fault.nodes.rbegin(), nodes);
      EXPECT_GT(fault.start, row_end[is_of_links(fault.kind)]) << "one fault of a row at a time";
      row_end[is_of_links(fault.kind)] = fault.start + fault.length;
      if (fault.kind == FaultKind::kill || fault.kind == FaultKind::pause) {
        EXPECT_LE(fault.nodes.size(), std::max<uint64_t>(1, (nodes - 1) / 2)) << "a minority";
      }
      EXPECT_TRUE(bears(nodes, fault.kind));
    }
  }
}

TEST(FaultSchedule, AWipeIsAlone) {
  size_t wipes = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const std::vector<ScheduledFault> all = schedule(seed, 3 + seed % 3);
    for (const ScheduledFault& wipe : all) {
      if (wipe.kind != FaultKind::wipe) continue;
      ++wipes;
      EXPECT_EQ(wipe.nodes.size(), 1u);
      for (const ScheduledFault& other : all) {
        if (other == wipe) continue;
        const bool apart = other.start >= wipe.start + wipe.length + seconds(1) ||
                           other.start + other.length <= wipe.start - milliseconds(500);
        EXPECT_TRUE(apart) << seed << ": " << describe(wipe) << " and " << describe(other);
      }
    }
  }
  EXPECT_GT(wipes, 300u);
}

TEST(FaultSchedule, AShortRunHasEveryKind) {
  size_t complete = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    std::set<FaultKind> seen;
    for (const ScheduledFault& fault : schedule(seed, 3, seconds(20))) seen.insert(fault.kind);
    complete += seen.size() == fault_kinds ? 1 : 0;
  }
  EXPECT_GT(complete, 50u);
}

TEST(FaultSchedule, SmallClustersAreSparedWhatTheyCannotBear) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    for (const ScheduledFault& fault : schedule(seed, 1)) {
      EXPECT_FALSE(is_of_links(fault.kind));
      EXPECT_NE(fault.kind, FaultKind::wipe);
    }
    for (const ScheduledFault& fault : schedule(seed, 2)) EXPECT_NE(fault.kind, FaultKind::wipe);
  }
}

TEST(FaultSchedule, OneDiskAloneIsFilled) {
  std::set<uint64_t> full;
  for (const ScheduledFault& fault : schedule(3, 5, seconds(600), "full"))
    full.insert(fault.nodes.begin(), fault.nodes.end());
  EXPECT_EQ(full.size(), 1u);
}

TEST(FaultSchedule, HalfOfTheKillsPausesAndCutsAim) {
  std::map<FaultKind, std::pair<size_t, size_t>> aimed_and_all;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    for (const ScheduledFault& fault : schedule(seed, 5)) {
      auto& [aimed, all] = aimed_and_all[fault.kind];
      aimed += fault.aimed ? 1 : 0;
      all += 1;
      EXPECT_EQ(fault.leader, 0u) << "that is known when it strikes";
    }
    for (const ScheduledFault& fault : schedule(seed, 1)) EXPECT_FALSE(fault.aimed);
  }
  const std::set<FaultKind> aiming{FaultKind::kill, FaultKind::pause, FaultKind::wipe,
                                   FaultKind::cut, FaultKind::one_way};
  for (const auto& [kind, counts] : aimed_and_all) {
    const double share = static_cast<double>(counts.first) / static_cast<double>(counts.second);
    EXPECT_NEAR(share, aiming.contains(kind) ? 0.5 : 0, aiming.contains(kind) ? 0.1 : 0)
        << fault_kind_name(kind);
  }
}

TEST(FaultSchedule, WhatIsAimedStrikesTheLeader) {
  const ScheduledFault planned{
      .kind = FaultKind::kill, .length = seconds(1), .nodes = {2, 4}, .aimed = true};
  EXPECT_EQ(describe_deed(planned), "kill nodes 2 4, aimed at the leader");
  const ScheduledFault another = struck_at(planned, 3);
  EXPECT_EQ(another.nodes, (std::set<uint64_t>{3, 4}));
  EXPECT_EQ(describe_deed(another), "kill nodes 3 (leader) 4");
  const ScheduledFault one_of_them = struck_at(planned, 4);
  EXPECT_EQ(one_of_them.nodes, planned.nodes);
  EXPECT_EQ(describe_deed(one_of_them), "kill nodes 2 4 (leader)");
  EXPECT_EQ(describe(one_of_them), "+0.0 s for 1.0 s: kill nodes 2 4 (leader)");
  EXPECT_EQ(describe_deed(struck_at(planned, 0)), "kill nodes 2 4") << "nobody leads";
  ScheduledFault blind = planned;
  blind.aimed = false;
  EXPECT_EQ(struck_at(blind, 3), blind);
}

TEST(FaultKinds, AreReadFromTheirNames) {
  EXPECT_EQ(parse_fault_kinds("all").value().size(), fault_kinds);
  EXPECT_TRUE(parse_fault_kinds("none").value().empty());
  EXPECT_EQ(parse_fault_kinds("kill,one-way").value(),
            (std::set{FaultKind::kill, FaultKind::one_way}));
  const auto but = parse_fault_kinds("all-but-wipe,full").value();
  EXPECT_EQ(but.size(), fault_kinds - 2);
  EXPECT_FALSE(but.contains(FaultKind::wipe));
  for (const char* wrong : {"", "kil", "kill,,cut", "all,kill", "all-but-", "all-but-x"}) {
    const auto none = parse_fault_kinds(wrong);
    ASSERT_FALSE(none) << wrong;
    EXPECT_THAT(none.error().message, HasSubstr("one-way"));
  }
}

TEST(FaultKinds, AreToldInWords) {
  std::string all;
  for (const ScheduledFault& fault : schedule(5, 5, seconds(600))) all += describe(fault) + "\n";
  for (const char* words :
       {"kill node", "kill all nodes", "pause node", "empty its folder", "sync of node",
        "disk of node", "cut node", "nothing reach node", "nothing leave node", "delay what",
        "kB/s to and from node", "refuse connections of node", "losing what is sent"})
    EXPECT_THAT(all, HasSubstr(words));
  for (size_t i = 0; i < fault_kinds; ++i)
    EXPECT_FALSE(fault_kind_help(static_cast<FaultKind>(i)).empty());
}

}  // namespace
}  // namespace coterie::torture
