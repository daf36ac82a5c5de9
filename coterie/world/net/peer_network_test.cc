// Links between real nodes and with what is no node: dialling again, refusing strangers, keeping
// bounds.
#include "coterie/world/net/peer_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/world/frame.h"
#include "coterie/world/net/loop_for_test.h"
#include "coterie/world/net/preamble.h"

namespace coterie::world {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Node {
  explicit Node(NetOptions options) : world(open_for_test(std::move(options))) {
    world->attach(tenant);
  }
  RecordingTenant tenant;
  std::unique_ptr<NetWorld> world;

  uint16_t port() { return world->peer_port(); }
  void send(uint64_t to, std::string_view text) {
    tenant.in_turn = [this, to, bytes = std::string(text)] {
      world->network().send(NodeId(to), {Payload::copy_of(bytes)});
    };
    world->want_turn();
  }
};

class PeerNetworkTest : public testing::Test {
 protected:
  NetOptions options(uint64_t self) {
    NetOptions result = options_for_test(scratch_, self);
    for (uint64_t node = 1; node <= 3; ++node) result.nodes[NodeId(node)] = loopback(1);
    result.peers.backoff_most = milliseconds(40);
    return result;
  }
  std::string log(uint64_t node) {
    return text_of_file(scratch_.path("log-" + std::to_string(node)));
  }
  bool log_says(NetWorld& world, uint64_t node, const std::string& text) {
    return run_until({&world}, [&] { return log(node).find(text) != std::string::npos; });
  }
  static std::string preamble(uint64_t from, uint64_t to, uint16_t version = peer_protocol_version,
                              uint64_t process = 0) {
    const auto bytes = encode_preamble(
        {.version = version, .from = NodeId(from), .to = NodeId(to), .process = process});
    return {bytes.data(), bytes.size()};
  }
  static std::string frame(std::string_view text) {
    const std::vector<Payload> parts{Payload::copy_of(text)};
    return frame_header(parts).text() + std::string(text);
  }
  static Verdict verdict_of(const std::string& bytes) {
    const auto answer = decode_answer(std::string_view(bytes).substr(0, answer_bytes));
    return answer ? answer->verdict : Verdict{99};
  }

  ScratchDir scratch_;
};

TEST_F(PeerNetworkTest, TwoNodesFindEachOtherAndTalk) {
  Node one(options(1));
  Node two(options(2));
  one.world->set_peer_address(NodeId(2), loopback(two.port()));
  two.world->set_peer_address(NodeId(1), loopback(one.port()));
  run_until({one.world.get(), two.world.get()}, [&] {
    return one.world->network().connected(NodeId(2)) && two.world->network().connected(NodeId(1));
  });
  one.send(2, "hello");
  run_until({one.world.get(), two.world.get()}, [&] { return !two.tenant.frames.empty(); });
  EXPECT_EQ(two.tenant.frames.front(), (std::pair{NodeId(1), std::string("hello")}));
  EXPECT_FALSE(one.world->network().connected(NodeId(1))) << "a node never dials itself";
}

TEST_F(PeerNetworkTest, NamesAreResolved) {
  Node two(options(2));
  NetOptions by_name = options(1);
  by_name.nodes[NodeId(2)] = "localhost:" + std::to_string(two.port());
  Node one(by_name);
  run_until({one.world.get(), two.world.get()},
            [&] { return one.world->network().connected(NodeId(2)); });
}

TEST_F(PeerNetworkTest, ANameThatCannotBeResolvedIsTriedAgainAndLoggedOnce) {
  NetOptions wrong = options(1);
  wrong.nodes[NodeId(2)] = "no-such-host.invalid:7579";
  Node one(wrong);
  log_says(*one.world, 1,
           "cannot reach node 2 at no-such-host.invalid:7579: cannot resolve its name");
  Node two(options(2));
  one.world->set_peer_address(NodeId(2), loopback(two.port()));
  run_until({one.world.get(), two.world.get()},
            [&] { return one.world->network().connected(NodeId(2)); });
}

TEST_F(PeerNetworkTest, TheSameComplaintIsLoggedOnce) {
  Node one(options(1));
  log_says(*one.world, 1, "cannot reach node 3");
  const Instant later = one.world->now().monotonic + milliseconds(300);  // several attempts
  run_until({one.world.get()}, [&] { return one.world->now().monotonic > later; });
  const std::string text = log(1);
  const size_t first = text.find("cannot reach node 2");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("cannot reach node 2", first + 1), std::string::npos) << text;
}

