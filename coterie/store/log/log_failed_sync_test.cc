// After a failed sync the kernel takes pages for clean that never reached the disk: a later sync of
// them reports success and writes nothing, and they are read back until the power goes (Rebello et
// al., "Can Applications Recover from fsync Failures?", ATC 2020). So a life that follows one which
// a failed sync has ended must not rely on a sync of what it has only read back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coterie/base/random.h"
#include "coterie/store/log/log_test_util.h"
#include "coterie/store/log/segment_format.h"

namespace coterie::store::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

constexpr LogOptions small{.segment_bytes = 8192};
constexpr const char* last_segment = "0000000001.log";

void end_process(sim::SimDisk& disk) { disk.crash({.kind = sim::CrashKind::process}); }
void lose_power(sim::SimDisk& disk) { disk.crash({.survival = sim::Survival::none}); }

// A replica with the entries a and b.
void begin(Life& life) {
  life.found(papers_of(1));
  life.write(HardState{Term(1), {}, false}, {});
  life.settle();
  life.append(1, "a");
  life.settle();
  life.append(1, "b");
  life.settle();
}

// Its write of c is read back, but is not on the disk.
void fail_the_write_of_c(sim::SimDisk& disk, const std::string& body = "c") {
  {
    Life life(disk, small);
    begin(life);
    disk.on_submission([&](const sim::Submission& submission) {
      const bool of_c = submission.operation == sim::DiskOperation::write &&
                        submission.name.ends_with(".log") && submission.size_bytes > body.size() &&
                        submission.size_bytes != segment_header_bytes;
      if (of_c) disk.fail_next(sim::DiskOperation::sync);
    });
    const uint64_t number = life.append(1, body);
    life.settle();
    ASSERT_TRUE(life.failure);
    ASSERT_LT(life.durable.back(), number);
    disk.on_submission(nullptr);
  }
  end_process(disk);
}

void expect_there(sim::SimDisk& disk, const std::vector<std::string>& wanted) {
  Life life(disk, small);
  ASSERT_TRUE(life.recovery && life.recovery->papers);
  EXPECT_EQ(bodies(life.recovery->entries), wanted);
  EXPECT_FALSE(life.recovery->hard_state.damaged) << ::testing::PrintToString(life.recovery->notes);
}

// What a log asks of its disk.
struct Asked {
  explicit Asked(sim::SimDisk& disk) {
    disk.on_submission([this](const sim::Submission& submission) {
      const std::string name(submission.name);
      names.push_back(std::string(disk_operation_name(submission.operation)) + " " + name);
      if (name.ends_with(".log.tmp") && submission.operation == sim::DiskOperation::write) {
        sizes.push_back(submission.size_bytes);
      }
    });
  }
  std::vector<std::string> names;
  std::vector<uint64_t> sizes;  // of the writes to a new segment
};

TEST(FailedSync, WhatTheNextLifeFoundAndSettledIsThere) {
  sim::SimDisk disk(1);
  fail_the_write_of_c(disk);
  {
    Life life(disk, small);
    ASSERT_THAT(bodies(life.recovery->entries), ElementsAre("a", "b", "c"));
    disk.run_completions();
    ASSERT_TRUE(life.log().settled());
  }
  lose_power(disk);
  expect_there(disk, {"a", "b", "c"});
}

TEST(FailedSync, WhatTheNextLifeWroteBehindItIsNoDamage) {
  sim::SimDisk disk(1);
  fail_the_write_of_c(disk);
  {
    Life life(disk, small);
    const uint64_t number = life.append(1, "d");
    life.settle();
    ASSERT_EQ(life.durable.back(), number);
  }
  lose_power(disk);
  expect_there(disk, {"a", "b", "c", "d"});
}

