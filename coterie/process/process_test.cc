#include "coterie/process/process.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace coterie::process {
namespace {

std::string content(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Process, IsItselfAndNoOther) {
  const ProcessId self = identify(getpid());
  EXPECT_GT(self.started, 0u);
  EXPECT_TRUE(is_alive(self));
  EXPECT_FALSE(is_alive({self.pid, self.started + 1}))
      << "a number that was given to another process";
  EXPECT_FALSE(is_alive({}));
  EXPECT_FALSE(send_signal({self.pid, self.started + 1}, SIGKILL));
}

TEST(Process, IsStartedSignalledAndAwaited) {
  const std::string output =
      (std::filesystem::path(testing::TempDir()) / "process_output").string();
  const auto shell =
      spawn({.program = "/bin/sh",
             .arguments = {"sh", "-c", "echo started by $NAME; read nothing; kill -STOP $$"},
             .output = output,
             .environment = {"NAME=a test"}});
  ASSERT_TRUE(shell) << shell.error().message;
  // Its standard input is empty, so it stops itself; then it is killed.
  int wait_status = 0;
  ASSERT_EQ(waitpid(static_cast<pid_t>(shell->pid), &wait_status, WUNTRACED), shell->pid);
  EXPECT_EQ(content(output), "started by a test\n");
  EXPECT_TRUE(is_alive(*shell));
  EXPECT_FALSE(wait_for_end(*shell, milliseconds(1)));
  EXPECT_TRUE(send_signal(*shell, SIGKILL));
  EXPECT_TRUE(wait_for_end(*shell, seconds(10)));
  waitpid(static_cast<pid_t>(shell->pid), &wait_status, 0);
  EXPECT_EQ(describe_end(wait_status), "killed by signal 9 (Killed)");
  EXPECT_FALSE(is_alive(*shell));
  std::filesystem::remove(output);
}

TEST(Process, Signals) {
  EXPECT_EQ(parse_signal("KILL").value(), SIGKILL);
  EXPECT_EQ(parse_signal("sigterm").value(), SIGTERM);
  EXPECT_EQ(parse_signal("19").value(), 19);
  for (const char* wrong : {"", "0", "99", "KILLS", "-9"})
    EXPECT_FALSE(parse_signal(wrong)) << wrong;
}

}  // namespace
}  // namespace coterie::process