TEST_F(PeerNetworkTest, AfterARestartBothDirectionsComeBack) {
  Node one(options(1));
  auto two = std::make_unique<Node>(options(2));
  NetOptions again = options(2);
  again.listen = loopback(two->port());
  again.nodes[NodeId(1)] = loopback(one.port());
  one.world->set_peer_address(NodeId(2), again.listen);
  two->world->set_peer_address(NodeId(1), loopback(one.port()));
  const auto both = [&] {
    return one.world->network().connected(NodeId(2)) && two->world->network().connected(NodeId(1));
  };
  run_until({one.world.get(), two->world.get()}, both);
  two.reset();
  run_until({one.world.get()}, [&] {
    return one.tenant.count(NodeId(2), LinkChange::outgoing_down) == 1 &&
           one.tenant.count(NodeId(2), LinkChange::incoming_down) == 1;
  });
  EXPECT_FALSE(one.world->network().connected(NodeId(2)));
  two = std::make_unique<Node>(again);
  run_until({one.world.get(), two->world.get()}, both);
  run_until({one.world.get()},
            [&] { return one.tenant.count(NodeId(2), LinkChange::outgoing_up) == 2; });
}

TEST_F(PeerNetworkTest, APeerThatCallsIsCalledBackAtOnce) {
  NetOptions patient = options(1);
  patient.peers.backoff_least = patient.peers.backoff_most = seconds(60);
  Node one(patient);
  log_says(*one.world, 1, "cannot reach node 2");
  const Instant later = one.world->now().monotonic + milliseconds(30);
  run_until({one.world.get()}, [&] { return one.world->now().monotonic > later; });
  NetOptions calling = options(2);
  calling.nodes[NodeId(1)] = loopback(one.port());
  Node two(calling);
  one.world->set_peer_address(NodeId(2), loopback(two.port()));
  run_until({one.world.get(), two.world.get()},
            [&] { return one.world->network().connected(NodeId(2)); });
}

TEST_F(PeerNetworkTest, StrangersAreRefusedAndToldWhy) {
  Node one(options(1));
  const auto refused = [&](const std::string& said, Verdict verdict, const std::string& logged) {
    PlainSocket stranger(one.port());
    stranger.send(said);
    run_until({one.world.get()}, [&] { return stranger.ended(); });
    EXPECT_EQ(stranger.received().size(), answer_bytes);
    EXPECT_EQ(verdict_of(stranger.received()), verdict);
    EXPECT_THAT(log(1), HasSubstr(logged));
  };
  refused(preamble(2, 3), Verdict::other_target, "node 2 wants to reach node 3; this is node 1");
  refused(preamble(9, 1), Verdict::unknown_node,
          "it says it is node 9, which is not in our cluster");
  refused(preamble(1, 1), Verdict::unknown_node, "it says it is node 1, which we are");
  refused(preamble(2, 1, 77), Verdict::other_version,
          "it speaks version 77 of the peer protocol, we speak 2");
  // As the first version did: 24 bytes, and then it waits for an answer.
  refused(preamble(2, 1, 1).substr(0, 24), Verdict::other_version, "it speaks version 1");

  PlainSocket browser(one.port());
  browser.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  run_until({one.world.get()}, [&] { return browser.ended(); });
  EXPECT_EQ(browser.received(), "");
  EXPECT_THAT(log(1), HasSubstr("not a Coterie node"));
  EXPECT_TRUE(one.tenant.links.empty() && one.tenant.frames.empty());
}

TEST_F(PeerNetworkTest, WhoIsRefusedSaysWhyAndKeepsTrying) {
  Node three(options(3));
  NetOptions mistaken = options(1);
  mistaken.nodes[NodeId(2)] = loopback(three.port());
  Node one(mistaken);
  run_until({one.world.get(), three.world.get()}, [&] {
    return log(1).find("refused by node 3: another node answers at that address") !=
           std::string::npos;
  });
  EXPECT_FALSE(one.world->network().connected(NodeId(2)));
  EXPECT_EQ(one.tenant.count(NodeId(2), LinkChange::outgoing_up), 0);
  Node two(options(2));
  one.world->set_peer_address(NodeId(2), loopback(two.port()));
  run_until({one.world.get(), two.world.get(), three.world.get()},
            [&] { return one.world->network().connected(NodeId(2)); });
}

