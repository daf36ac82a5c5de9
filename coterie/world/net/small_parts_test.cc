// Timers, back-off, the pace of syncing, addresses and the preamble: what has neither sockets nor
// files.
#include <gtest/gtest.h>

#include "coterie/world/net/address.h"
#include "coterie/world/net/backoff.h"
#include "coterie/world/net/preamble.h"
#include "coterie/world/net/sync_pace.h"
#include "coterie/world/net/timers.h"

namespace coterie::world {
namespace {

TEST(Timers, RunInOrderOfTimeThenOfSetting) {
  Timers timers;
  std::string called;
  timers.at({20}, [&] { called += 'b'; });
  timers.at({10}, [&] { called += 'a'; });
  timers.at({20}, [&] { called += 'c'; });
  timers.at({30}, [&] { called += 'd'; });
  EXPECT_EQ(timers.next(), Instant{10});
  timers.run_due({20});
  EXPECT_EQ(called, "abc");
  EXPECT_EQ(timers.next(), Instant{30});
}

TEST(Timers, CancelledOnesAreNotCalledEvenFromACall) {
  Timers timers;
  std::string called;
  TimerId later = 0;
  timers.at({10}, [&] {
    called += 'a';
    timers.cancel(later);
  });
  later = timers.at({11}, [&] { called += 'b'; });
  timers.run_due({50});
  EXPECT_EQ(called, "a");
  EXPECT_EQ(timers.next(), Instant::never());
  timers.cancel(later);
  timers.cancel(0);
}

TEST(Timers, OneSetByACallWaitsForTheNextRun) {
  Timers timers;
  int calls = 0;
  std::function<void()> again = [&] {
    ++calls;
    timers.at({5}, again);
  };
  timers.at({5}, again);
  timers.run_due({9});
  EXPECT_EQ(calls, 1);
  timers.run_due({9});
  EXPECT_EQ(calls, 2);
}

TEST(Backoff, DoublesUpToItsBoundWithAJitterOfAHalf) {
  Backoff backoff(milliseconds(20), seconds(1), 7);
  Duration step = milliseconds(20);
  for (int i = 0; i < 12; ++i) {
    const Duration wait = backoff.next();
    EXPECT_GE(wait, step / 2);
    EXPECT_LE(wait, step);
    step = std::min(step * 2, seconds(1));
  }
  backoff.reset();
  EXPECT_LE(backoff.next(), milliseconds(20));
}

TEST(Backoff, DiffersBetweenSeeds) {
  Backoff one(seconds(1), seconds(1), 1);
  Backoff other(seconds(1), seconds(1), 2);
  EXPECT_NE(one.next(), other.next());
}

TEST(SyncPace, AFastDiskStaysInTheLoop) {
  SyncPace pace(milliseconds(5), milliseconds(250), seconds(8));
  pace.record(milliseconds(4), {0});
  EXPECT_FALSE(pace.use_helper({0}));
}

TEST(SyncPace, ASlowSyncHandsOverForAWhile) {
  SyncPace pace(milliseconds(5), milliseconds(250), seconds(8));
  const Instant slow_at{1'000'000'000};
  pace.record(milliseconds(6), slow_at);
  EXPECT_TRUE(pace.use_helper(slow_at));
  EXPECT_TRUE(pace.use_helper(slow_at + milliseconds(249)));
  EXPECT_FALSE(pace.use_helper(slow_at + milliseconds(250)));
}

TEST(SyncPace, WhileSyncsStaySlowTheHelperKeepsTheWork) {
  SyncPace pace(milliseconds(5), milliseconds(250), seconds(8));
  Instant now{1'000'000'000};
  for (int i = 0; i < 100; ++i, now = now + milliseconds(200)) {
    pace.record(milliseconds(200), now);
    EXPECT_TRUE(pace.use_helper(now + milliseconds(199)));
  }
}

TEST(SyncPace, ComingBackSlowTheLoopStaysAwayForLonger) {
  SyncPace pace(milliseconds(5), milliseconds(250), seconds(1));
  const auto held_for = [&](Instant from) {
    Duration hold;
    while (pace.use_helper(from + hold)) hold = hold + milliseconds(1);
    return hold;
  };
  Instant now{1'000'000'000};
  pace.record(milliseconds(9), now);
  EXPECT_EQ(held_for(now), milliseconds(250));
  now = now + milliseconds(300);
  pace.record(milliseconds(9), now);
  EXPECT_EQ(held_for(now), milliseconds(500));
  now = now + milliseconds(600);
  pace.record(milliseconds(9), now);
  EXPECT_EQ(held_for(now), seconds(1));
  now = now + seconds(2);
  pace.record(milliseconds(9), now);
  EXPECT_EQ(held_for(now), seconds(1)) << "its bound";
  now = now + seconds(60);
  pace.record(milliseconds(9), now);
  EXPECT_EQ(held_for(now), milliseconds(250)) << "long ago";
}

TEST(Address, IsReadAndWritten) {
  EXPECT_EQ(*parse_host_port("db1.example:0"), (HostPort{"db1.example", 0}));
  EXPECT_EQ(*parse_host_port("[::1]:65535"), (HostPort{"::1", 65535}));
  EXPECT_EQ((HostPort{"::1", 80}.text()), "[::1]:80");
  EXPECT_EQ((HostPort{"h", 80}.text()), "h:80");
}

TEST(Address, MistakesAreNamed) {
  for (const char* text : {"", "host", "host:", ":80", "host:x", "host:65536", "host:-1", "::1:80",
                           "[::1:80", "h:8 ", "[]:1"}) {
    const auto parsed = parse_host_port(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().fault, Fault::invalid);
    EXPECT_NE(parsed.error().message.find("HOST:PORT"), std::string::npos);
  }
  EXPECT_FALSE(parse_host_port(std::string(256, 'h') + ":1"));
}

TEST(Address, Loopback) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "localhost"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "example"})
    EXPECT_FALSE(is_loopback(host)) << host;
}

// The example of docs/formats/peer_link.md.
TEST(Preamble, BytesAreThoseOfTheDocumentation) {
  const auto preamble = encode_preamble({.from = NodeId(1), .to = NodeId(2), .process = 0xabcdef});
  EXPECT_EQ(
      std::string(preamble.data(), preamble.size()),
      std::string(
          "COTP\x02\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00"
          "\xef\xcd\xab\x00\x00\x00\x00\x00",
          32));
  const auto answer = encode_answer({.verdict = Verdict::other_target, .from = NodeId(3)});
  EXPECT_EQ(std::string(answer.data(), answer.size()),
            std::string("COTP\x02\x00\x02\x00\x03\x00\x00\x00\x00\x00\x00\x00", 16));
}

TEST(Preamble, ComesBackAsItWas) {
  const auto bytes = encode_preamble({.version = 7,
                                      .from = NodeId(1) + (uint64_t{1} << 40),
                                      .to = NodeId(9),
                                      .process = UINT64_MAX - 1});
  const auto read = decode_preamble({bytes.data(), bytes.size()});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->version, 7);
  EXPECT_EQ(read->from.value, 1 + (uint64_t{1} << 40));
  EXPECT_EQ(read->to, NodeId(9));
  EXPECT_EQ(read->process, UINT64_MAX - 1);
  EXPECT_EQ(decode_version({bytes.data(), opening_bytes}).value(), 7);
  const auto answer_bytes_there =
      encode_answer({.verdict = Verdict::unknown_node, .from = NodeId(4)});
  const auto answer = decode_answer({answer_bytes_there.data(), answer_bytes_there.size()});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->verdict, Verdict::unknown_node);
  EXPECT_EQ(answer->from, NodeId(4));
}

TEST(Preamble, OthersAreRecognised) {
  EXPECT_EQ(decode_version("GET / HT").error().fault, Fault::corrupt);
  EXPECT_EQ(decode_preamble("GET / HTTP/1.1\r\nHost: localhost\r").error().fault, Fault::corrupt);
  EXPECT_EQ(decode_answer("-ERR unknown com").error().fault, Fault::corrupt);
}

}  // namespace
}  // namespace coterie::world
