// The program as it is typed: what it prints, where, and how it ends.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_codes.h"
#include "cli/fake_server.h"
#include "cli/subcommands.h"

namespace coterie::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Outcome {
  int code = -1;
  std::string out;
  std::string error;

  bool one_line_error() const {
    return error.ends_with('\n') && error.find('\n') == error.size() - 1;
  }
};

Outcome run(const std::vector<std::string>& words) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Outcome outcome;
  outcome.code = dispatch(words);
  std::fflush(stdout);
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.error = testing::internal::GetCapturedStderr();
  return outcome;
}

const std::vector<std::string> all_subcommands{"up",   "down", "status", "logs",
                                               "kill", "demo", "serve"};

TEST(Program, HelpNamesEverySubcommand) {
  const Outcome help = run({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const std::string& name : all_subcommands)
    EXPECT_THAT(help.out, HasSubstr("\n  " + name + " "));
  EXPECT_EQ(run({"help"}).out, help.out);
  EXPECT_EQ(run({}).code, exit_usage);
  EXPECT_EQ(run({}).error, help.out);
}

TEST(Program, EverySubcommandHasHelp) {
  for (const std::string& name : all_subcommands) {
    const Outcome help = run({name, "--help"});
    EXPECT_EQ(help.code, 0) << name;
    EXPECT_THAT(help.out, HasSubstr("coterie " + name));
    EXPECT_THAT(help.out, HasSubstr("--help"));
    EXPECT_EQ(help.error, "");
  }
}

TEST(Program, HelpShowsDefaults) {
  EXPECT_THAT(run({"serve", "--help"}).out, HasSubstr("127.0.0.1:7379"));
  EXPECT_THAT(run({"up", "--help"}).out, HasSubstr("7379"));
}

TEST(Program, VersionNamesItsFormats) {
  const Outcome version = run({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_THAT(version.out, StartsWith("coterie "));
  EXPECT_THAT(version.out, HasSubstr("formats: log 1,"));
}

TEST(Program, WhatItDoesNotKnowIsAOneLineError) {
  const Outcome unknown = run({"frobnicate"});
  EXPECT_EQ(unknown.code, exit_usage);
  EXPECT_EQ(unknown.error, "coterie: there is no subcommand 'frobnicate' (see coterie --help)\n");
  for (const std::string& name : all_subcommands) {
    const Outcome flag =
        name == "kill" ? run({name, "1", "--frobnicate"}) : run({name, "--frobnicate"});
    EXPECT_EQ(flag.code, exit_usage) << name;
    EXPECT_TRUE(flag.one_line_error()) << flag.error;
    EXPECT_THAT(flag.error, StartsWith("coterie " + name + ": "));
    EXPECT_THAT(flag.error, HasSubstr("--frobnicate"));
    EXPECT_EQ(flag.out, "");
  }
}

TEST(Serve, FlagsReachTheServer) {
  EXPECT_EQ(run({"serve", "--listen", "127.0.0.1:1", "--fsync=never", "--data", "d",
                 "--request-timeout", "3s"})
                .code,
            0);
  const auto served = take_served();
  ASSERT_TRUE(served);
  EXPECT_EQ(served->listen.text(), "127.0.0.1:1");
  EXPECT_EQ(served->fsync, store::FsyncMode::never);
  EXPECT_EQ(served->data, "d");
  EXPECT_EQ(served->request_timeout, seconds(3));
}

TEST(Serve, FlagsOverrideTheFile) {
  const std::string path =
      (std::filesystem::path(testing::TempDir()) / "dispatch_test.toml").string();
  std::ofstream(path) << "listen = '127.0.0.1:1'\nfsync = 'never'\n";
  EXPECT_EQ(run({"serve", "--config", path, "--fsync", "always"}).code, 0);
  const auto served = take_served();
  ASSERT_TRUE(served);
  EXPECT_EQ(served->listen.text(), "127.0.0.1:1");
  EXPECT_EQ(served->fsync, store::FsyncMode::always);

  const Outcome checked = run({"serve", "--config", path, "--check-config"});
  EXPECT_EQ(checked.code, 0);
  EXPECT_THAT(checked.out, HasSubstr("the configuration is good"));
  EXPECT_FALSE(take_served()) << "--check-config starts nothing";

  std::ofstream(path) << "fsync = 'now and then'\n";
  const Outcome bad = run({"serve", "--config", path, "--check-config"});
  EXPECT_EQ(bad.code, exit_config);
  EXPECT_TRUE(bad.one_line_error()) << bad.error;
  std::filesystem::remove(path);
  EXPECT_EQ(run({"serve", "--config", path}).code, exit_no_input);
}

TEST(Serve, MistakesStartNothing) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"serve", "--node", "9", "--cluster", "1=127.0.0.1:1"},
                                             {"serve", "--listen", "nowhere"},
                                             {"serve", "--http", "0.0.0.0:1"},
                                             {"serve", "stray"},
                                             {"serve", "--listen"}}) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, exit_usage) << words[1];
    EXPECT_TRUE(outcome.one_line_error()) << outcome.error;
    EXPECT_FALSE(take_served());
  }
}

TEST(Up, RefusesNumbersThatCannotBe) {
  EXPECT_EQ(run({"up", "--nodes", "0"}).code, exit_usage);
  EXPECT_EQ(run({"up", "--nodes", "10"}).code, exit_usage);
  EXPECT_EQ(run({"up", "--nodes", "three"}).code, exit_usage);
  EXPECT_EQ(run({"up", "--port", "65500"}).code, exit_usage);
}

TEST(Others, SayWhenThereIsNoCluster) {
  const std::string nowhere =
      (std::filesystem::path(testing::TempDir()) / "no_cluster_here").string();
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"down", "--data", nowhere},
                                             {"logs", "--data", nowhere},
                                             {"kill", "1", "--data", nowhere}}) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, exit_no_input) << words[0];
    EXPECT_TRUE(outcome.one_line_error()) << outcome.error;
    EXPECT_THAT(outcome.error, HasSubstr("`coterie up` starts one"));
  }
  EXPECT_FALSE(std::filesystem::exists(nowhere)) << "asking makes no folder";
  EXPECT_EQ(run({"kill", "1", "--signal", "NONSENSE", "--data", nowhere}).code, exit_usage);
  EXPECT_EQ(run({"kill", "--data", nowhere}).code, exit_usage);
  EXPECT_EQ(run({"status", "--url", "http://a"}).code, exit_usage);
}

}  // namespace
}  // namespace coterie::cli
