#include "coterie/node/early_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coterie::node {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

class EarlyRequestsTest : public testing::Test {
 protected:
  void ask(Ticket ticket, std::string_view command, std::vector<std::string_view> args) {
    const state::CommandSpec* spec = state::find_command(command);
    early_.submit(ticket, *spec, 3, args,
                  spec->kind == state::CommandClass::read ? EarlyRequest::Way::read
                                                          : EarlyRequest::Way::write,
                  {now_, {}});
  }
  std::vector<Ticket> answered() {
    std::vector<Ticket> tickets;
    for (const auto& [ticket, reply] : early_.take_answers()) {
      EXPECT_THAT(std::string(reply.view()), StartsWith("-LOADING not executed"));
      tickets.push_back(ticket);
    }
    return tickets;
  }

  Instant now_{seconds(100).ns};
  EarlyRequests early_{seconds(10)};
};

TEST_F(EarlyRequestsTest, WaitInOrderForTheReplica) {
  ask(1, "set", {"k", "v"});
  ask(2, "get", {"k"});
  ask(4, "del", {"k"});
  EXPECT_GT(early_.pending_bytes(), 0u);
  EXPECT_THAT(answered(), ElementsAre());
  const auto taken = early_.take();
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_EQ(taken[0].spec->name, "set");
  EXPECT_THAT(taken[0].args, ElementsAre("k", "v"));
  EXPECT_EQ(taken[0].db, 3);
  EXPECT_EQ(taken[1].way, EarlyRequest::Way::read);
  EXPECT_EQ(taken[2].ticket, 4u);
  EXPECT_EQ(early_.pending_bytes(), 0u);
  EXPECT_TRUE(early_.take().empty());
}

TEST_F(EarlyRequestsTest, AreAnsweredWhenTheirTimeIsOver) {
  EXPECT_EQ(early_.next_deadline(), Instant::never());
  ask(1, "set", {"k", "v"});
  now_ = now_ + seconds(4);
  ask(2, "get", {"k"});
  now_ = now_ + seconds(6);
  EXPECT_EQ(early_.next_deadline(), now_);
  early_.tick({now_, {}});
  EXPECT_THAT(answered(), ElementsAre(1u));
  early_.tick({now_ + seconds(3), {}});
  EXPECT_THAT(answered(), ElementsAre());
  early_.tick({now_ + seconds(4), {}});
  EXPECT_THAT(answered(), ElementsAre(2u));
  EXPECT_EQ(early_.pending_bytes(), 0u);
}

TEST_F(EarlyRequestsTest, OfAClientThatIsGoneAreForgotten) {
  ask(1, "set", {"k", "v"});
  ask(3, "set", {"k", "w"});
  early_.cancel(2);
  early_.cancel(1);
  early_.cancel(1);
  const auto taken = early_.take();
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].ticket, 3u);
}

TEST_F(EarlyRequestsTest, AreAnsweredWhenTheNodeStops) {
  ask(1, "set", {"k", "v"});
  ask(2, "get", {"k"});
  early_.give_up();
  EXPECT_THAT(answered(), ElementsAre(1u, 2u));
  EXPECT_EQ(early_.pending_bytes(), 0u);
}

}  // namespace
}  // namespace coterie::node
