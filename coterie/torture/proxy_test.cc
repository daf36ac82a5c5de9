#include "coterie/torture/proxy.h"

#include <cerrno>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/process/process.h"
#include "coterie/torture/socket_for_test.h"

namespace coterie::torture {
namespace {

using process::monotonic_now;

// A listener, a link to it, and connections through it.
class ProxyTest : public testing::Test {
 protected:
  struct Both {
    TestSocket dialler, target;
  };

  void SetUp() override {
    Result<std::unique_ptr<Proxy>> proxy = Proxy::start(1);
    ASSERT_TRUE(proxy) << proxy.error().message;
    proxy_ = *std::move(proxy);
    port_ = proxy_->add(ports_, listener_.port()).value();
  }

  Both connect() const {
    Both both;
    both.dialler = TestSocket::connect(port_);
    both.target = listener_.accept();
    return both;
  }

  // From sending at one side to its arrival at the other.
  static Duration travel(const TestSocket& from, const TestSocket& to, const std::string& bytes) {
    const Instant sent = monotonic_now();
    EXPECT_TRUE(from.send(bytes));
    EXPECT_EQ(to.receive(bytes.size()), bytes);
    return monotonic_now() - sent;
  }

  Ports ports_{static_cast<uint64_t>(monotonic_now().ns)};
  TestSocket listener_ = TestSocket::listen();
  std::unique_ptr<Proxy> proxy_;
  uint16_t port_ = 0;
};

TEST_F(ProxyTest, PassesBytesAndEndsInBothDirections) {
  const Both both = connect();
  travel(both.dialler, both.target, "there");
  travel(both.target, both.dialler, "and back");
  both.dialler.end_sending();
  EXPECT_EQ(both.target.ending(), "closed");
  travel(both.target, both.dialler, "half open");
  both.target.end_sending();
  EXPECT_EQ(both.dialler.ending(), "closed");
  EXPECT_EQ(proxy_->counts(port_).accepted, 1u);
}

TEST_F(ProxyTest, PassesMuchMoreThanItHolds) {
  const Both both = connect();
  std::string much;
  for (int i = 0; much.size() < 8 * pipe_bytes_max; ++i) much += std::to_string(i);
  std::string got;
  std::thread reader([&] { got = both.target.receive(much.size()); });
  EXPECT_TRUE(both.dialler.send(much));
  reader.join();
  EXPECT_TRUE(got == much);
}

TEST_F(ProxyTest, DelaysOneDirectionAlone) {
  const Both both = connect();
  proxy_->set(port_, {.forward = {.delay = milliseconds(80)}});
  EXPECT_GE(travel(both.dialler, both.target, "slow"), milliseconds(80));
  EXPECT_GE(travel(both.dialler, both.target, "slow"), milliseconds(80));
  Duration fastest = seconds(10);
  for (int i = 0; i < 20; ++i)
    fastest = std::min(fastest, travel(both.target, both.dialler, "fast"));
  EXPECT_LT(fastest, milliseconds(40));
}

TEST_F(ProxyTest, LimitsTheBandwidth) {
  const Both both = connect();
  proxy_->set(port_, {.backward = {.bytes_per_second = 200 << 10}});
  EXPECT_GE(travel(both.target, both.dialler, std::string(40 << 10, 'x')), milliseconds(195));
}

TEST_F(ProxyTest, CutsOneWayWhileTheOtherFlows) {
  const Both both = connect();
  proxy_->set(port_, {.forward = {.cut = Cut::held}});
  ASSERT_TRUE(both.dialler.send("held"));
  // What comes back is proof that the proxy has been at work since.
  for (int i = 0; i < 20; ++i) travel(both.target, both.dialler, "flows");
  EXPECT_FALSE(both.target.readable(0));
  proxy_->set(port_, {});
  EXPECT_EQ(both.target.receive(4), "held");
}

TEST_F(ProxyTest, ACutConnectionThatLostBytesIsResetAfterwards) {
  const Both both = connect();
  proxy_->set(port_, {.forward = {.cut = Cut::swallowed}});
  ASSERT_TRUE(both.dialler.send("lost"));
  for (int i = 0; i < 20; ++i) travel(both.target, both.dialler, "flows");
  EXPECT_FALSE(both.target.readable(0));
  proxy_->set(port_, {});
  EXPECT_EQ(both.target.ending(), "reset");
  EXPECT_EQ(both.dialler.ending(), "reset");
}

TEST_F(ProxyTest, ACutHoldsNoMoreThanItsBound) {
  const Both both = connect();
  proxy_->set(port_, {.forward = {.cut = Cut::held}});
  const timeval soon{.tv_sec = 0, .tv_usec = 200'000};
  setsockopt(both.dialler.get(), SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
  const std::string some(64 << 10, 'x');
  size_t sent = 0;
  while (both.dialler.send(some) && sent < (256u << 20)) sent += some.size();
  EXPECT_LT(sent, 256u << 20) << "the sender feels the cut";
}

TEST_F(ProxyTest, KillsTheConnectionsOfALink) {
  const Both one = connect(), two = connect();
  travel(one.dialler, one.target, "alive");
  travel(two.dialler, two.target, "alive");
  proxy_->kill_connections(port_);
  for (const TestSocket* side : {&one.dialler, &one.target, &two.dialler, &two.target})
    EXPECT_EQ(side->ending(), "reset");
  EXPECT_EQ(proxy_->counts(port_).open, 0u);
  const Both again = connect();
  travel(again.dialler, again.target, "new ones are let in");
}

TEST_F(ProxyTest, RefusesNewConnectionsAndKeepsThePort) {
  const Both both = connect();
  proxy_->set(port_, {.refuse = true});
  int error = 0;
  TestSocket::connect(port_, &error);
  EXPECT_EQ(error, ECONNREFUSED);
  travel(both.dialler, both.target, "those that are there stay");
  proxy_->set(port_, {});
  const Both again = connect();
  travel(again.dialler, again.target, "hello");
}

TEST_F(ProxyTest, ResetsWhoDialsATargetThatIsNotThere) {
  listener_.close();
  const TestSocket dialler = TestSocket::connect(port_);
  EXPECT_EQ(dialler.ending(), "reset");
}

TEST_F(ProxyTest, TakesSoManyConnectionsAndNoMore) {
  std::vector<TestSocket> diallers, targets;
  for (size_t i = 0; i < Proxy::connections_max; ++i) {
    Both both = connect();
    travel(both.dialler, both.target, "in");
    diallers.push_back(std::move(both.dialler));
    targets.push_back(std::move(both.target));
  }
  const TestSocket more = TestSocket::connect(port_);
  EXPECT_EQ(more.ending(), "closed");
  EXPECT_EQ(proxy_->counts(port_).open, Proxy::connections_max);
}

TEST_F(ProxyTest, LinksAreApart) {
  const uint16_t other_port = proxy_->add(ports_, listener_.port()).value();
  ASSERT_NE(other_port, port_);
  const Both both = connect();
  proxy_->set(other_port, {.forward = {.cut = Cut::held}, .refuse = true});
  proxy_->kill_connections(other_port);
  travel(both.dialler, both.target, "untouched");
}

TEST(Ports, AreGivenOnce) {
  Ports ports(7);
  std::set<uint16_t> all;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(all.insert(ports.free().value()).second);
}

}  // namespace
}  // namespace coterie::torture