TEST_F(PeerNetworkTest, APeerMayArriveInPieces) {
  Node one(options(1));
  PlainSocket peer(one.port());
  const std::string bytes =
      preamble(2, 1) + frame("first") + frame(std::string(300'000, 'x')) + frame("last");
  size_t sent = 0;
  run_until({one.world.get()}, [&] {
    if (sent < 60) {
      sent += peer.send(bytes.substr(sent, 1));
    } else {
      sent += peer.send(std::string_view(bytes).substr(sent));
    }
    return one.tenant.frames.size() == 3;
  });
  EXPECT_EQ(verdict_of(peer.received()), Verdict::welcome);
  EXPECT_EQ(one.tenant.frames[0].second, "first");
  EXPECT_EQ(one.tenant.frames[1].second.size(), 300'000u);
  EXPECT_EQ(one.tenant.frames[2].second, "last");
  EXPECT_EQ(one.tenant.frames[2].first, NodeId(2));
}

TEST_F(PeerNetworkTest, ADamagedFrameEndsTheConnection) {
  Node one(options(1));
  for (const bool too_long : {false, true}) {
    PlainSocket peer(one.port());
    std::string bad = frame("damaged");
    bad[too_long ? 3 : 9] = '\x7f';
    peer.send(preamble(2, 1) + frame("good") + bad + frame("behind"));
    run_until({one.world.get()}, [&] { return peer.ended(); });
  }
  ASSERT_EQ(one.tenant.frames.size(), 2u) << "nothing behind the damage";
  EXPECT_THAT(log(1), HasSubstr("frame fails its CRC"));
  EXPECT_THAT(log(1), HasSubstr("frame larger than the limit"));
  run_until({one.world.get()},
            [&] { return one.tenant.count(NodeId(2), LinkChange::incoming_down) == 2; });
}

TEST_F(PeerNetworkTest, ANewerConnectionOfAPeerReplacesTheOlder) {
  Node one(options(1));
  PlainSocket older(one.port());
  older.send(preamble(2, 1) + frame("old"));
  run_until({one.world.get()}, [&] { return one.tenant.frames.size() == 1; });
  PlainSocket newer(one.port());
  newer.send(preamble(2, 1) + frame("new"));
  run_until({one.world.get()}, [&] { return one.tenant.frames.size() == 2 && older.ended(); });
  older.send(frame("ghost"));
  newer.send(frame("newest"));
  run_until({one.world.get()}, [&] { return one.tenant.frames.size() == 3; });
  EXPECT_EQ(one.tenant.frames.back().second, "newest");
  EXPECT_EQ(one.tenant.count(NodeId(2), LinkChange::incoming_down), 1) << "the older one";
  newer.close();
  run_until({one.world.get()},
            [&] { return one.tenant.count(NodeId(2), LinkChange::incoming_down) == 2; });
}

TEST_F(PeerNetworkTest, OfTwoProcessesWithOneIdTheLivingOneStays) {
  NetOptions patient = options(1);
  patient.peers.alive_within = milliseconds(300);
  Node one(patient);
  const auto connect = [&](uint64_t process, std::string_view text) {
    auto peer = std::make_unique<PlainSocket>(one.port());
    peer->send(preamble(2, 1, peer_protocol_version, process) + frame(text));
    run_until({one.world.get()}, [&] { return peer->received().size() == answer_bytes; });
    return peer;
  };
  const auto older = connect(7, "old");
  EXPECT_EQ(verdict_of(older->received()), Verdict::welcome);
  const auto newcomer = connect(8, "new");
  EXPECT_EQ(verdict_of(newcomer->received()), Verdict::taken);
  run_until({one.world.get()}, [&] { return newcomer->ended(); });
  EXPECT_FALSE(older->ended());
  EXPECT_THAT(log(1), HasSubstr("it says it is node 2, as does 127.0.0.1:"));

  // The same process dials again when it has lost its connection, whether we know it or not.
  const auto again = connect(7, "again");
  EXPECT_EQ(verdict_of(again->received()), Verdict::welcome);
  // Each sign of life counts; and what has shown none for long enough is given up.
  const Instant silent_since = one.world->now().monotonic + milliseconds(400);
  run_until({one.world.get()}, [&] {
    again->send(frame("alive"));
    return one.world->now().monotonic > silent_since;
  });
  EXPECT_EQ(verdict_of(connect(8, "new")->received()), Verdict::taken);
  const Instant later = one.world->now().monotonic + milliseconds(320);
  run_until({one.world.get()}, [&] { return one.world->now().monotonic > later; });
  const auto heir = connect(8, "heir");
  EXPECT_EQ(verdict_of(heir->received()), Verdict::welcome);
  run_until({one.world.get()}, [&] { return one.tenant.frames.back().second == "heir"; });
  EXPECT_TRUE(again->ended());
}

// Nodes 1 and 3, and a second node 2 beside the first.
class TakenIdTest : public PeerNetworkTest {
 protected:
  NetOptions second_two() {
    NetOptions result = options_for_test(scratch_, 2);
    result.data_dir = scratch_.path("data-second");
    result.log.file = scratch_.path("log-second");
    result.nodes = {{NodeId(1), loopback(one_.port())},
                    {NodeId(2), loopback(1)},
                    {NodeId(3), loopback(three_.port())}};
    result.peers.backoff_most = milliseconds(40);
    result.peers.taken_patience = milliseconds(400);
    return result;
  }
  void connect_first() {
    first_.world->set_peer_address(NodeId(1), loopback(one_.port()));
    first_.world->set_peer_address(NodeId(3), loopback(three_.port()));
    run_until({one_.world.get(), three_.world.get(), first_.world.get()}, [&] {
      return first_.world->network().connected(NodeId(1)) &&
             first_.world->network().connected(NodeId(3));
    });
  }

  NetOptions judging(uint64_t self) {
    NetOptions result = options(self);
    result.peers.alive_within = milliseconds(300);
    return result;
  }

  Node one_{judging(1)};
  Node three_{judging(3)};
  Node first_{options(2)};
};

TEST_F(TakenIdTest, TheNewcomerEndsAndSaysWhatToDo) {
  connect_first();
  Node second(second_two());
  uint64_t turns = 0;
  const Instant start = second.world->now().monotonic;
  run_until({one_.world.get(), three_.world.get(), first_.world.get(), second.world.get()}, [&] {
    first_.send(turns++ % 2 == 0 ? 1 : 3, "alive");
    return second.world->ended().has_value();
  });
  ASSERT_TRUE(second.world->ended());
  EXPECT_EQ(second.world->ended()->exit_code, 78);
  EXPECT_EQ(second.world->ended()->reason,
            "node 2 is taken: 2 of its 2 peers are connected to another process with this id. Stop "
            "that one first, or give this one its own --node");
  EXPECT_GE(second.world->now().monotonic - start, milliseconds(400)) << "not at the first answer";
  EXPECT_TRUE(second.tenant.links.empty());
  EXPECT_EQ(first_.tenant.count(NodeId(1), LinkChange::outgoing_down), 0);
  EXPECT_EQ(one_.tenant.count(NodeId(2), LinkChange::incoming_down), 0);
  EXPECT_FALSE(first_.world->ended());
}

TEST_F(TakenIdTest, WhoComesBackOutlastsItsOldConnections) {
  connect_first();
  // The first one dies without a word: its connections stay, and it is silent.
  NetOptions again = second_two();
  again.peers.taken_patience = seconds(5);
  Node second(again);
  run_until({one_.world.get(), three_.world.get(), second.world.get()}, [&] {
    return second.world->network().connected(NodeId(1)) &&
           second.world->network().connected(NodeId(3));
  });
  EXPECT_THAT(text_of_file(again.log.file), HasSubstr("another process that says it is this node"));
  EXPECT_FALSE(second.world->ended());
}

TEST_F(TakenIdTest, WhomOnePeerWelcomesStays) {
  NetOptions wanted = second_two();
  first_.world->set_peer_address(NodeId(1), loopback(one_.port()));
  run_until({one_.world.get(), first_.world.get()},
            [&] { return first_.world->network().connected(NodeId(1)); });
  Node second(wanted);
  run_until({three_.world.get(), second.world.get()},
            [&] { return second.world->network().connected(NodeId(3)); });
  const Instant later = second.world->now().monotonic + milliseconds(600);
  run_until({one_.world.get(), three_.world.get(), first_.world.get(), second.world.get()}, [&] {
    first_.send(1, "alive");
    return second.world->now().monotonic > later;
  });
  EXPECT_THAT(text_of_file(wanted.log.file), HasSubstr("refused by node 1"));
  EXPECT_FALSE(second.world->ended());
}

TEST_F(PeerNetworkTest, TheNamelessAreFewAndNotForLong) {
  NetOptions strict = options(1);
  strict.peers.unidentified_max = 3;
  strict.peers.identify_timeout = milliseconds(100);
  Node one(strict);
  std::vector<std::unique_ptr<PlainSocket>> silent;
  for (int i = 0; i < 3; ++i) silent.push_back(std::make_unique<PlainSocket>(one.port()));
  PlainSocket fourth(one.port());
  run_until({one.world.get()}, [&] { return fourth.ended(); });
  for (const auto& socket : silent) EXPECT_FALSE(socket->ended());
  run_until({one.world.get()}, [&] {
    return std::all_of(silent.begin(), silent.end(),
                       [](const auto& socket) { return socket->ended(); });
  });
  EXPECT_THAT(log(1), HasSubstr("it did not say who it is"));
  PlainSocket peer(one.port());
  peer.send(preamble(2, 1) + frame("x"));
  run_until({one.world.get()}, [&] { return one.tenant.frames.size() == 1; });
}

TEST_F(PeerNetworkTest, AFullQueueBreaksTheLinkAndItComesBack) {
  Node two(options(2));
  NetOptions small = options(1);
  small.nodes[NodeId(2)] = loopback(two.port());
  small.peers.queue_bytes_max = 1u << 20;
  Node one(small);
  run_until({one.world.get(), two.world.get()},
            [&] { return one.world->network().connected(NodeId(2)); });
  const std::string large(400'000, 'x');
  run_until({one.world.get()}, [&] {
    EXPECT_LE(one.world->network().queued_bytes(NodeId(2)), small.peers.queue_bytes_max);
    one.send(2, large);
    return one.tenant.count(NodeId(2), LinkChange::outgoing_down) == 1;
  });
  EXPECT_THAT(log(1), HasSubstr("lost the connection to node 2"));
  EXPECT_THAT(log(1), HasSubstr("bytes wait for it"));
  EXPECT_EQ(one.world->network().queued_bytes(NodeId(2)), 0u);
  run_until({one.world.get(), two.world.get()},
            [&] { return one.world->network().connected(NodeId(2)); });
  one.send(2, "after");
  run_until({one.world.get(), two.world.get()}, [&] {
    return !two.tenant.frames.empty() && two.tenant.frames.back().second == "after";
  });
}

// What a port without a process behind it does: the kernel accepts, nobody answers.
TEST_F(PeerNetworkTest, AListeningSocketAloneIsNoPeer) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), 0);
  NetOptions impatient = options(1);
  impatient.nodes[NodeId(2)] = loopback(ntohs(address.sin_port));
  impatient.peers.attempt_timeout = milliseconds(50);
  Node one(impatient);
  log_says(*one.world, 1,
           "cannot reach node 2 at " + impatient.nodes[NodeId(2)] + ": it does not answer");
  EXPECT_FALSE(one.world->network().connected(NodeId(2)));
  EXPECT_EQ(one.tenant.count(NodeId(2), LinkChange::outgoing_up), 0);
  ::close(listener);
}

TEST_F(PeerNetworkTest, ALinkThatBreaksAtOnceIsNotDialledInARush) {
  NetOptions slow = options(1);
  slow.peers.backoff_least = milliseconds(20);
  slow.peers.backoff_most = seconds(1);
  Node two(options(2));
  slow.nodes[NodeId(2)] = loopback(two.port());
  Node one(slow);
  const Instant start = one.world->now().monotonic;
  for (int round = 1; round <= 4; ++round) {
    run_until({one.world.get(), two.world.get()},
              [&] { return one.tenant.count(NodeId(2), LinkChange::outgoing_up) == round; });
    one.world->break_link(NodeId(2));
  }
  // Three waits of at least 10, 20 and 40 ms.
  EXPECT_GE(one.world->now().monotonic, start + milliseconds(70));
}

}  // namespace
}  // namespace coterie::world
