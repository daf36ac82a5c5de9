// The network: frames come whole and in order while a connection lasts, and both ends hear when it
// does not.
#include <algorithm>

#include <gmock/gmock.h>

#include "tests/conformance/probe.h"

namespace coterie::conformance {
namespace {

using Kind = Event::Kind;

std::string numbered(uint64_t number, size_t size_bytes) {
  std::string text = std::to_string(number) + ":";
  const size_t start = text.size();
  text.resize(std::max(size_bytes, start));
  for (size_t i = start; i < text.size(); ++i) {
    text[i] = static_cast<char>((i * 131 + number * 17) >> 3);
  }
  return text;
}

void send(Cluster& cluster, uint64_t from, uint64_t to, std::string_view text) {
  cluster.probe(from).world.network().send(NodeId(to), {Payload::copy_of(text)});
}

TEST_P(NetworkConformance, FramesArriveWholeAndInOrder) {
  Cluster cluster(GetParam(), 2);
  cluster.connect_all();
  std::vector<std::string> sent;
  for (uint64_t turn = 0; turn < 50; ++turn) {
    cluster.in_turn(1, [&] {
      for (uint64_t i = 0; i < 20; ++i) {
        sent.push_back(numbered(turn * 20 + i, (turn * 7919 + i * 104729) % 5000));
        send(cluster, 1, 2, sent.back());
      }
    });
  }
  cluster.until([&] { return cluster.probe(2).count(Kind::frame) >= sent.size(); });
  const std::vector<Payload> frames = cluster.probe(2).frames(NodeId(1));
  ASSERT_EQ(frames.size(), sent.size());
  for (size_t i = 0; i < sent.size(); ++i) ASSERT_EQ(frames[i].view(), sent[i]) << i;
  EXPECT_EQ(cluster.probe(1).count(Kind::frame), 0u);
}

TEST_P(NetworkConformance, ThePartsOfAFrameArriveAsOne) {
  Cluster cluster(GetParam(), 2);
  cluster.connect_all();
  cluster.in_turn(1, [&] {
    world::Network& network = cluster.probe(1).world.network();
    network.send(NodeId(2), {Payload::copy_of("one "), Payload(), Payload::copy_of("frame")});
    network.send(NodeId(2), {});
    network.send(NodeId(2), {Payload::copy_of("end")});
  });
  cluster.until([&] { return cluster.probe(2).count(Kind::frame) == 3; });
  const std::vector<Payload> frames = cluster.probe(2).frames(NodeId(1));
  EXPECT_EQ(frames[0].view(), "one frame");
  EXPECT_EQ(frames[1].view(), "");
  EXPECT_EQ(frames[2].view(), "end");
}

TEST_P(NetworkConformance, LargeFramesArrive) {
  Cluster cluster(GetParam(), 2);
  cluster.connect_all();
  std::vector<std::string> sent;
  for (const size_t size_bytes :
       {size_t{5} << 20, size_t{1}, (size_t{3} << 20) + 1, size_t{65536}}) {
    sent.push_back(numbered(sent.size(), size_bytes));
    cluster.in_turn(1, [&] { send(cluster, 1, 2, sent.back()); });
    cluster.until([&] { return cluster.probe(2).count(Kind::frame) == sent.size(); });
  }
  const std::vector<Payload> frames = cluster.probe(2).frames(NodeId(1));
  for (size_t i = 0; i < sent.size(); ++i) EXPECT_TRUE(frames[i].view() == sent[i]) << i;
}

TEST_P(NetworkConformance, EveryNodeReachesEveryOther) {
  Cluster cluster(GetParam(), 3);
  cluster.connect_all();
  for (uint64_t node = 1; node <= 3; ++node) {
    cluster.in_turn(node, [&] {
      for (uint64_t peer = 1; peer <= 3; ++peer) {
        if (peer != node) send(cluster, node, peer, std::to_string(node) + std::to_string(peer));
      }
    });
  }
  cluster.until([&] {
    for (uint64_t node = 1; node <= 3; ++node) {
      if (cluster.probe(node).count(Kind::frame) < 2) return false;
    }
    return true;
  });
  for (uint64_t node = 1; node <= 3; ++node) {
    for (uint64_t peer = 1; peer <= 3; ++peer) {
      if (peer == node) continue;
      const std::vector<Payload> frames = cluster.probe(node).frames(NodeId(peer));
      ASSERT_EQ(frames.size(), 1u);
      EXPECT_EQ(frames[0].view(), std::to_string(peer) + std::to_string(node));
    }
  }
}

TEST_P(NetworkConformance, ConnectedIsWhatTheLinkEventsSay) {
  Cluster cluster(GetParam(), 2);
  EXPECT_FALSE(cluster.probe(1).world.network().connected(NodeId(2)));
  cluster.connect_all();
  cluster.until([&] { return cluster.probe(1).count(Kind::outgoing_up, NodeId(2)) == 1; });
  EXPECT_EQ(cluster.probe(1).count(Kind::outgoing_down), 0u);
  cluster.kill(2);
  cluster.until([&] {
    return cluster.probe(1).count(Kind::outgoing_down, NodeId(2)) == 1 &&
           cluster.probe(1).count(Kind::incoming_down, NodeId(2)) == 1;
  });
  EXPECT_FALSE(cluster.probe(1).world.network().connected(NodeId(2)));
}

TEST_P(NetworkConformance, ASendWithoutAConnectionIsDropped) {
  Cluster cluster(GetParam(), 2);
  cluster.connect_all();
  cluster.kill(2);
  cluster.until([&] { return !cluster.probe(1).world.network().connected(NodeId(2)); });
  cluster.in_turn(1, [&] { send(cluster, 1, 2, "dropped"); });
  EXPECT_EQ(cluster.probe(1).world.network().queued_bytes(NodeId(2)), 0u);
  cluster.start(2);
  cluster.connect_all();
  cluster.in_turn(1, [&] { send(cluster, 1, 2, "kept"); });
  cluster.until([&] { return cluster.probe(2).count(Kind::frame) > 0; });
  EXPECT_EQ(cluster.probe(2).frames(NodeId(1))[0].view(), "kept");
  cluster.in_turn(1, [&] { send(cluster, 1, 99, "to nobody"); });
  EXPECT_FALSE(cluster.probe(1).world.network().connected(NodeId(99)));
}

TEST_P(NetworkConformance, APeerThatComesBackIsConnectedAgain) {
  Cluster cluster(GetParam(), 3);
  cluster.connect_all();
  for (size_t round = 1; round <= 3; ++round) {
    cluster.kill(3);
    cluster.until([&] {
      return cluster.probe(1).count(Kind::outgoing_down, NodeId(3)) == round &&
             cluster.probe(2).count(Kind::outgoing_down, NodeId(3)) == round;
    });
    cluster.start(3);
    cluster.connect_all();
    cluster.in_turn(1, [&] { send(cluster, 1, 3, "welcome"); });
    cluster.in_turn(3, [&] { send(cluster, 3, 1, "back"); });
    cluster.until([&] {
      return cluster.probe(3).count(Kind::frame, NodeId(1)) == 1 &&
             cluster.probe(1).count(Kind::frame, NodeId(3)) == round;
    });
  }
  EXPECT_EQ(cluster.probe(1).count(Kind::outgoing_down, NodeId(2)), 0u);
}

// While a connection is there, frames are not lost from its beginning or its middle; behind the
// break nothing comes.
TEST_P(NetworkConformance, ABrokenConnectionLosesOnlyItsEnd) {
  Cluster cluster(GetParam(), 2);
  cluster.connect_all();
  for (size_t round = 1; round <= 10; ++round) {
    const size_t before = cluster.probe(2).count(Kind::frame);
    cluster.in_turn(1, [&] {
      for (uint64_t i = 0; i < 50; ++i) send(cluster, 1, 2, numbered(i, 20'000));
    });
    cluster.fixture().break_link(NodeId(1), NodeId(2));
    cluster.until([&] {
      return cluster.probe(1).count(Kind::outgoing_down, NodeId(2)) == round &&
             cluster.probe(2).count(Kind::incoming_down, NodeId(1)) == round;
    });
    const std::vector<Payload> frames = cluster.probe(2).frames(NodeId(1));
    ASSERT_LE(frames.size() - before, 50u);
    for (size_t i = before; i < frames.size(); ++i) {
      ASSERT_TRUE(frames[i].view() == numbered(i - before, 20'000)) << i - before;
    }
    cluster.until(
        [&] { return cluster.probe(1).count(Kind::outgoing_up, NodeId(2)) == round + 1; });
    EXPECT_EQ(cluster.probe(2).count(Kind::frame), frames.size()) << "a frame after the end";
    EXPECT_EQ(cluster.probe(1).world.network().queued_bytes(NodeId(2)), 0u);
    EXPECT_EQ(cluster.probe(2).count(Kind::outgoing_down), 0u)
        << "the other direction is another connection";
  }
  cluster.in_turn(1, [&] { send(cluster, 1, 2, "whole"); });
  cluster.until([&] { return cluster.probe(2).frames(NodeId(1)).back().view() == "whole"; });
}

TEST_P(NetworkConformance, TheQueueOfAStoppedPeerIsBounded) {
  Cluster cluster(GetParam(), 2);
  cluster.connect_all();
  const uint64_t bound = cluster.fixture().queue_bytes_max();
  const size_t frame_bytes = 1u << 20;
  cluster.fixture().pause(NodeId(2));
  world::Network& network = cluster.probe(1).world.network();
  uint64_t sent = 0;
  // Until a frame is dropped: then the queue has no room for it. Kernels hold some MiB more than
  // the queue.
  bool full = false;
  while (!full && sent * frame_bytes < 4 * bound + (256u << 20)) {
    cluster.in_turn(1, [&] {
      send(cluster, 1, 2, numbered(sent++, frame_bytes));
      EXPECT_LE(network.queued_bytes(NodeId(2)), bound);
      full = network.queued_bytes(NodeId(2)) + frame_bytes > bound;
    });
  }
  EXPECT_TRUE(full);
  cluster.in_turn(1, [&] {
    for (int i = 0; i < 20; ++i) send(cluster, 1, 2, numbered(sent++, frame_bytes));
    EXPECT_LE(network.queued_bytes(NodeId(2)), bound);
  });
  cluster.fixture().resume(NodeId(2));
  // A world may also break a connection whose queue is full.
  cluster.until(
      [&] { return network.queued_bytes(NodeId(2)) == 0 && network.connected(NodeId(2)); });
  cluster.in_turn(1, [&] { send(cluster, 1, 2, "last"); });
  cluster.until([&] {
    const std::vector<Payload> frames = cluster.probe(2).frames(NodeId(1));
    return !frames.empty() && frames.back().view() == "last";
  });
  const std::vector<Payload> frames = cluster.probe(2).frames(NodeId(1));
  EXPECT_LT(frames.size(), sent + 1) << "nothing was dropped";
  uint64_t next = 0;
  for (size_t i = 0; i + 1 < frames.size(); ++i) {
    const uint64_t number = std::stoull(std::string(frames[i].view().substr(0, 20)));
    ASSERT_GE(number, next);
    ASSERT_TRUE(frames[i].view() == numbered(number, frame_bytes));
    next = number + 1;
  }
}

TEST_P(NetworkConformance, AStoppedPeerGetsItsFramesWhenItGoesOn) {
  Cluster cluster(GetParam(), 2);
  cluster.connect_all();
  cluster.fixture().pause(NodeId(2));
  for (uint64_t i = 0; i < 20; ++i) {
    cluster.in_turn(1, [&] { send(cluster, 1, 2, numbered(i, 1000)); });
  }
  EXPECT_EQ(cluster.probe(2).count(Kind::frame), 0u);
  cluster.fixture().resume(NodeId(2));
  cluster.until([&] { return cluster.probe(2).count(Kind::frame) == 20; });
  const std::vector<Payload> frames = cluster.probe(2).frames(NodeId(1));
  for (uint64_t i = 0; i < 20; ++i) EXPECT_TRUE(frames[i].view() == numbered(i, 1000));
}

// A burst comes in few turns, so that batches can form.
TEST_P(NetworkConformance, RepliesOfATurnTravelTogether) {
  Cluster cluster(GetParam(), 2);
  cluster.connect_all();
  cluster.probe(2).frame_hook = [&](NodeId from, const Payload& frame) {
    cluster.probe(2).world.network().send(from, {frame});
  };
  cluster.in_turn(1, [&] {
    for (uint64_t i = 0; i < 100; ++i) send(cluster, 1, 2, numbered(i, 100));
  });
  cluster.until([&] { return cluster.probe(1).count(Kind::frame) == 100; });
  const std::vector<Payload> frames = cluster.probe(1).frames(NodeId(2));
  for (uint64_t i = 0; i < 100; ++i) EXPECT_TRUE(frames[i].view() == numbered(i, 100));
}

}  // namespace
}  // namespace coterie::conformance
