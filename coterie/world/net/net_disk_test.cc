// Who does the disk's work: the loop while the disk is fast, the helper thread when it is not; and
// in which order.
#include "coterie/world/net/net_disk.h"

#include <thread>

#include <gtest/gtest.h>

#include "coterie/world/net/faulty_calls_for_test.h"
#include "coterie/world/net/loop_for_test.h"

namespace coterie::world {
namespace {

class NetDiskTest : public testing::Test {
 protected:
  NetDiskTest() {
    NetOptions options = options_for_test(scratch_, 1);
    options.listen.clear();
    options.disk.helper_least = options.disk.helper_most = milliseconds(50);
    options.disk.noted_sync = milliseconds(15);
    world_ = open_for_test(options, &calls_);
    world_->attach(tenant_);
  }
  Disk& disk() { return world_->disk(); }
  Disk::Done done(std::string name) {
    return [this, name = std::move(name)](Result<void> result) {
      order_ += name + (result ? " " : "(" + std::string(fault_name(result.error().fault)) + ") ");
    };
  }
  bool until(const std::string& order) {
    return run_until({world_.get()}, [&] { return order_.size() >= order.size(); }) &&
           order_ == order;
  }
  void create(const std::string& name, uint64_t size_bytes = 4096) {
    disk().create(name, size_bytes, done("create"));
    EXPECT_TRUE(until("create ")) << order_;
    order_.clear();
  }
  static std::vector<Payload> parts(std::string_view bytes) { return {Payload::copy_of(bytes)}; }
  std::string log() { return text_of_file(scratch_.path("log-1")); }

