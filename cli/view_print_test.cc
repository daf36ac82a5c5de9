#include "cli/view_print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/client/node_view_for_test.h"

namespace coterie::cli {
namespace {

using client::ClusterView;
using client::node_for_test;
using testing::HasSubstr;

TEST(ViewPrint, AsJson) {
  ClusterView view{{node_for_test(1, 1), node_for_test(2, {}, false)}, {}};
  view.nodes[0].pid = 123;
  view.nodes[0].resp = "127.0.0.1:7379";
  view.nodes[0].term = 2;
  EXPECT_EQ(
      view_json(view),
      R"({"leader":null,"nodes":[{"id":1,"pid":123,"alive":true,"role":"leader","leader":1,"term":2,"commit":0,)"
      R"("applied":0,"last":0,"resp":"127.0.0.1:7379","http":"","keys":0,"ready":true},)"
      R"({"id":2,"pid":null,"alive":false,"role":null,"leader":null,"term":null,"commit":null,"applied":null,)"
      R"("last":null,"resp":"","http":"","keys":null,"ready":false}]})");
  view.leader = 1;
  EXPECT_THAT(view_json(view), HasSubstr(R"({"leader":1,)"));
}

TEST(ViewPrint, AsATable) {
  ClusterView view{{node_for_test(1, 1), node_for_test(2, {}, false)}, {}};
  const std::string table = view_table(view, false);
  EXPECT_THAT(table, HasSubstr("no answer"));
  EXPECT_THAT(table, HasSubstr("no leader"));
  EXPECT_THAT(table, Not(HasSubstr("\033")));
  EXPECT_THAT(view_table(view, true), HasSubstr("\033[31m"));
}

}  // namespace
}  // namespace coterie::cli
