#include "coterie/torture/run_folder.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace coterie::torture {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// Temporary files lie in a folder of this test's own.
class RunFolderTest : public testing::Test {
 protected:
  RunFolderTest() {
    std::string name = testing::TempDir() + "run-folder-XXXXXX";
    root_ = mkdtemp(name.data());
    if (const char* before = getenv("TMPDIR")) before_ = before;
    setenv("TMPDIR", root_.c_str(), 1);
  }
  ~RunFolderTest() override {
    before_.empty() ? unsetenv("TMPDIR") : setenv("TMPDIR", before_.c_str(), 1);
    fs::remove_all(root_);
  }

  std::vector<std::string> there() const {
    std::set<std::string> names;
    for (const auto& one : fs::directory_iterator(root_))
      names.insert(one.path().filename().string());
    return {names.begin(), names.end()};
  }

  // A process makes a folder, puts something into it, and is killed.
  static void leave_one_behind() {
    const pid_t child = fork();
    if (child == 0) {
      RunFolder folder("");
      if (!folder.make()) _exit(1);
      fs::create_directories(folder.path() + "/1/data");
      std::ofstream(folder.path() + "/1/data/log") << "something";
      raise(SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
  }

  std::string root_, before_;
};

TEST_F(RunFolderTest, IsRemovedAtTheEnd) {
  {
    RunFolder folder("");
    ASSERT_TRUE(folder.make());
    std::ofstream(folder.path() + "/1.log") << "something";
    EXPECT_FALSE(folder.stays());
    EXPECT_THAT(there(), ElementsAre(StartsWith("coterie-torture-running-")));
  }
  EXPECT_THAT(there(), IsEmpty());
}

TEST_F(RunFolderTest, WhatIsKeptStaysUnderAnotherName) {
  std::string path;
  {
    RunFolder folder("");
    ASSERT_TRUE(folder.make());
    std::ofstream(folder.path() + "/1.log") << "something";
    folder.keep();
    folder.keep();
    EXPECT_TRUE(folder.stays());
    path = folder.path();
  }
  EXPECT_EQ(remove_dead_run_folders(), 0u);
  EXPECT_TRUE(fs::exists(path + "/1.log"));
  EXPECT_THAT(there(), ElementsAre(testing::Not(HasSubstr("running"))));
}

TEST_F(RunFolderTest, ANamedOneStaysAndMustBeEmpty) {
  const std::string name = root_ + "/a/b";
  {
    RunFolder folder(name);
    ASSERT_TRUE(folder.make());
    EXPECT_TRUE(folder.stays());
    EXPECT_EQ(folder.path(), name);
    std::ofstream(name + "/1.log") << "something";
  }
  EXPECT_TRUE(fs::exists(name + "/1.log"));
  RunFolder again(name);
  const Result<void> made = again.make();
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("not an empty folder"));
}

TEST_F(RunFolderTest, ThoseOfTheDeadAreRemovedAndNoOthers) {
  leave_one_behind();
  leave_one_behind();
  RunFolder living("");
  ASSERT_TRUE(living.make());
  fs::create_directories(root_ + "/coterie-torture-kept00");
  fs::create_directories(root_ + "/coterie-other");
  fs::create_directories(root_ + "/target");
  std::ofstream(root_ + "/target/file") << "something";
  fs::create_directory_symlink(root_ + "/target", root_ + "/coterie-torture-running-link00");
  std::ofstream(root_ + "/coterie-torture-running-file00") << "something";
  ASSERT_EQ(there().size(), 8u);
  EXPECT_EQ(remove_dead_run_folders(), 2u);
  EXPECT_EQ(there().size(), 6u);
  EXPECT_TRUE(fs::exists(living.path()));
  EXPECT_TRUE(fs::exists(root_ + "/target/file"));
  EXPECT_EQ(remove_dead_run_folders(), 0u);
}

TEST_F(RunFolderTest, WithoutAPlaceForItTheReasonIsTold) {
  setenv("TMPDIR", (root_ + "/nowhere").c_str(), 1);
  EXPECT_EQ(remove_dead_run_folders(), 0u);
  RunFolder folder("");
  // A system without that folder falls back to its usual one.
  if (const Result<void> made = folder.make(); !made) {
    EXPECT_THAT(made.error().message, HasSubstr("temporary folder"));
  } else {
    EXPECT_THAT(folder.path(), StartsWith("/tmp/"));
  }
}

}  // namespace
}  // namespace coterie::torture
