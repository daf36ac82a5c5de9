// The entries in memory, and the memberships that stand in them.
#include "coterie/protocol/raft/log_memory.h"

#include <gtest/gtest.h>

#include "coterie/protocol/raft/lone_machine.h"
#include "coterie/protocol/raft/membership_log.h"

namespace coterie::raft {
namespace {

LogMemory filled(uint64_t entries) {
  LogMemory log;
  for (uint64_t i = 1; i <= entries; ++i) log.append(entry_of(Term(1 + i / 4), Index(i)));
  return log;
}

TEST(LogMemory, StartsBehindItsBase) {
  const LogMemory log(Index(7), Term(3));
  EXPECT_EQ(log.first(), Index(8));
  EXPECT_EQ(log.last(), Index(7));
  EXPECT_EQ(log.last_term(), Term(3));
  EXPECT_EQ(log.term_at(Index(7)), Term(3));
  EXPECT_EQ(log.term_at(Index(6)), Term(0));
  EXPECT_EQ(log.term_at(Index(8)), Term(0));
  EXPECT_EQ(log.at(Index(7)), nullptr);
}

TEST(LogMemory, CountsItsBytesThroughEveryChange) {
  LogMemory log = filled(10);
  const uint64_t one = entry_header_bytes + 1;
  EXPECT_EQ(log.bytes(), 10 * one);
  log.truncate(Index(9));
  EXPECT_EQ(log.bytes(), 8 * one);
  log.drop_before(Index(4));
  EXPECT_EQ(log.bytes(), 5 * one);
  log.reset(Index(20), Term(9));
  EXPECT_EQ(log.bytes(), 0U);
  EXPECT_EQ(log.last(), Index(20));
}

TEST(LogMemory, KeepsTheTermOfTheLastItDropped) {
  LogMemory log = filled(10);
  log.drop_before(Index(9));
  EXPECT_EQ(log.first(), Index(9));
  EXPECT_EQ(log.term_at(Index(8)), Term(3));
  log.drop_before(Index(11));
  EXPECT_EQ(log.last(), Index(10));
  EXPECT_EQ(log.last_term(), Term(3));
  log.append(entry_of(Term(3), Index(11)));
  EXPECT_EQ(log.at(Index(11))->index, Index(11));
}

TEST(LogMemory, CountsTruncationsOnlyWhenSomethingWasCut) {
  LogMemory log = filled(3);
  log.truncate(Index(4));
  EXPECT_EQ(log.truncations(), 0U);
  log.truncate(Index(3));
  EXPECT_EQ(log.truncations(), 1U);
}

TEST(LogMemoryDeathTest, RefusesAGapAndAFallingTerm) {
  LogMemory log = filled(3);
  EXPECT_DEATH(log.append(entry_of(Term(1), Index(5))), "invariant broken");
  EXPECT_DEATH(log.append(entry_of(Term(0), Index(4))), "invariant broken");
}

TEST(MembershipLog, TheLatestIsInForceAndMayBeTakenBack) {
  MembershipLog log(Index(), voters(3));
  log.append(Index(5), voters(2));
  log.append(Index(9), voters(4));
  EXPECT_EQ(log.latest(), voters(4));
  EXPECT_EQ(log.at(Index(8)), voters(2));
  EXPECT_EQ(log.at(Index(4)), voters(3));
  log.truncate(Index(9));
  EXPECT_EQ(log.latest(), voters(2));
  EXPECT_EQ(log.latest_index(), Index(5));
  log.drop_before(Index(6));
  EXPECT_EQ(log.at(Index(6)), voters(2));
  log.reset(Index(30), voters(1));
  EXPECT_EQ(log.latest(), voters(1));
}

}  // namespace
}  // namespace coterie::raft
