#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/base/codec.h"
#include "coterie/base/crc32c.h"
#include "coterie/store/state/log_time.h"
#include "coterie/store/state/random_log.h"
#include "coterie/store/state/snapshot_format.h"

namespace coterie::state {
namespace {

State state_with_everything() {
  LogDriver log;
  const SessionId a = log.open(1);
  const SessionId b = log.open(2);
  log.run(a, {"set", "string", "value"});
  log.run(a, {"set", "mortal", "value", "PX", "5000"}, 3);
  log.run(a, {"rpush", "list", "x", "y", "z"});
  log.run(a, {"hset", "hash", "f", "v", "g", "w"});
  log.run(a, {"sadd", "set", "m", "n"});
  log.run(a, {"blpop", "queue", "7"});
  log.run(a, {"once", "client", "3", "incr", "n"});
  log.run(a, {"fence", "resource", "9", "incr", "n"});
  log.run(a, {"blpop", "queue2", "0"});
  log.run(b, {"rpush", "queue2", "x"});  // a late reply
  return log.state;
}

TEST(Snapshot, TheDocumentedExampleIsLoaded) {
  Random random(1);
  const std::string bytes = documented_example("state-snapshot.md");
  const auto state = load(bytes, random);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->applied(), Index(7));
  EXPECT_EQ(state->keys(), 3u);
  EXPECT_EQ(state->next_deadline_ms(), 6'000);
  EXPECT_TRUE(state->waiting(SessionId(1), 3));
  EXPECT_EQ(state->kept_reply(SessionId(1), 4)->view(), ":1\r\n");
  EXPECT_EQ(snapshot_of(*state, random), bytes);
  LogDriver log;
  log.state = *state;
  EXPECT_EQ(log.run(SessionId(1), {"rpush", "queue", "x"}), ":1\r\n");
  EXPECT_EQ(log.reply_of(SessionId(1), 3), "*2\r\n" + bulk("queue") + bulk("x"));
  EXPECT_EQ(log.run(SessionId(1), {"hget", "hash", "field"}), bulk("v"));
  EXPECT_EQ(log.run(SessionId(1), {"once", "client", "3", "incr", "n"}), ":1\r\n");
}

TEST(Snapshot, ComesBackWhateverThePieces) {
  const State state = state_with_everything();
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Random random(seed);
    const auto back = load(snapshot_of(state, random), random);
    ASSERT_TRUE(back) << back.error().message;
    ASSERT_EQ(back->digest(), state.digest());
    ASSERT_EQ(back->expiring_in(3), 1u);
  }
}

TEST(Snapshot, OfAnEmptyStateComesBack) {
  Random random(1);
  const State state;
  const auto back = load(snapshot_of(state, random), random);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->digest(), state.digest());
}

TEST(Snapshot, IsTheSameBytesForTheSameState) {
  Random random(1), other(2);
  const State state = state_with_everything();
  const std::string bytes = snapshot_of(state, random);
  EXPECT_EQ(bytes, snapshot_of(*load(bytes, random), other));
}

TEST(Snapshot, CutAtAnyPlaceIsRefused) {
  Random random(1);
  const std::string bytes = snapshot_of(state_with_everything(), random);
  for (size_t size = 0; size < bytes.size(); ++size) {
    SnapshotLoader loader;
    const auto fed = loader.feed({bytes.data(), size});
    EXPECT_FALSE(fed && loader.finish()) << size;
  }
  SnapshotLoader loader;
  EXPECT_TRUE(loader.feed(bytes));
  EXPECT_FALSE(loader.feed(bytes) && loader.finish()) << "something behind the end";
}

TEST(Snapshot, AnyWrongByteIsNoticed) {
  Random random(1);
  const State state = state_with_everything();
  const std::string bytes = snapshot_of(state, random);
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string wrong = bytes;
    wrong[at] = static_cast<char>(wrong[at] ^ (1 << random.below(8)));
    SnapshotLoader loader;
    const auto fed = loader.feed(wrong);
    EXPECT_FALSE(fed && loader.finish()) << at;
  }
}

