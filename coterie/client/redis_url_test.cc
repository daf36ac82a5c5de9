#include "coterie/client/redis_url.h"

#include <gtest/gtest.h>

namespace coterie::client {
namespace {

TEST(RedisUrl, WhatPeopleWrite) {
  EXPECT_EQ(parse_redis_url("redis://10.0.0.1:7380").value(), (RedisUrl{"10.0.0.1", 7380, ""}));
  EXPECT_EQ(parse_redis_url("10.0.0.1:7380").value(), (RedisUrl{"10.0.0.1", 7380, ""}));
  EXPECT_EQ(parse_redis_url("redis://db.example").value(), (RedisUrl{"db.example", 7379, ""}));
  EXPECT_EQ(parse_redis_url("redis://db:1/0").value(), (RedisUrl{"db", 1, ""}));
  EXPECT_EQ(parse_redis_url("redis://:p%40ss@db:1").value(), (RedisUrl{"db", 1, "p@ss"}));
  EXPECT_EQ(parse_redis_url("redis://default:a:b@db:1").value(), (RedisUrl{"db", 1, "a:b"}));
  EXPECT_EQ(parse_redis_url("redis://:100%@db").value().password, "100%");
  EXPECT_EQ(parse_redis_url("redis://[::1]:7379").value(), (RedisUrl{"::1", 7379, ""}));
  EXPECT_EQ(parse_redis_url("[::1]").value().address(), "[::1]:7379");
}

TEST(RedisUrl, WhatIsWrongIsSaid) {
  for (const char* text :
       {"", "redis://", "redis://:7379", "http://a:1", "redis://a:0", "redis://a:65536",
        "redis://a:x", "redis://a:", "redis://pass@a", "::1:7379", "[::1", "[::1]7379"}) {
    const Result<RedisUrl> url = parse_redis_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().fault, Fault::invalid);
    EXPECT_NE(url.error().message.find("redis://HOST:PORT"), std::string::npos);
  }
}

}  // namespace
}  // namespace coterie::client
