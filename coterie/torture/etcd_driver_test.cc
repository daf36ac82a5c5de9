#include "coterie/torture/etcd_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coterie::torture {
namespace {

using testing::HasSubstr;

// The value as redis-cli would show it; "unknown" when the outcome is.
std::string reply(const std::vector<std::string>& words, int status, const std::string& body) {
  const auto value = etcd_reply(words, {.status = status, .body = body});
  return value ? resp::describe(*value) : "unknown";
}

TEST(Base64, ThereAndBack) {
  // RFC 4648, section 10
  const std::pair<const char*, const char*> known[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : known) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(from_base64(to_base64(all)), all);
  for (const char* wrong : {"Zg", "Z===Zg==", "Zm9v!Zm9", "Zm 9"})
    EXPECT_EQ(from_base64(wrong), std::nullopt) << wrong;
}

TEST(EtcdRequest, SpeaksTheGatewaysWords) {
  EXPECT_EQ(etcd_request({"GET", "k"}).path, "/v3/kv/range");
  EXPECT_EQ(etcd_request({"GET", "k"}).json, R"({"key":"aw=="})");
  EXPECT_EQ(etcd_request({"DEL", "k"}).path, "/v3/kv/deleterange");
  EXPECT_EQ(etcd_request({"SET", "k", "v"}).path, "/v3/kv/put");
  EXPECT_EQ(etcd_request({"SET", "k", "v"}).json, R"({"key":"aw==","value":"dg=="})");
  const EtcdRequest cas = etcd_request({"SET", "k", "new", "IFEQ", "old"});
  EXPECT_EQ(cas.path, "/v3/kv/txn");
  EXPECT_EQ(cas.json,
            R"({"compare":[{"result":"EQUAL","target":"VALUE","key":"aw==","value":"b2xk"}],)"
            R"("success":[{"requestPut":{"key":"aw==","value":"bmV3"}}]})");
  EXPECT_DEATH(etcd_request({"INCR", "k"}), "a command that etcd does not have");
}

TEST(EtcdReply, IsReadAsRedisWouldSayIt) {
  const std::string header = R"("header":{"revision":"7"})";
  EXPECT_EQ(reply({"GET", "k"}, 200, "{" + header + "}"), "nil");
  EXPECT_EQ(reply({"GET", "k"}, 200, "{" + header + R"(,"kvs":[{"key":"aw==","value":"dg=="}]})"),
            "\"v\"");
  EXPECT_EQ(reply({"GET", "k"}, 200, "{" + header + R"(,"kvs":[{"key":"aw=="}]})"), "\"\"");
  EXPECT_EQ(reply({"SET", "k", "v"}, 200, "{" + header + "}"), "\"OK\"");
  EXPECT_EQ(reply({"DEL", "k"}, 200, "{" + header + R"(,"deleted":"1"})"), "1");
  EXPECT_EQ(reply({"DEL", "k"}, 200, "{" + header + "}"), "0");
  EXPECT_EQ(reply({"SET", "k", "a", "IFEQ", "b"}, 200, "{" + header + R"(,"succeeded":true})"),
            "1");
  EXPECT_EQ(reply({"SET", "k", "a", "IFEQ", "b"}, 200, "{" + header + "}"), "0");
}

TEST(EtcdReply, KnowsWhatItDoesNotKnow) {
  EXPECT_THAT(reply({"SET", "k", "v"}, 400, "bad key"), HasSubstr("(error) ETCD bad key"));
  EXPECT_EQ(reply({"SET", "k", "v"}, 503, "etcdserver: request timed out"), "unknown");
  for (const char* body : {"", "[]", "{}", "{", R"({"error":"x"})", R"({"header":{},"kvs":[7]})",
                           R"({"header":{},"kvs":[{"value":"?"}]})"})
    EXPECT_EQ(reply({"GET", "k"}, 200, body), "unknown") << body;
}

}  // namespace
}  // namespace coterie::torture