// The first write to a segment, and the state that names the next one, alike.
TEST(FailedSync, AtEveryWriteOfALife) {
  size_t failed = 0;
  for (unsigned good = 0; good < 40; ++good) {
    SCOPED_TRACE(::testing::Message() << good << " syncs go well");
    sim::SimDisk disk(good);
    uint64_t durable = 0;
    {
      Life life(disk, small);
      begin(life);
      unsigned left = good;
      disk.on_submission([&](const sim::Submission& submission) {
        const bool syncs =
            submission.operation == sim::DiskOperation::sync ||
            (submission.operation == sim::DiskOperation::write && submission.durable);
        if (syncs && left-- == 0) disk.fail_next(sim::DiskOperation::sync);
      });
      for (int i = 0; i < 12 && !life.failure; ++i) {
        life.append(1, std::string(900, static_cast<char>('c' + i)));
        life.settle();
      }
      disk.on_submission(nullptr);
      failed += life.failure ? 1 : 0;
      durable = life.durable.back() - 1;  // the first number was a term's
    }
    end_process(disk);
    std::vector<std::string> found;
    {
      Life life(disk, small);
      found = bodies(life.recovery->entries);
      ASSERT_GE(found.size(), durable);
      disk.run_completions();
      ASSERT_TRUE(life.log().settled());
    }
    lose_power(disk);
    expect_there(disk, found);
  }
  EXPECT_GT(failed, 15u);
}

// Wherever the power goes meanwhile, what was acknowledged before is there.
TEST(FailedSync, NoMomentOfSettlingIsDangerous) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    sim::SimDisk disk(seed);
    Random random(seed);
    fail_the_write_of_c(disk);
    bool settled = false;
    {
      Life life(disk, small);
      for (uint64_t n = random.below(16); n > 0; --n) disk.complete_any(random);
      settled = life.log().settled();
    }
    disk.crash({.garbage_probability = 0.5});
    Life life(disk, small);
    ASSERT_TRUE(life.recovery && life.recovery->papers);
    ASSERT_FALSE(life.recovery->hard_state.damaged)
        << ::testing::PrintToString(life.recovery->notes);
    ASSERT_EQ(life.recovery->hard_state.term, Term(1));
    ASSERT_GE(life.recovery->entries.size(), settled ? 3u : 2u);
    disk.run_completions();
    for (const std::string& name : disk.names()) EXPECT_FALSE(name.ends_with(".tmp")) << name;
  }
}

// A slot whose sync has failed does not stand for itself while the other one is being written.
TEST(FailedSync, TermAndVoteAreNeverLost) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    sim::SimDisk disk(seed);
    Random random(seed);
    {
      Life life(disk, small);
      begin(life);
      if (seed % 2 == 0) {
        // The second slot.
        life.write(HardState{Term(2), replica_of(3), false}, {});
        life.flush();
        disk.complete_one();
      } else {
        life.write(HardState{Term(2), replica_of(3), false}, {});
      }
      disk.fail_next(sim::DiskOperation::sync);
      life.settle();
      ASSERT_TRUE(life.failure);
    }
    end_process(disk);
    {
      Life life(disk, small);
      ASSERT_EQ(life.recovery->hard_state.term, Term(2));
      for (uint64_t n = random.below(16); n > 0; --n) disk.complete_any(random);
    }
    disk.crash({.garbage_probability = 0.5});
    Life life(disk, small);
    ASSERT_TRUE(life.recovery->papers) << ::testing::PrintToString(life.recovery->notes);
    ASSERT_GE(life.recovery->hard_state.term, Term(1));
  }
}

TEST(FailedSync, AnyFailureWhileSettlingStopsTheNode) {
  using Operation = sim::DiskOperation;
  for (const Operation operation :
       {Operation::create, Operation::read, Operation::write, Operation::sync, Operation::rename}) {
    SCOPED_TRACE(disk_operation_name(operation));
    sim::SimDisk disk(1);
    fail_the_write_of_c(disk);
    {
      Life life(disk, small);
      disk.fail_next(operation);
      disk.run_completions();
      EXPECT_TRUE(life.failure);
      EXPECT_FALSE(life.log().settled());
    }
    end_process(disk);
    {
      Life life(disk, small);
      disk.run_completions();
      ASSERT_TRUE(life.log().settled());
    }
    lose_power(disk);
    expect_there(disk, {"a", "b", "c"});
  }
}

// The kernel may drop a page that it takes for clean, and read what is on the disk in its stead.
TEST(FailedSync, WhatHasChangedSinceItWasReadIsNotWrittenAgain) {
  sim::SimDisk disk(1);
  fail_the_write_of_c(disk);
  {
    Life life(disk, small);
    const std::string content = disk.content(last_segment);
    disk.flip_bit(last_segment, content.find_last_not_of('\0'), 0);
    disk.run_completions();
    ASSERT_TRUE(life.failure);
    EXPECT_THAT(life.failure->message, ::testing::HasSubstr("start the node again"));
    EXPECT_FALSE(life.log().settled());
  }
  end_process(disk);
  Life life(disk, small);
  disk.run_completions();
  EXPECT_TRUE(life.log().settled());
  EXPECT_THAT(bodies(life.recovery->entries), ElementsAre("a", "b"));
}

