// The loop: the order of a turn, what wakes it, how it ends.
#include "coterie/world/net/net_world.h"

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/world/net/faulty_calls_for_test.h"
#include "coterie/world/net/loop_for_test.h"

namespace coterie::world {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class NetWorldTest : public testing::Test {
 protected:
  NetWorldTest() {
    NetOptions options = options_for_test(scratch_, 1);
    options.listen.clear();
    world_ = open_for_test(options, &calls_);
    world_->attach(tenant_);
  }
  std::string log() { return text_of_file(scratch_.path("log-1")); }

  ScratchDir scratch_;
  FaultyCalls calls_;
  RecordingTenant tenant_;
  std::unique_ptr<NetWorld> world_;
};

TEST_F(NetWorldTest, ATurnHasItsOrder) {
  const auto note = [this](const char* what) { return [this, what] { tenant_.note(what); }; };
  world_->add_hooks({.before_tenant = note("before 1"), .after_tenant = note("after 1")});
  world_->add_hooks({.before_tenant = note("before 2"), .after_tenant = nullptr});
  world_->post(note("posted"));
  world_->call_at(world_->now().monotonic, note("timer"));
  world_->wake_at(world_->now().monotonic);
  bool synced = false;
  world_->disk().create("f", 10, [&](Result<void>) {
    world_->disk().write("f", 0, {Payload::copy_of("x")}, Sync::yes, [&](Result<void>) {
      synced = true;
      tenant_.note("durable");
    });
  });
  world_->turn(milliseconds(0));
  EXPECT_THAT(tenant_.events, ElementsAre("posted", "timer", "wake", "before 1", "before 2",
                                          "end_turn", "after 1"));
  run_until({world_.get()}, [&] { return synced; });
  const auto& events = tenant_.events;
  const auto durable = std::find(events.begin(), events.end(), "durable");
  EXPECT_EQ(*(durable - 1), "after 1")
      << "the sync comes last in its turn, and completes first in the next";
  EXPECT_EQ(*(durable + 1), "before 1");
}

TEST_F(NetWorldTest, RepliesLeaveBeforeTheDiskWorks) {
  int synced_before_replies = -1;
  world_->add_hooks({.before_tenant = nullptr,
                     .after_tenant = [&] { synced_before_replies = calls_.synced_writes; }});
  bool created = false;
  world_->disk().create("f", 10, [&](Result<void>) { created = true; });
  run_until({world_.get()}, [&] { return created; });
  world_->disk().write("f", 0, {Payload::copy_of("x")}, Sync::yes, [](Result<void>) {});
  world_->turn(milliseconds(0));
  EXPECT_EQ(synced_before_replies, 0);
  EXPECT_EQ(calls_.synced_writes, 1) << "in the same turn";
}

TEST_F(NetWorldTest, HooksThatWereRemovedAreNotCalled) {
  int calls = 0;
  const uint64_t id =
      world_->add_hooks({.before_tenant = [&] { ++calls; }, .after_tenant = nullptr});
  world_->turn(milliseconds(0));
  world_->remove_hooks(id);
  world_->turn(milliseconds(0));
  EXPECT_EQ(calls, 1);
}

TEST_F(NetWorldTest, TheLoopSleepsUntilTheNextDeadline) {
  const Instant start = world_->now().monotonic;
  int calls = 0;
  world_->call_at(start + milliseconds(30), [&] { ++calls; });
  int turns = 0;
  while (calls == 0) {
    ASSERT_TRUE(world_->turn(seconds(5)));
    ++turns;
  }
  EXPECT_GE(world_->now().monotonic, start + milliseconds(30));
  EXPECT_LE(turns, 3) << "it does not spin";
}

TEST_F(NetWorldTest, AWantedTurnIsNotSleptThrough) {
  tenant_.in_turn = [&] { world_->want_turn(); };
  world_->turn(milliseconds(0));
  const Instant start = world_->now().monotonic;
  world_->turn(seconds(5));
  EXPECT_LT(world_->now().monotonic, start + seconds(4));
}

TEST_F(NetWorldTest, CancelledTimersAndPostsOfPosts) {
  int calls = 0;
  world_->cancel(world_->call_at(world_->now().monotonic, [&] { calls += 100; }));
  world_->post([&] {
    ++calls;
    world_->post([&] { ++calls; });
  });
  world_->turn(milliseconds(0));
  EXPECT_EQ(calls, 1);
  world_->turn(seconds(5));
  EXPECT_EQ(calls, 2);
}

TEST_F(NetWorldTest, SignalsAreEventsOfATurn) {
  std::vector<int> heard;
  world_->on_signal([&](int number) { heard.push_back(number); });
  ::raise(SIGTERM);
  run_until({world_.get()}, [&] { return heard.size() == 1; });
  world_->on_signal([&](int number) { heard.push_back(-number); });
  ::raise(SIGINT);
  run_until({world_.get()}, [&] { return heard.size() == 2; });
  EXPECT_THAT(heard, ElementsAre(SIGTERM, -SIGINT));
}

TEST_F(NetWorldTest, FinishCompletesItsTurn) {
  bool after = false;
  world_->add_hooks({.before_tenant = nullptr, .after_tenant = [&] { after = true; }});
  world_->disk().create("f", 1, [&](Result<void>) {
    world_->disk().write("f", 0, {Payload::copy_of("x")}, Sync::yes, [](Result<void>) {});
    world_->finish(3);
  });
  run_until({world_.get()}, [&] { return world_->ended().has_value(); });
  EXPECT_EQ(world_->ended()->exit_code, 3);
  EXPECT_EQ(world_->ended()->reason, "");
  EXPECT_TRUE(after);
  EXPECT_EQ(calls_.synced_writes, 1);
  EXPECT_FALSE(world_->turn(milliseconds(0)));
}

TEST_F(NetWorldTest, AfterStopNothingLeavesAndNobodyIsCalled) {
  bool after = false;
  world_->add_hooks({.before_tenant = nullptr, .after_tenant = [&] { after = true; }});
  world_->disk().create("f", 1, [&](Result<void>) {
    after = false;
    world_->disk().write("f", 0, {Payload::copy_of("x")}, Sync::yes, [](Result<void>) {});
    tenant_.events.clear();
    world_->post([&] { tenant_.note("posted"); });
    world_->wake_at(world_->now().monotonic);
    world_->stop("a sync failed");
  });
  run_until({world_.get()}, [&] { return world_->ended().has_value(); });
  EXPECT_EQ(world_->ended()->exit_code, 70);
  EXPECT_EQ(world_->ended()->reason, "a sync failed");
  EXPECT_FALSE(after);
  EXPECT_EQ(calls_.synced_writes, 0);
  EXPECT_THAT(tenant_.events, ElementsAre());
  EXPECT_THAT(log(), HasSubstr("error: stopping: a sync failed"));
}

TEST_F(NetWorldTest, StopHasTheLastWordOverFinish) {
  world_->finish(0);
  world_->stop("broken");
  EXPECT_EQ(world_->ended()->exit_code, 70);
  world_->finish(0);
  EXPECT_EQ(world_->ended()->exit_code, 70);
}

TEST_F(NetWorldTest, EntropyDiffers) { EXPECT_NE(world_->entropy(), world_->entropy()); }

TEST_F(NetWorldTest, WallTimeIsNow) {
  const int64_t wall_ms = world_->now().wall.ms;
  EXPECT_GT(wall_ms, 1'600'000'000'000);
  EXPECT_LT(wall_ms, 10'000'000'000'000);
}

TEST(NetWorldOpen, MistakesAreSaid) {
  ScratchDir scratch;
  NetOptions options = options_for_test(scratch, 1);
  const auto world = open_for_test(options);
  EXPECT_NE(world->peer_port(), 0);

  const auto same_directory = NetWorld::open(options);
  ASSERT_FALSE(same_directory);
  EXPECT_EQ(same_directory.error().fault, Fault::refused);
  EXPECT_THAT(same_directory.error().message, HasSubstr("is in use by process"));

  NetOptions same_port = options_for_test(scratch, 2);
  same_port.listen = loopback(world->peer_port());
  const auto taken = NetWorld::open(same_port);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().fault, Fault::refused);
  EXPECT_EQ(taken.error().message,
            "cannot listen for peers at " + same_port.listen +
                ": another process has this port; stop it or choose another port");

  NetOptions nowhere = options_for_test(scratch, 3);
  nowhere.listen = "192.0.2.1:0";
  EXPECT_EQ(NetWorld::open(nowhere).error().fault, Fault::invalid);
  nowhere.listen = "127.0.0.1";
  EXPECT_EQ(NetWorld::open(nowhere).error().fault, Fault::invalid);

  NetOptions malformed = options_for_test(scratch, 4);
  malformed.nodes[NodeId(2)] = "host";
  EXPECT_EQ(NetWorld::open(malformed).error().fault, Fault::invalid);
}

TEST(NetWorldOpen, RunGivesTheEnd) {
  ScratchDir scratch;
  const auto world = open_for_test(options_for_test(scratch, 1));
  RecordingTenant tenant;
  tenant.in_turn = [&] { world->finish(5); };
  world->want_turn();
  EXPECT_EQ(world->run(tenant).exit_code, 5);
}

}  // namespace
}  // namespace coterie::world
