// The supervisor with real processes, which are fake nodes (fake_node.cc): each test runs it in a
// process of its own, as `coterie up` does, and looks at what it says and writes down.
#include "cli/supervisor.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/demo_cluster.h"
#include "coterie/base/random.h"

namespace coterie::cli {
namespace {

using testing::HasSubstr;

constexpr Duration patience = seconds(30);

class SupervisorTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(path_.data()), nullptr);
    options_.program = COTERIE_BINARY_DIR "/fake_node";
    folder_ = std::make_unique<ClusterFolder>(path_);
    Random random(mix_seed(static_cast<uint64_t>(getpid()),
                           static_cast<uint64_t>(process::monotonic_now().ns)));
    do {
      options_.port = static_cast<uint16_t>(random.between(20'000, 31'000));
    } while (!Supervisor(*folder_, options_).check_ports());
  }

  void TearDown() override {
    if (running()) end(SIGKILL);
    // Without a supervisor the nodes are killed by the kernel, if they do what they should.
    std::filesystem::remove_all(path_);
  }

  // Runs it in a child process, which ends with its exit code.
  void begin() {
    child_ = fork();
    if (child_ != 0) {
      process_ = process::identify(child_);
      return;
    }
    const int said = open((path_ + "/said").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(said, STDOUT_FILENO);
    dup2(said, STDERR_FILENO);
    int code = 99;
    if (folder_->open()) code = Supervisor(*folder_, options_).run([] {});
    std::fflush(stdout);
    _exit(code);
  }

  bool running() const { return child_ > 0 && process::is_alive(process_); }

  // Its exit code; -1 if a signal ended it.
  int end(int signal) {
    if (signal != 0) ::kill(child_, signal);
    int wait_status = 0;
    waitpid(child_, &wait_status, 0);
    child_ = 0;
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
  }

  std::string said() const {
    std::ifstream in(path_ + "/said");
    return {std::istreambuf_iterator<char>(in), {}};
  }

  bool await(const std::string& words) const {
    return wait_until(patience, [&] { return said().find(words) != std::string::npos; });
  }

  process::ProcessId node(uint64_t id) const {
    const Result<ClusterRecord> record = folder_->read();
    return record && record->nodes.size() >= id ? record->nodes[id - 1].process
                                                : process::ProcessId{};
  }

  std::string path_ =
      (std::filesystem::path(testing::TempDir()) / "supervisor_test_XXXXXX").string();
  SupervisorOptions options_{.grace = milliseconds(200)};
  std::unique_ptr<ClusterFolder> folder_;
  pid_t child_ = 0;
  process::ProcessId process_;
};

TEST_F(SupervisorTest, StartsReportsAndStopsAll) {
  begin();
  ASSERT_TRUE(await("\nready\n")) << said();
  EXPECT_THAT(said(), HasSubstr(fmt::format("127.0.0.1:{}", options_.port + 2)));
  EXPECT_THAT(said(), HasSubstr(path_ + "/3"));
  const ClusterRecord record = folder_->read().value();
  EXPECT_EQ(record.supervisor, process_);
  ASSERT_EQ(record.nodes.size(), 3u);
  for (const NodeRecord& one : record.nodes) EXPECT_TRUE(process::is_alive(one.process));
  EXPECT_EQ(last_line(folder_->log_of(2)), "node 2 lives");
  EXPECT_EQ(end(SIGTERM), 0);
  for (const NodeRecord& one : record.nodes) EXPECT_FALSE(process::is_alive(one.process));
  EXPECT_EQ(folder_->read()->supervisor, process::ProcessId{});
  EXPECT_EQ(folder_->read()->nodes[0].process, process::ProcessId{});
}

TEST_F(SupervisorTest, StartsAgainWhatDies) {
  begin();
  ASSERT_TRUE(await("\nready\n")) << said();
  const process::ProcessId first = node(2);
  ASSERT_TRUE(process::send_signal(first, SIGKILL));
  ASSERT_TRUE(wait_until(patience, [&] { return process::is_alive(node(2)) && node(2) != first; }))
      << said();
  EXPECT_THAT(said(), HasSubstr("killed by signal 9 (Killed); starting it again in 0.2 s"));
  EXPECT_EQ(folder_->read()->nodes[1].restarts, 1u);
  EXPECT_EQ(end(SIGINT), 0);
}