// Frames whose checksum is right and whose fields are forged.
TEST(Snapshot, ForgedFramesAreRefusedOrHarmless) {
  const std::string good = [] {
    Random random(1);
    return snapshot_of(state_with_everything(), random);
  }();
  Random random(2);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good.substr(0, good.size() - 17);
    for (uint64_t i = random.below(3) + 1; i > 0; --i) {
      bytes[random.below(bytes.size())] =
          static_cast<char>(random.chance(0.3) ? 0xff : random.next());
    }
    PayloadBuilder out;
    snapshot::FrameWriter frame(out);
    frame.begin(snapshot::FrameKind::end);
    frame.put(uint64_t{bytes.size()});
    frame.put(crc32c(bytes));
    frame.end();
    bytes += out.view();
    auto loaded = load(bytes, random);
    if (!loaded) continue;
    // What was accepted must be a state that can go on.
    ++accepted;
    LogDriver log;
    log.state = *std::move(loaded);
    if (log.state.applied().value > UINT64_MAX - 100) continue;
    log.now_ms = log.state.now_ms();
    if (log.state.session(SessionId(1))) {
      const auto last = log.last(SessionId(1));
      if (last < UINT64_MAX - 100) log.run(SessionId(1), {"rpush", "queue", "x"});
    }
    for (int i = 0; i < 3; ++i) log.stamp(add_ms(log.now_ms, 4'000'000));
    static_cast<void>(log.state.digest());
  }
  EXPECT_GT(accepted, 100) << "values may be anything";
}

TEST(Snapshot, PiecesAreAsLargeAsAskedWhateverTheValues) {
  LogDriver log;
  const SessionId a = log.open(1);
  log.run(a, {"set", "large", std::string(3'000'000, 'x')});
  log.run(a, {"hset", "hash", "field", std::string(2'000'000, 'y')});
  std::vector<std::string> many{"rpush", "list"};
  for (int i = 0; i < 100'000; ++i) many.push_back(std::to_string(i));
  log.run(a, many);
  log.run(a, {"get", "large"});
  // Everything that may be large is: field, key, reply, a waiting command.
  const std::string huge(90'000, 'z');
  log.run(a, {"hset", "hash", huge, huge, "f", "v", huge + "1", ""});
  log.run(a, {"set", huge, "v"});
  log.run(a, {"sadd", huge + "s", huge, "m", huge + "1"});
  log.run(a, {"blpop", "nothing", huge + "l", "0"});
  log.run(a, {"once", "c", "1", "get", "large"});
  SnapshotSource source(log.state);
  constexpr size_t asked = 100'000;
  std::string all;
  while (auto piece = source.next(asked)) {
    EXPECT_LE(piece->size(), asked + 2 * huge.size() + 2 * snapshot::FrameWriter::tail_bytes_least);
    all += piece->view();
  }
  Random random(1);
  const auto back = load(all, random);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->digest(), log.state.digest());
}

TEST(Snapshot, IsOfTheMomentItWasTaken) {
  LogDriver log;
  const SessionId a = log.open(1);
  for (int i = 0; i < 2'000; ++i) log.run(a, {"set", "key" + std::to_string(i), "old"});
  const uint64_t digest = log.state.digest();
  SnapshotSource source(log.state);
  std::string all;
  int i = 0;
  while (auto piece = source.next(500)) {
    all += piece->view();
    log.run(a, {"set", "key" + std::to_string(i++ % 3'000), "new"});
    log.run(a, {"del", "key" + std::to_string((i * 7) % 3'000)});
  }
  Random random(1);
  EXPECT_EQ(load(all, random)->digest(), digest);
}

TEST(Snapshot, WaitersAndLateRepliesGoOn) {
  Random random(1);
  LogDriver log;
  log.state = *load(snapshot_of(state_with_everything(), random), random);
  const SessionId a(1), b(2);
  EXPECT_TRUE(log.state.waiting(a, 6));
  EXPECT_EQ(log.state.kept_reply(a, 9)->view(), "*2\r\n" + bulk("queue2") + bulk("x"));
  log.run(b, {"rpush", "queue", "x"});
  EXPECT_EQ(log.reply_of(a, 6), "*2\r\n" + bulk("queue") + bulk("x"));
  EXPECT_EQ(log.run(a, {"once", "client", "3", "incr", "n"}), ":1\r\n");
  EXPECT_EQ(log.run(a, {"fence", "resource", "8", "incr", "n"}).substr(0, 11), "-STALETOKEN");
}

}  // namespace
}  // namespace coterie::state
