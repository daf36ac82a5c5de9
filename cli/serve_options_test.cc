#include "cli/serve_options.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coterie::cli {
namespace {

using testing::HasSubstr;

// What is wrong, or nothing.
std::string complaint(const ServeSettings& settings) {
  const Result<server::ServeOptions> options = check_serve_settings(settings);
  return options ? "" : options.error().message;
}

ServeSettings member(const std::string& node, const std::string& cluster) {
  ServeSettings settings;
  settings.node = node;
  settings.cluster = cluster;
  return settings;
}

TEST(ServeOptions, TheDefaultIsASingleNode) {
  const Result<server::ServeOptions> options = check_serve_settings({});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->node, NodeId(1));
  EXPECT_TRUE(options->cluster.empty());
  EXPECT_EQ(options->listen.text(), "127.0.0.1:7379");
  EXPECT_EQ(options->http.text(), "127.0.0.1:7479");
  EXPECT_EQ(options->data, "./coterie-data/1");
  EXPECT_EQ(options->fsync, store::FsyncMode::always);
  EXPECT_EQ(options->request_timeout, seconds(10));
}

TEST(ServeOptions, AMemberOfACluster) {
  const auto options =
      check_serve_settings(member("2", "1=127.0.0.1:7579,2=127.0.0.1:7580,3=127.0.0.1:7581"));
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->cluster.size(), 3u);
  EXPECT_EQ(options->cluster.at(NodeId(3)).port, 7581);
  EXPECT_EQ(options->data, "./coterie-data/2");
}

TEST(ServeOptions, AClusterThatMakesNoSense) {
  EXPECT_THAT(complaint(member("4", "1=127.0.0.1:1,2=127.0.0.1:2")),
              HasSubstr("does not name node 4: add 4=HOST:PORT"));
  EXPECT_THAT(complaint(member("1", "1=127.0.0.1:1,1=127.0.0.1:2")),
              HasSubstr("names node 1 twice"));
  EXPECT_THAT(complaint(member("1", "1=127.0.0.1:1,2=127.0.0.1:1")),
              HasSubstr("nodes 1 and 2 have one address"));
  EXPECT_THAT(complaint(member("1", "127.0.0.1:1")), HasSubstr("is not NODE=HOST:PORT"));
  EXPECT_THAT(complaint(member("1", "0=127.0.0.1:1")), HasSubstr("not a number from 1"));
  EXPECT_THAT(complaint(member("1", "1=127.0.0.1")),
              HasSubstr("--cluster: '127.0.0.1' is no address"));
  EXPECT_THAT(complaint(member("1", "1=127.0.0.1:0")), HasSubstr("needs a port"));
  EXPECT_THAT(complaint(member("x", "")), HasSubstr("--node 'x'"));
  std::string many = "1=127.0.0.1:1";
  for (size_t i = 2; i <= cluster_nodes_max; ++i)
    many += "," + std::to_string(i) + "=127.0.0.1:" + std::to_string(i);
  EXPECT_EQ(complaint(member("1", many)), "");
  EXPECT_THAT(complaint(member("1", many + ",77=127.0.0.1:77")), HasSubstr("9 at most"));
}

TEST(ServeOptions, BeyondLoopbackOnlyWhenAllowed) {
  ServeSettings settings = member("1", "1=10.0.0.1:7579,2=10.0.0.2:7579");
  EXPECT_THAT(complaint(settings), HasSubstr("whoever reaches it can read and change everything"));
  EXPECT_THAT(complaint(settings), HasSubstr("--insecure-network"));
  settings.insecure_network = "true";
  EXPECT_EQ(complaint(settings), "");

  ServeSettings http;
  http.http = "0.0.0.0:7479";
  EXPECT_THAT(complaint(http), HasSubstr("--http 0.0.0.0:7479 can be reached from other machines"));
  http.insecure_network = "true";
  EXPECT_EQ(complaint(http), "");
}

TEST(ServeOptions, OnlyThisNodesOwnAddressMatters) {
  EXPECT_EQ(complaint(member("1", "1=127.0.0.1:7579,2=10.0.0.2:7579")), "");
}