  ScratchDir scratch_;
  FaultyCalls calls_;
  RecordingTenant tenant_;
  std::string order_;
  std::unique_ptr<NetWorld> world_;
};

TEST_F(NetDiskTest, AFastDiskIsSyncedInTheLoopAndCompletesInTheNextTurn) {
  create("f");
  disk().write("f", 0, parts("abc"), Sync::yes, done("write"));
  ASSERT_TRUE(world_->turn(milliseconds(0)));
  EXPECT_EQ(order_, "") << "not in the turn of its submission";
  EXPECT_EQ(calls_.synced_writes, 1) << "but carried out at its end";
  ASSERT_TRUE(world_->turn(seconds(5)));
  EXPECT_EQ(order_, "write ") << "the next turn follows at once";
  EXPECT_EQ(calls_.syncing_threads().back(), std::this_thread::get_id());
}

TEST_F(NetDiskTest, AfterASlowSyncTheHelperTakesOverUntilItIsFastAgain) {
  create("f");
  calls_.sync_takes_ms = 20;
  disk().write("f", 0, parts("a"), Sync::yes, done("slow"));
  EXPECT_TRUE(until("slow "));
  EXPECT_EQ(calls_.syncing_threads().back(), std::this_thread::get_id());
  EXPECT_TRUE(world_->disk_slow());
  EXPECT_NE(log().find("slow disk: writing 1 bytes to f"), std::string::npos) << log();

  const size_t turns = tenant_.events.size();
  disk().write("f", 1, parts("b"), Sync::yes, done("helped"));
  EXPECT_TRUE(until("slow helped "));
  EXPECT_NE(calls_.syncing_threads().back(), std::this_thread::get_id());
  EXPECT_GT(tenant_.events.size(), turns + 3) << "the loop went on meanwhile";

  calls_.sync_takes_ms = 0;
  run_until({world_.get()}, [&] { return !world_->disk_slow(); });
  disk().write("f", 2, parts("c"), Sync::yes, done("fast"));
  EXPECT_TRUE(until("slow helped fast "));
  EXPECT_EQ(calls_.syncing_threads().back(), std::this_thread::get_id());
  EXPECT_EQ(text_of_file(scratch_.path("data-1/f")).substr(0, 3), "abc");
}

TEST_F(NetDiskTest, WhatWaitsForTheHelperIsSyncedTogether) {
  create("f");
  calls_.sync_takes_ms = 20;
  disk().write("f", 0, parts("a"), Sync::yes, done("1"));
  EXPECT_TRUE(until("1 "));
  const auto before = calls_.syncing_threads().size();
  for (int i = 2; i <= 9; ++i)
    disk().write("f", static_cast<uint64_t>(i), parts("x"), Sync::yes, done(std::to_string(i)));
  EXPECT_TRUE(until("1 2 3 4 5 6 7 8 9 ")) << order_;
  EXPECT_LE(calls_.syncing_threads().size() - before, 2u)
      << "one for the first, perhaps, and one for all others";
}

TEST_F(NetDiskTest, SubmissionsOnOneFileCompleteInTheirOrder) {
  disk().create("f", 1u << 20, done("create"));
  disk().write("f", 0, parts("abcdef"), Sync::no, done("write"));
  disk().sync("f", done("sync"));
  disk().write("f", 3, parts(std::string(300'000, 'x')), Sync::yes, done("large"));
  disk().write("f", 6, parts("y"), Sync::yes, done("small"));
  disk().read("f", 0, 8,
              [this](Result<Payload> bytes) { order_ += "read=" + bytes->text() + " "; });
  disk().rename("f", "g", done("rename"));
  disk().write("g", 0, parts("A"), Sync::yes, done("renamed"));
  disk().remove("g", done("remove"));
  disk().write("g", 0, parts("A"), Sync::yes, done("removed"));
  EXPECT_TRUE(until(
      "create write sync large small read=abcxxxyx rename renamed remove removed(not found) "))
      << order_;
}

TEST_F(NetDiskTest, ASyncDoesNotOvertakeTheWriteOfTheSameTurn) {
  create("f");
  calls_.synced_write_error = EOPNOTSUPP;
  disk().write("f", 0, parts("abc"), Sync::no, done("write"));
  disk().sync("f", done("sync"));
  disk().write("f", 0, parts("d"), Sync::yes, done("again"));
  EXPECT_TRUE(until("write sync again ")) << order_;
  EXPECT_EQ(text_of_file(scratch_.path("data-1/f")).substr(0, 3), "dbc");
}

TEST_F(NetDiskTest, SyncedWritesGoBetweenTheSlicesOfLongWork) {
  create("f");
  calls_.sync_takes_ms = 20;
  disk().write("f", 0, parts("a"), Sync::yes, done("slow"));
  EXPECT_TRUE(until("slow "));
  calls_.write_out_gate.close();
  disk().create("segment", 4u << 20, done("create"));
  world_->turn(milliseconds(0));
  calls_.write_out_gate.await_waiter();  // it is being filled
  disk().write("f", 1, parts("b"), Sync::yes, done("urgent"));
  world_->turn(milliseconds(0));
  EXPECT_EQ(order_, "slow ");
  calls_.write_out_gate.open();
  EXPECT_TRUE(until("slow urgent create ")) << order_;
}

TEST_F(NetDiskTest, AWriteToTheFileThatIsBeingWorkedOnWaits) {
  create("f", 0);
  disk().write("f", 0, parts(std::string(9u << 20, 'x')), Sync::no, done("write"));
  calls_.write_out_gate.close();
  disk().sync("f", done("sync"));
  disk().write("f", 0, parts("y"), Sync::yes, done("urgent"));
  world_->turn(milliseconds(0));
  calls_.write_out_gate.await_waiter();
  calls_.write_out_gate.open();
  EXPECT_TRUE(until("write sync urgent ")) << order_;
}

TEST_F(NetDiskTest, FailuresReachWhoAsked) {
  create("f", 0);
  calls_.room_bytes = 0;
  disk().write("f", 0, parts("abc"), Sync::yes, done("full"));
  disk().create("g", 1u << 20, done("create"));
  disk().read("f", 0, 1, [this](Result<Payload> bytes) {
    order_ += fault_name(bytes.error().fault) + std::string(" ");
  });
  EXPECT_TRUE(run_until({world_.get()}, [&] { return order_.size() >= 40; }));
  EXPECT_NE(order_.find("full(no space)"), std::string::npos) << order_;
  EXPECT_NE(order_.find("create(no space)"), std::string::npos) << order_;
  EXPECT_NE(order_.find("invalid"), std::string::npos) << order_;
}

TEST_F(NetDiskTest, ANodeThatEndsHearsNothingMoreAndDoesNotWaitForTheRest) {
  calls_.write_out_gate.close();
  disk().create("f", 16u << 20, done("create"));
  disk().create("g", 16u << 20, done("create"));
  world_->turn(milliseconds(0));
  calls_.write_out_gate.await_waiter();
  EXPECT_FALSE(world_->disk_idle());
  std::thread opener([this] { calls_.write_out_gate.open(); });
  world_.reset();
  opener.join();
  EXPECT_EQ(order_, "");
  EXPECT_LT(calls_.write_outs, 16);
}

}  // namespace
}  // namespace coterie::world
