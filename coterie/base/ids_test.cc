#include "coterie/base/ids.h"

#include <type_traits>
#include <unordered_set>

#include <gtest/gtest.h>

namespace coterie {
namespace {

static_assert(!std::is_convertible_v<Term, Index>, "a term is never an index");
static_assert(!std::is_convertible_v<uint64_t, Term>,
              "a number becomes an identity only on purpose");
static_assert(!std::is_convertible_v<ClusterId, ReplicaId>, "a replica is never a cluster");

TEST(Ids, OrderAndSteps) {
  EXPECT_LT(Index(3), Index(4));
  EXPECT_EQ(Index(3).next(), Index(4));
  EXPECT_EQ(Index(3).previous(), Index(2));
  EXPECT_EQ(Index(3) + 4, Index(7));
  EXPECT_EQ(Index(7) - 4, Index(3));
}

TEST(Ids, ADifferenceHasASign) {
  EXPECT_EQ(Index(3) - Index(7), -4);
  EXPECT_EQ(Index(7) - Index(3), 4);
}

TEST(Ids, ZeroMeansNone) {
  EXPECT_FALSE(Term());
  EXPECT_TRUE(Term(1));
  EXPECT_FALSE(ReplicaId());
  ReplicaId low_only;
  low_only.low = 1;
  EXPECT_TRUE(low_only);
}

TEST(Ids, PrintAsNumbersAndIdentitiesAsHex) {
  EXPECT_EQ(fmt::format("term {}", Term(18446744073709551615u)), "term 18446744073709551615");
  ClusterId cluster;
  cluster.high = 0xabc;
  cluster.low = 1;
  EXPECT_EQ(cluster.text(), "0000000000000abc0000000000000001");
}

TEST(Ids, IdentitiesCompareByHighThenLow) {
  ReplicaId a, b;
  a.high = 1, a.low = 9;
  b.high = 2, b.low = 0;
  EXPECT_LT(a, b);
  b.high = 1;
  EXPECT_GT(a, b);
}

TEST(Ids, CanBeHashed) {
  std::unordered_set<NodeId> nodes{NodeId(1), NodeId(2), NodeId(1)};
  EXPECT_EQ(nodes.size(), 2u);
}

}  // namespace
}  // namespace coterie