TEST(ServeOptions, AWildcardIsAdvertisedAsTheNodesOwnHost) {
  ServeSettings settings = member("1", "1=10.0.0.1:7579,2=10.0.0.2:7579");
  settings.insecure_network = "true";
  settings.listen = "0.0.0.0:7379";
  settings.http = "[::]:7479";
  const auto options = check_serve_settings(settings);
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->listen.text(), "0.0.0.0:7379");
  EXPECT_EQ(options->advertised_listen.text(), "10.0.0.1:7379");
  EXPECT_EQ(options->advertised_http.text(), "10.0.0.1:7479");
}

TEST(ServeOptions, HttpCanBeOff) {
  ServeSettings settings;
  settings.http = "off";
  EXPECT_EQ(check_serve_settings(settings)->http.host, "");
}

TEST(ServeOptions, WordsAndTimes) {
  ServeSettings settings;
  settings.fsync = "sometimes";
  EXPECT_THAT(complaint(settings),
              HasSubstr("--fsync: 'sometimes' is not one of always|interval|never"));
  settings = {};
  settings.log_level = "loud";
  EXPECT_THAT(complaint(settings), HasSubstr("debug|info|warning|error"));
  settings = {};
  settings.log_format = "xml";
  EXPECT_THAT(complaint(settings), HasSubstr("text|json"));
  settings = {};
  settings.insecure_network = "yes";
  EXPECT_THAT(complaint(settings), HasSubstr("true|false"));
  EXPECT_EQ(parse_duration("500ms").value(), milliseconds(500));
  EXPECT_EQ(parse_duration("10s").value(), seconds(10));
  EXPECT_EQ(parse_duration("2m").value(), seconds(120));
  for (const char* wrong :
       {"", "10", "s", "-1s", "0s", "10 s", "1h", "99999999999999999999s", "86400001s"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
}

TEST(ServeOptions, ThePasswordMayComeFromAFile) {
  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / "serve_options_password";
  std::ofstream(path) << "secret word\r\nsecond line\n";
  ServeSettings settings;
  settings.requirepass_file = path.string();
  EXPECT_EQ(check_serve_settings(settings)->password, "secret word");
  settings.requirepass = "another";
  EXPECT_THAT(complaint(settings), HasSubstr("exclude each other"));
  settings.requirepass.clear();
  std::ofstream(path) << "\n";
  EXPECT_THAT(complaint(settings), HasSubstr("is empty"));
  std::filesystem::remove(path);
  EXPECT_EQ(check_serve_settings(settings).error().fault, Fault::not_found);
}

TEST(Config, NamesTheFlags) {
  const auto config = parse_config(
      "node = 2\nlisten = '127.0.0.1:1'\ninsecure-network = true\n[cluster]\n1 = 'a:1'\n2 = "
      "'b:2'\n",
      "c.toml");
  ASSERT_TRUE(config) << config.error().message;
  ServeSettings settings;
  ASSERT_TRUE(apply_config(*config, "c.toml", settings));
  EXPECT_EQ(settings.node, "2");
  EXPECT_EQ(settings.listen, "127.0.0.1:1");
  EXPECT_EQ(settings.insecure_network, "true");
  EXPECT_EQ(settings.cluster, "1=a:1,2=b:2");
  EXPECT_EQ(settings.fsync, "always");
}

TEST(Config, WhatIsWrongIsSaidWithItsPlace) {
  EXPECT_THAT(parse_config("node = 1\nnode = \n", "c.toml").error().message,
              HasSubstr("c.toml:2: "));
  EXPECT_THAT(parse_config("listen = [1]\n", "c.toml").error().message,
              HasSubstr("c.toml:1: listen"));
  EXPECT_THAT(parse_config("[cluster]\n1 = 2\n", "c.toml").error().message, HasSubstr("cluster"));
  ServeSettings settings;
  const auto applied =
      apply_config(parse_config("colour = 'red'\n", "c.toml").value(), "c.toml", settings);
  ASSERT_FALSE(applied);
  EXPECT_THAT(applied.error().message, HasSubstr("there is no setting 'colour'"));
  EXPECT_EQ(read_config_file("/nowhere/c.toml").error().fault, Fault::not_found);
}

TEST(Config, TheOneInDistIsGoodAndSaysTheDefaults) {
  const auto config = read_config_file(COTERIE_SOURCE_DIR "/dist/coterie.toml");
  ASSERT_TRUE(config) << config.error().message;
  ServeSettings settings;
  ASSERT_TRUE(apply_config(*config, "coterie.toml", settings));
  EXPECT_EQ(complaint(settings), "");
}

}  // namespace
}  // namespace coterie::cli