TEST(FailedSync, WithoutRoomItWaitsAndHeals) {
  sim::SimDisk disk(1);
  fail_the_write_of_c(disk);
  {
    Life life(disk, small);
    disk.set_capacity(disk.used_bytes() + 100);
    for (int i = 0; i < 20; ++i) {
      life.pass(100);
      life.settle();
    }
    EXPECT_FALSE(life.log().settled());
    EXPECT_TRUE(life.log().full());
    EXPECT_FALSE(life.failure);
    // Asked now and then only.
    const auto before = disk.counters();
    for (int i = 0; i < 100; ++i) {
      life.flush();
      disk.run_completions();
    }
    EXPECT_LE(disk.counters().submitted - before.submitted, 4u);
    disk.set_capacity(1 << 20);
    for (int i = 0; i < 5; ++i) {
      life.pass(200);
      life.settle();
    }
    EXPECT_TRUE(life.log().settled());
    EXPECT_FALSE(life.log().full());
  }
  lose_power(disk);
  expect_there(disk, {"a", "b", "c"});
}

TEST(FailedSync, RefusedAmidTheCopyItGivesTheRoomBack) {
  sim::SimDisk disk(1);
  fail_the_write_of_c(disk);
  Life life(disk, small);
  const uint64_t used_bytes = disk.used_bytes();
  disk.fail_next(sim::DiskOperation::write, Fault::no_space);
  life.settle();
  EXPECT_TRUE(life.log().full());
  EXPECT_EQ(disk.used_bytes(), used_bytes);
  life.pass(200);
  life.settle();
  EXPECT_TRUE(life.log().settled());
}

TEST(FailedSync, ClosedWhileItWaitsForRoomNothingHasChanged) {
  for (const bool closed_first : {false, true}) {
    sim::SimDisk disk(1);
    fail_the_write_of_c(disk);
    {
      Life life(disk, small);
      disk.set_capacity(disk.used_bytes());
      if (!closed_first) life.settle();
      EXPECT_TRUE(life.close());
    }
    end_process(disk);
    disk.set_capacity(1 << 20);
    {
      Life life(disk, small);
      disk.run_completions();
      ASSERT_TRUE(life.log().settled());
    }
    lose_power(disk);
    expect_there(disk, {"a", "b", "c"});
  }
}

// Without room for a new state file, the old one serves.
TEST(FailedSync, TheStateNeedsNoRoom) {
  sim::SimDisk disk(1);
  {
    Life life(disk, small);
    begin(life);
    ASSERT_TRUE(life.close());
  }
  disk.crash();
  {
    Life life(disk, small);
    disk.set_capacity(disk.used_bytes());
    disk.run_completions();
    EXPECT_TRUE(life.log().settled());
    const uint64_t number = life.write(HardState{Term(4), replica_of(4), false}, {});
    life.settle();
    EXPECT_THAT(life.durable, ElementsAre(number));
  }
  lose_power(disk);
  Life life(disk, small);
  EXPECT_EQ(life.recovery->hard_state, (HardState{Term(4), replica_of(4), false}));
}

TEST(FailedSync, OneWriteIsEnoughForAUsualSegment) {
  sim::SimDisk disk(1);
  fail_the_write_of_c(disk, std::string(3000, 'c'));
  Asked asked(disk);
  Life life(disk, small);
  disk.run_completions();
  ASSERT_TRUE(life.log().settled());
  ASSERT_EQ(asked.sizes.size(), 1u);
  EXPECT_GT(asked.sizes.front(), 3000u + segment_header_bytes);
  EXPECT_EQ(disk.content(last_segment).size(), 8192u);
}

