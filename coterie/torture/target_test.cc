#include "coterie/torture/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/torture/socket_for_test.h"

namespace coterie::torture {
namespace {

using testing::HasSubstr;

TEST(Target, IsReadFromItsAddress) {
  const Target redis = parse_target("redis://127.0.0.1:6379,localhost:1,[::1]:2").value();
  EXPECT_EQ(redis.protocol, Target::Protocol::redis);
  ASSERT_EQ(redis.nodes.size(), 3u);
  EXPECT_EQ(redis.nodes[0].port, 6379);
  EXPECT_EQ(redis.nodes[2].host, "::1");
  EXPECT_EQ(parse_target("redis://:secret@127.1.2.3:1").value().nodes[0].password, "secret");
  const Target etcd = parse_target("etcd://127.0.0.1:2379").value();
  EXPECT_EQ(etcd.protocol, Target::Protocol::etcd);
  EXPECT_EQ(etcd.nodes[0].port, 2379);
}

TEST(Target, IsOfThisMachine) {
  for (const char* far : {"redis://10.0.0.1:6379", "redis://127.0.0.1:1,example.org:1",
                          "etcd://0.0.0.0:2379", "redis://[::2]:1"}) {
    const auto none = parse_target(far);
    ASSERT_FALSE(none) << far;
    EXPECT_THAT(none.error().message, HasSubstr("loopback")) << far;
  }
}

TEST(Target, OtherAddressesAreRefused) {
  for (const char* wrong : {"", "127.0.0.1:6379", "http://127.0.0.1:1", "redis://127.0.0.1:x"})
    EXPECT_EQ(parse_target(wrong).error().fault, Fault::invalid) << wrong;
}

TEST(Target, MustAnswer) {
  uint16_t port = 0;
  { port = TestSocket::listen().port(); }
  for (const char* scheme : {"redis", "etcd"}) {
    const Target target =
        parse_target(std::string(scheme) + "://127.0.0.1:" + std::to_string(port)).value();
    const auto nobody = prepare_target(target, false);
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().fault, Fault::io) << nobody.error().message;
  }
}

}  // namespace
}  // namespace coterie::torture