TEST_F(SupervisorTest, ANodeThatKeepsDyingIsShownWithItsLastWords) {
  begin();
  ASSERT_TRUE(await("\nready\n")) << said();
  for (int death = 1; death <= RestartPolicy::loop_deaths; ++death) {
    ASSERT_TRUE(wait_until(patience, [&] { return process::is_alive(node(1)); })) << said();
    const process::ProcessId alive = node(1);
    process::send_signal(alive, SIGKILL);
    ASSERT_TRUE(wait_until(patience, [&] { return node(1) != alive; })) << said();
  }
  ASSERT_TRUE(await("it keeps dying")) << said();
  EXPECT_THAT(said(), HasSubstr("  node 1 lives"));
  EXPECT_EQ(end(SIGTERM), 0);
}

TEST_F(SupervisorTest, LeavesDeadWhatDiesWhenToldTo) {
  options_.restart = false;
  begin();
  ASSERT_TRUE(await("\nready\n")) << said();
  for (uint64_t id = 1; id <= 3; ++id) process::send_signal(node(id), SIGKILL);
  EXPECT_EQ(end(0), 1);
  EXPECT_THAT(said(), HasSubstr("all nodes have died"));
}

TEST_F(SupervisorTest, ANodeThatCannotStartEndsIt) {
  options_.serve_arguments = {"--fake", "exit-78"};
  begin();
  EXPECT_EQ(end(0), 78);
  EXPECT_THAT(said(), HasSubstr("ended with code 78: this folder belongs to another cluster"));
  for (uint64_t id = 1; id <= 3; ++id) EXPECT_FALSE(process::is_alive(node(id)));
}

TEST_F(SupervisorTest, KillsWhatDoesNotStop) {
  options_.serve_arguments = {"--fake", "ignore-term"};
  begin();
  ASSERT_TRUE(await("\nready\n")) << said();
  const process::ProcessId stubborn = node(1);
  EXPECT_EQ(end(SIGTERM), 0);
  EXPECT_THAT(said(), HasSubstr("node 1 has not stopped: killing it"));
  EXPECT_FALSE(process::is_alive(stubborn));
}

TEST_F(SupervisorTest, StopsNodesThatWereStopped) {
  begin();
  ASSERT_TRUE(await("\nready\n")) << said();
  process::send_signal(node(1), SIGSTOP);
  EXPECT_EQ(end(SIGTERM), 0);
  EXPECT_THAT(said(), Not(HasSubstr("killing it")));
}

TEST_F(SupervisorTest, ItsNodesDieWithIt) {
  begin();
  ASSERT_TRUE(await("\nready\n")) << said();
  const ClusterRecord record = folder_->read().value();
  EXPECT_EQ(end(SIGKILL), -1);
  for (const NodeRecord& one : record.nodes)
    EXPECT_TRUE(process::wait_for_end(one.process, patience));
}

TEST_F(SupervisorTest, DetachedNodesOutliveIt) {
  options_.nodes_die_with_us = false;
  begin();
  ASSERT_TRUE(await("\nready\n")) << said();
  const ClusterRecord record = folder_->read().value();
  EXPECT_TRUE(record.detached);
  EXPECT_EQ(end(SIGKILL), -1);
  for (const NodeRecord& one : record.nodes) {
    EXPECT_TRUE(process::is_alive(one.process));
    process::send_signal(one.process, SIGKILL);
  }
}

TEST_F(SupervisorTest, APortInUseIsNamedBeforeAnythingStarts) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(options_.port + 1 + http_port_offset));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(socket, 1), 0);
  const auto checked = Supervisor(*folder_, options_).check_ports();
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message,
              HasSubstr(fmt::format("port {} is in use", options_.port + 101)));
  ::close(socket);
  EXPECT_TRUE(Supervisor(*folder_, options_).check_ports());
}

}  // namespace
}  // namespace coterie::cli