TEST(FailedSync, ALargeSegmentIsCopiedInPieces) {
  const std::string body(40u << 20, 'c');
  sim::SimDisk disk(1);
  fail_the_write_of_c(disk, body);
  {
    Asked asked(disk);
    Life life(disk, small);
    disk.run_completions();
    disk.on_submission(nullptr);
    ASSERT_TRUE(life.log().settled());
    ASSERT_EQ(asked.sizes.size(), 3u);
    EXPECT_EQ(*std::max_element(asked.sizes.begin(), asked.sizes.end()), 16u << 20);
  }
  lose_power(disk);
  Life life(disk, small);
  ASSERT_EQ(life.recovery->entries.size(), 3u);
  EXPECT_EQ(life.recovery->entries.back().body().text(), body);
}

// Nothing is copied when it is known that all of it was synced.
TEST(FailedSync, NothingIsMadeAnewWithoutNeed) {
  sim::SimDisk disk(1);
  {
    Life life(disk, small);
    begin(life);
    ASSERT_TRUE(life.close());
  }
  end_process(disk);
  Asked asked(disk);
  for (int i = 0; i < 2; ++i) {  // after a clean end; after a life that wrote nothing
    {
      Life life(disk, small);
      disk.run_completions();
      ASSERT_TRUE(life.log().settled());
    }
    end_process(disk);
  }
  EXPECT_TRUE(asked.sizes.empty());
  EXPECT_THAT(asked.names, Contains("rename state.tmp"));
}

TEST(FailedSync, WhatWasLeftHalfMadeIsRemoved) {
  sim::SimDisk disk(1);
  {
    Life life(disk, small);
    begin(life);
    ASSERT_TRUE(life.close());
  }
  for (const char* name : {"0000000001.log.tmp", "0000000007.log.tmp", "state.tmp"}) {
    disk.create(name, 4096, [](Result<void>) {});
  }
  disk.run_completions();
  disk.crash({.kind = sim::CrashKind::process});
  {
    Life life(disk, small);
    disk.run_completions();
    ASSERT_TRUE(life.log().settled());
  }
  for (const std::string& name : disk.names()) EXPECT_FALSE(name.ends_with(".tmp")) << name;
}

// The header of a prepared segment that was not named by the state yet.
TEST(FailedSync, TheHeaderOfAPreparedSegment) {
  sim::SimDisk disk(1);
  {
    Life life(disk, small);
    life.found(papers_of(1));
    life.append(0, "a");
    life.flush();
    // Until the next segment is there, without its header.
    while (!disk.exists("0000000002.log") || life.durable.empty()) {
      ASSERT_TRUE(disk.complete_one());
    }
    ASSERT_FALSE(decode_segment_header(disk.content("0000000002.log")));
    disk.fail_next(sim::DiskOperation::sync);
    disk.run_completions();
    ASSERT_TRUE(life.failure);
  }
  end_process(disk);
  {
    Life life(disk, small);
    disk.run_completions();
    ASSERT_TRUE(life.log().settled());
  }
  lose_power(disk);
  EXPECT_TRUE(decode_segment_header(disk.content("0000000002.log")));
}

// A snapshot gets its name when its sync has succeeded, and not otherwise: the next life never
// takes one for durable that is not.
TEST(FailedSync, ASnapshotGetsNoName) {
  sim::SimDisk disk(1);
  Life life(disk, small);
  begin(life);
  {
    SnapshotWriter writer(disk, {Index(2), Term(1), "membership", 0});
    writer.append(Payload::copy_of(std::string(100'000, 's')));
    disk.run_completions();
    disk.fail_next(sim::DiskOperation::sync);
    bool refused = false;
    writer.finish([&](const Result<SnapshotFile>& file) { refused = !file; });
    disk.run_completions();
    EXPECT_TRUE(refused);
  }
  for (const std::string& name : disk.names()) {
    EXPECT_FALSE(snapshot_index(name) || is_unfinished_snapshot(name)) << name;
  }
}

// Nor does an identity.
TEST(FailedSync, AnIdentityGetsNoName) {
  sim::SimDisk disk(1);
  Life life(disk, small);
  begin(life);
  Papers changed = papers_of(1);
  changed.founding = "another";
  disk.fail_next(sim::DiskOperation::sync);
  bool refused = false;
  life.log().write_papers(changed, [&](const Result<void>& result) { refused = !result; });
  disk.run_completions();
  EXPECT_TRUE(refused);
  end_process(disk);
  Life next(disk, small);
  EXPECT_EQ(next.recovery->papers->founding, papers_of(1).founding);
}

}  // namespace
}  // namespace coterie::store::testing
