// What the supervisor is made of: when to restart, which process is which, what is written down.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cli/cluster_folder.h"
#include "cli/restart_policy.h"

namespace coterie::cli {
namespace {

using testing::HasSubstr;

TEST(RestartPolicy, WaitsLongerForWhoDiesYoung) {
  RestartPolicy policy;
  Duration last;
  for (int death = 1; death <= 12; ++death) {
    const Duration delay = policy.after_death(milliseconds(50));
    EXPECT_GE(delay, last);
    EXPECT_LE(delay, RestartPolicy::longest_delay);
    EXPECT_EQ(policy.in_a_loop(), death >= RestartPolicy::loop_deaths);
    last = delay;
  }
  EXPECT_EQ(last, RestartPolicy::longest_delay);
}

TEST(RestartPolicy, ALongLifeMakesGood) {
  RestartPolicy policy;
  for (int i = 0; i < 8; ++i) policy.after_death(milliseconds(50));
  EXPECT_EQ(policy.after_death(seconds(60)), RestartPolicy::first_delay);
  EXPECT_FALSE(policy.in_a_loop());
}

class Folder : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(mkdtemp(path_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(path_); }

  std::string path_ =
      (std::filesystem::path(testing::TempDir()) / "cluster_folder_XXXXXX").string();
};

TEST_F(Folder, KeepsTheRecord) {
  ClusterFolder folder(path_);
  EXPECT_EQ(folder.read().error().fault, Fault::not_found);
  ASSERT_TRUE(folder.open());
  const ClusterRecord record{.supervisor = {11, 12},
                             .detached = true,
                             .nodes = {{.id = 1,
                                        .process = {21, 22},
                                        .restarts = 3,
                                        .resp = "a:1",
                                        .http = "a:2",
                                        .peer = "a:3"}}};
  ASSERT_TRUE(folder.write(record));
  EXPECT_EQ(folder.read().value(), record);
  std::ofstream(path_ + "/up.json") << "{\"supervisor\":1}";
  EXPECT_THAT(folder.read().error().message, HasSubstr("damaged"));
}

TEST_F(Folder, HasOneSupervisorAtATime) {
  ClusterFolder second(path_);
  {
    ClusterFolder first(path_);
    ASSERT_TRUE(first.open());
    const auto opened = second.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().fault, Fault::refused);
    EXPECT_THAT(opened.error().message, HasSubstr("coterie down"));
  }
  ClusterFolder third(path_);
  EXPECT_TRUE(third.open());
}

TEST_F(Folder, RemovesItsOwnAndNothingElse) {
  ClusterFolder folder(path_);
  ASSERT_TRUE(folder.open());
  for (const char* name : {"1", "22", "mine", "1a"})
    std::filesystem::create_directory(path_ + "/" + name);
  for (const char* name : {"logs/1.log", "up.json", "notes.txt", "3", "1/data"})
    std::ofstream(path_ + "/" + name) << "x";
  ASSERT_TRUE(folder.remove_data());
  for (const char* gone : {"1", "22", "logs/1.log", "up.json"})
    EXPECT_FALSE(std::filesystem::exists(path_ + "/" + gone)) << gone;
  for (const char* kept : {"mine", "1a", "notes.txt", "3", "logs"})
    EXPECT_TRUE(std::filesystem::exists(path_ + "/" + kept)) << kept;
}

}  // namespace
}  // namespace coterie::cli
