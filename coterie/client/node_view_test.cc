#include "coterie/client/node_view.h"

#include <gtest/gtest.h>

#include "coterie/client/node_view_for_test.h"

namespace coterie::client {
namespace {

TEST(NodeView, ReadsWhatANodeSays) {
  const auto view = parse_view(
      R"({"id":2,"pid":77,"role":"follower","leader":1,"term":3,"commit":9,"applied":8,"last":10,"keys":4,)"
      R"("resp":"127.0.0.1:1","http":"127.0.0.1:2","ready":true,"not_ready_reason":"","state_digest":"ab","unheard":[],)"
      R"("members":[{"id":1,"resp":"127.0.0.1:3","http":"","voter":true},{"id":2,"resp":"127.0.0.1:1","http":""}]})");
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_TRUE(view->alive);
  EXPECT_EQ(view->id, 2u);
  EXPECT_EQ(view->pid, 77);
  EXPECT_EQ(view->leader, 1u);
  EXPECT_EQ(view->applied, 8u);
  EXPECT_TRUE(view->ready);
  ASSERT_EQ(view->members.size(), 2u);
  EXPECT_EQ(view->members[0].resp, "127.0.0.1:3");
  EXPECT_FALSE(view->members[0].alive);
  EXPECT_TRUE(view->members[0].voter);
  EXPECT_FALSE(view->members[1].voter);
}

TEST(NodeView, NonsenseIsNoView) {
  for (const char* text : {"", "{", "[]", "{}", "{\"id\":\"one\"}", "{\"id\":-1.5}"})
    EXPECT_FALSE(parse_view(text)) << text;
  EXPECT_FALSE(parse_view(R"({"id":1,"leader":null,"members":7})")->leader);
}

TEST(ClusterView, ALeaderIsWhomAMajorityNames) {
  EXPECT_EQ(agreed_leader({node_for_test(1, 1), node_for_test(2, 1), node_for_test(3, 1)}), 1u);
  EXPECT_EQ(agreed_leader({node_for_test(1, 1), node_for_test(2, 1), node_for_test(3, {})}), 1u);
  EXPECT_EQ(agreed_leader({node_for_test(1, 1), node_for_test(2, 2), node_for_test(3, {})}),
            std::nullopt);
  EXPECT_EQ(
      agreed_leader({node_for_test(1, 1), node_for_test(2, 1, false), node_for_test(3, {}, false)}),
      std::nullopt)
      << "the dead do not count";
  EXPECT_EQ(agreed_leader({node_for_test(1, 1), node_for_test(2, 1), node_for_test(3, 3),
                           node_for_test(4, 3)}),
            std::nullopt);
  EXPECT_EQ(agreed_leader({node_for_test(1, 1)}), 1u);
  EXPECT_EQ(agreed_leader({}), std::nullopt);
}

TEST(ClusterView, IsDegradedWhenAnythingIsMissing) {
  ClusterView view{{node_for_test(1, 1), node_for_test(2, 1), node_for_test(3, 1)}, 1};
  EXPECT_FALSE(view.degraded());
  view.nodes[2].ready = false;
  EXPECT_TRUE(view.degraded());
  view.nodes[2] = node_for_test(3, 1, false);
  EXPECT_TRUE(view.degraded());
  view = {{node_for_test(1, {}), node_for_test(2, {}), node_for_test(3, {})}, {}};
  EXPECT_TRUE(view.degraded());
}

}  // namespace
}  // namespace coterie::client
