// Founding: once, by one, and never beside a cluster that is there.
#include "coterie/node/founding.h"

#include <gtest/gtest.h>

#include "coterie/base/codec.h"

namespace coterie::node {
namespace {

const std::vector<NodeId> three{NodeId(1), NodeId(2), NodeId(3)};

ReplicaId replica(uint64_t n) { return ReplicaId{{0, n}}; }
ClusterId cluster(uint64_t n) { return ClusterId{{0, n}}; }

Hello hello(uint64_t node, uint64_t of_replica, const std::vector<NodeId>& named = three) {
  Hello hello;
  hello.node = NodeId(node);
  hello.replica = replica(of_replica);
  hello.named = named;
  return hello;
}

Hello founded_hello(uint64_t node, const FoundingRecord& record) {
  Hello says = hello(node, node);
  says.cluster = record.cluster;
  says.founding = to_wire(record).text();
  return says;
}

TEST(Founding, TheLeastIdFoundsWhenAllAreThereAndEmpty) {
  Founding first(NodeId(1), replica(1), three);
  EXPECT_FALSE(first.may_found());
  first.heard(hello(2, 2));
  EXPECT_FALSE(first.may_found());
  EXPECT_EQ(first.waiting_for(), "waiting to hear from node 3");
  first.heard(hello(3, 3));
  ASSERT_TRUE(first.may_found());
  const FoundingRecord record = first.found(cluster(9));
  EXPECT_EQ(record.membership.voters(), 3u);
  EXPECT_EQ(record.membership.find(NodeId(3))->replica, replica(3));

  Founding second(NodeId(2), replica(2), three);
  second.heard(hello(1, 1));
  second.heard(hello(3, 3));
  EXPECT_FALSE(second.may_found());
  EXPECT_FALSE(second.invitation());
  second.heard(founded_hello(1, record));
  ASSERT_TRUE(second.invitation());
  EXPECT_EQ(second.invitation()->cluster, cluster(9));
}

TEST(Founding, NotBesideAClusterThatIsThere) {
  Founding first(NodeId(1), replica(1), three);
  first.heard(hello(2, 2));
  first.heard(hello(3, 3));
  const FoundingRecord record = first.found(cluster(9));
  // Node 1's disk is wiped: it is another replica now, and the others are not empty.
  Founding wiped(NodeId(1), replica(10), three);
  wiped.heard(founded_hello(2, record));
  wiped.heard(hello(3, 3));
  EXPECT_FALSE(wiped.may_found());
  EXPECT_FALSE(wiped.invitation());
  EXPECT_EQ(wiped.waiting_for(), "waiting to be taken in by the cluster of node 2");
  ASSERT_TRUE(wiped.record_of(NodeId(2)));
  EXPECT_FALSE(wiped.record_of(NodeId(3)));
}

TEST(Founding, OthersMustNameTheSameNodes) {
  Founding first(NodeId(1), replica(1), three);
  first.heard(hello(2, 2));
  first.heard(hello(3, 3, {NodeId(1), NodeId(3)}));
  EXPECT_FALSE(first.may_found());
  EXPECT_EQ(first.waiting_for(), "node 3 was started with other nodes in --cluster");
}

TEST(Founding, ASingleNodeFoundsAtOnce) {
  Founding alone(NodeId(4), replica(1), {NodeId(4)});
  ASSERT_TRUE(alone.may_found());
  EXPECT_EQ(alone.found(cluster(1)).membership.voters(), 1u);
}

TEST(Founding, AMalformedRecordIsNoInvitation) {
  Founding second(NodeId(2), replica(2), three);
  Hello bad = hello(1, 1);
  bad.cluster = cluster(9);
  bad.founding = "not a record";
  second.heard(bad);
  EXPECT_FALSE(second.invitation());
}

TEST(Founding, NotBesideDataThatWereGivenUp) {
  Founding first(NodeId(1), replica(1), three);
  first.heard(hello(2, 2));
  Hello third = hello(3, 3);
  third.given_up = true;
  third.former = cluster(9);
  first.heard(third);
  EXPECT_FALSE(first.may_found());
  EXPECT_EQ(first.waiting_for(), "waiting for node 3, whose data are not empty");

  Founding itself(NodeId(1), replica(1), three, true);
  itself.heard(hello(2, 2));
  itself.heard(hello(3, 3));
  EXPECT_FALSE(itself.may_found());
  EXPECT_NE(itself.waiting_for().find("coterie recover"), std::string::npos);
}

}  // namespace
}  // namespace coterie::node
