// Runs against a server that gives all the same answer: a run that saw nothing is no pass, and one
// that is interrupted ends at once. Real stores and real clusters are tests/e2e/test_torture.py's.
#include "coterie/torture/torture.h"

#include <atomic>
#include <list>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "coterie/process/process.h"
#include "coterie/torture/socket_for_test.h"

namespace coterie::torture {
namespace {

using process::monotonic_now;
using testing::HasSubstr;
using testing::IsEmpty;

// Answers each command with the same bytes. Clients here send one and wait.
class Parrot {
 public:
  explicit Parrot(std::string answer) : answer_(std::move(answer)) {
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~Parrot() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    for (std::thread& one : servers_) one.join();
  }

  Target target() const {
    Target target;
    client::RedisUrl url;
    url.port = listener_.port();
    target.nodes = {url};
    return target;
  }
  uint64_t asked() const { return asked_; }

 private:
  void accept_all() {
    while (true) {
      TestSocket client = listener_.accept();
      if (!client.open()) return;
      servers_.emplace_back([this, client = std::move(client)] {
        char bytes[4'096];
        while (::recv(client.get(), bytes, sizeof bytes, 0) > 0) {
          ++asked_;
          client.send(answer_);
        }
      });
    }
  }

  std::string answer_;
  TestSocket listener_ = TestSocket::listen();
  std::atomic<uint64_t> asked_{0};
  std::thread acceptor_;
  std::list<std::thread> servers_;
};

// Waits as the command line does; interrupts when `interrupt` says so.
Surroundings surroundings(std::function<bool()> interrupt = [] { return false; }) {
  return {.interrupted_before =
              [interrupt = std::move(interrupt)](Instant until) {
                while (monotonic_now() < until && !interrupt()) poll(nullptr, 0, 5);
                return interrupt();
              },
          .note = [](const std::string&) {},
          .progress = [](const Progress&) {}};
}

TEST(Torture, ARunThatSawNothingIsVacuous) {
  const Parrot parrot("-LOADING still at it\r\n");
  const auto run = torture_target(
      parrot.target(), {.seed = 1, .clients = 2, .duration = milliseconds(100)}, surroundings());
  EXPECT_EQ(run.end, RunEnd::complete) << run.why;
  EXPECT_TRUE(run.vacuous);
  EXPECT_EQ(run.operations.acknowledged, 0u);
  EXPECT_GT(parrot.asked(), 0u);
}

TEST(Torture, AnErrorThatNothingExplainsIsTold) {
  const Parrot parrot("-ERR out of order\r\n");
  const auto run = torture_target(
      parrot.target(), {.seed = 1, .clients = 2, .duration = milliseconds(100)}, surroundings());
  EXPECT_EQ(run.end, RunEnd::stalled);
  EXPECT_THAT(run.why, HasSubstr("no store should answer so"));
  EXPECT_THAT(run.why, HasSubstr("out of order"));
}

TEST(Torture, AStoreThatSaysInTheEndThatItCannotIsAStall) {
  const Parrot parrot("-CLUSTERDOWN not executed: no majority\r\n");
  const auto run = torture_target(
      parrot.target(), {.seed = 1, .clients = 2, .duration = milliseconds(100)}, surroundings());
  EXPECT_EQ(run.end, RunEnd::stalled);
  EXPECT_THAT(run.why, HasSubstr("no majority"));
}

TEST(Torture, ManyOperationsOfAPatientStoreAreCountedAndKept) {
  const Parrot parrot("$-1\r\n");
  const auto run = torture_target(
      parrot.target(), {.seed = 1, .clients = 2, .duration = milliseconds(1'500)}, surroundings());
  EXPECT_FALSE(run.vacuous);
  EXPECT_GE(run.history.size(), run.operations.all());
}

TEST(Torture, IsInterruptedAtOnce) {
  const Parrot parrot("+OK\r\n");
  const Instant begun = monotonic_now();
  const auto run =
      torture_target(parrot.target(), {.seed = 1, .clients = 3, .duration = seconds(3'600)},
                     surroundings([&] { return parrot.asked() > 5; }));
  EXPECT_EQ(run.end, RunEnd::interrupted);
  EXPECT_LT(monotonic_now() - begun, seconds(60));
}

TEST(Torture, AProgramThatIsNoNodeIsToldAtOnce) {
  const std::string folder = testing::TempDir();
  std::vector<std::string> notes;
  Surroundings all = surroundings();
  all.note = [&](const std::string& line) { notes.push_back(line); };
  ClusterTortureOptions options;
  options.load = {.seed = 1, .clients = 2, .duration = seconds(1)};
  options.nodes = 2;
  options.kinds = {FaultKind::kill, FaultKind::sync, FaultKind::wipe};
  options.folder = folder;
  options.program = "/bin/false";
  const auto run = torture_cluster(options, all);
  EXPECT_EQ(run.end, RunEnd::stalled);
  EXPECT_THAT(run.why, HasSubstr("has ended by itself: ended with code 1"));
  EXPECT_THAT(run.why, HasSubstr("node 1: is not running"));
  EXPECT_THAT(run.history, IsEmpty());
  EXPECT_THAT(notes, testing::Contains(HasSubstr("left out: sync: there is no disk shim")));
  EXPECT_THAT(notes, testing::Contains(HasSubstr("left out: wipe: a cluster of 2")));
}

}  // namespace
}  // namespace coterie::torture
