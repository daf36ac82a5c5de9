// Whole nodes in a simulated world, in what does not come about every day.
#include "coterie/node/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/node/node_test_util.h"

namespace coterie::node::testing {
namespace {

using ::testing::HasSubstr;

uint64_t follower(NodeCluster& cluster) { return cluster.leader() == 1 ? 2 : 1; }

TEST(Node, SaysWhenItsDiskIsFullAndWhenItHasRoom) {
  NodeCluster cluster(1);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.leader() != 0; }));
  cluster.fill(1, 3);
  cluster.disk(1).set_capacity(cluster.disk(1).used_bytes());
  for (int i = 0; i < 60 && !cluster.at(1)->node()->status().disk_full; ++i) {
    (void)cluster.set(1, "key", std::string(4'000, 'x'));
  }
  EXPECT_TRUE(cluster.at(1)->node()->status().disk_full);
  cluster.disk(1).set_capacity(uint64_t{1} << 40);
  ASSERT_TRUE(cluster.run_until([&] { return !cluster.at(1)->node()->status().disk_full; }));
  EXPECT_TRUE(cluster.set(1, "key", "value"));
}

TEST(Node, IsGivenUpAfterAnUncleanStopUnderAWeakerModeAndReturnsAsANewReplica) {
  NodeCluster cluster(3);
  cluster.options.log.fsync = store::FsyncMode::never;
  for (const uint64_t id : {1u, 2u, 3u}) {
    cluster.simulation.crash(NodeId(id));
    cluster.simulation.start(NodeId(id));
  }
  ASSERT_TRUE(cluster.run_until([&] { return cluster.leader() != 0; }));
  cluster.fill(1, 5);
  const uint64_t id = follower(cluster);
  const std::string replica = cluster.at(id)->node()->status().replica;
  const uint64_t unclean = reached("node: an unclean stop under a weaker fsync mode");
  const uint64_t given_up = reached("node: a replica given up, its data kept");
  cluster.simulation.crash(NodeId(id));
  cluster.simulation.start(NodeId(id));
  EXPECT_GT(reached("node: an unclean stop under a weaker fsync mode"), unclean);
  EXPECT_GT(reached("node: a replica given up, its data kept"), given_up);
  EXPECT_EQ(cluster.replica(id), nullptr);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.replica(id) && cluster.agree(); }));
  EXPECT_NE(cluster.at(id)->node()->status().replica, replica);
  EXPECT_TRUE(cluster.set(id, "key", "value"));
}

TEST(Node, WarnsOfTwoThatSayTheyAreOne) {
  NodeCluster cluster(3);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.leader() != 0; }));
  cluster.fill(1, 1);
  Hello other;
  other.node = NodeId(2);
  other.replica = ReplicaId{{7, 7}};
  const uint64_t before = reached("node: two replicas say they are one node");
  cluster.simulation.poke(NodeId(1), [&] {
    PayloadBuilder frame;
    for (const Payload& part : encode_frame(NodeMessage{other})) frame.append(part.view());
    cluster.at(1)->on_frame(NodeId(2), frame.take());
  });
  cluster.simulation.run_for(seconds(1));
  EXPECT_GT(reached("node: two replicas say they are one node"), before);
  const auto& lines = cluster.simulation.log_lines();
  EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const sim::LogLine& line) {
    return line.text.find("two processes say they are node 2") != std::string::npos;
  }));
  EXPECT_EQ(cluster.replica(1)->raft().membership().members.size(), 3u);
  EXPECT_TRUE(cluster.set(2, "key", "value"));
}

TEST(Node, ASessionThatIsSilentIsClosedAndItsNodeOpensAnother) {
  NodeCluster cluster(3);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.leader() != 0; }));
  const uint64_t id = follower(cluster);
  ASSERT_TRUE(cluster.set(id, "key", "value"));
  ASSERT_TRUE(cluster.set(cluster.leader(), "key", "value"));
  const uint64_t closed = reached("replica: a silent session closed");
  const uint64_t found = reached("session: found closed in a snapshot");
  cluster.simulation.partition({NodeId(id)});
  cluster.simulation.run_for(seconds(40));
  EXPECT_GT(reached("replica: a silent session closed"), closed);
  // It hears of that from a snapshot only.
  cluster.fill(cluster.leader(), 60);
  cluster.simulation.heal();
  ASSERT_TRUE(cluster.run_until([&] { return cluster.agree(); }));
  EXPECT_GT(reached("session: found closed in a snapshot"), found);
  EXPECT_TRUE(cluster.set(id, "key", "value"));
}

// Blocks are lost on the way: the leader refuses what would leave a gap, and each counts once.
TEST(Node, WhatIsLostOnTheWayIsSentAgainInOrder) {
  NodeCluster cluster(3);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.leader() != 0; }));
  const uint64_t id = follower(cluster);
  ASSERT_TRUE(cluster.set(id, "key", "value"));
  const uint64_t before = reached("intake: a gap refused");
  sim::LinkOptions lossy;
  lossy.loss_probability = 0.2;
  cluster.simulation.set_links(lossy);
  std::vector<Ticket> tickets;
  for (int i = 0; i < 300; ++i) {
    cluster.simulation.poke(NodeId(id), [&] {
      const std::vector<std::string_view> args{"counter"};
      tickets.push_back(cluster.at(id)->node()->write(*state::find_command("incr"), 0, args));
    });
    cluster.simulation.run_for(milliseconds(2));
  }
  cluster.simulation.set_links({});
  ASSERT_TRUE(cluster.run_until([&] { return cluster.at(id)->replies.contains(tickets.back()); }));
  for (size_t i = 0; i < tickets.size(); ++i) {
    EXPECT_EQ(cluster.at(id)->replies[tickets[i]], ":" + std::to_string(i + 1) + "\r\n");
  }
  EXPECT_GT(reached("intake: a gap refused"), before);
}

TEST(Node, ALongReadIsServedInSlices) {
  NodeCluster cluster(1);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.leader() != 0; }));
  const uint64_t before = reached("reads: a long read in slices");
  std::optional<Ticket> last;
  for (int block = 0; block < 30; ++block) {
    std::vector<std::string> words;
    for (int i = 0; i < 1'000; ++i) {
      words.push_back("key" + std::to_string(block * 1'000 + i));
      words.emplace_back("v");
    }
    const std::vector<std::string_view> args(words.begin(), words.end());
    cluster.simulation.poke(NodeId(1), [&] {
      last = cluster.at(1)->node()->write(*state::find_command("mset"), 0, args);
    });
    cluster.simulation.run_for(milliseconds(5));
  }
  ASSERT_TRUE(cluster.run_until([&] { return cluster.at(1)->replies.contains(*last); }));
  std::optional<Ticket> read;
  cluster.simulation.poke(NodeId(1), [&] {
    const std::vector<std::string_view> args{"*"};
    read = cluster.at(1)->node()->read(*state::find_command("keys"), 0, args, false);
  });
  ASSERT_TRUE(cluster.run_until([&] { return read && cluster.at(1)->replies.contains(*read); }));
  EXPECT_THAT(cluster.at(1)->replies[*read].substr(0, 10), HasSubstr("*30000\r\n"));
  EXPECT_GT(reached("reads: a long read in slices"), before);
}

}  // namespace
}  // namespace coterie::node::testing
