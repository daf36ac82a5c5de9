// Plans: drawn alike from one seed, different from two; written down and read back; bad lines.
#include "coterie/trial/plan.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "coterie/trial/scenario.h"
#include "coterie/trial/words.h"

namespace coterie::trial {
namespace {

PlanOptions options_of(uint64_t seed, uint32_t nodes = 3) {
  PlanOptions options;
  options.seed = seed;
  options.nodes = nodes;
  options.clients = 16;
  return options;
}

TEST(Plan, IsAFunctionOfItsSeed) {
  EXPECT_EQ(draw_plan(options_of(5)), draw_plan(options_of(5)));
  EXPECT_NE(draw_plan(options_of(5)), draw_plan(options_of(6)));
}

// Over some seeds every kind of fault, every kind of client and every knob is there, and none
// always.
TEST(Plan, ASwarmHasEverythingNowAndThen) {
  std::map<FaultKind, int> kinds;
  std::map<std::string, int> knobs;
  std::set<workload::Kind> clients;
  constexpr int seeds = 60;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    const Plan plan = draw_plan(options_of(seed));
    std::set<FaultKind> here;
    for (const PlannedFault& fault : plan.faults) here.insert(fault.kind);
    for (FaultKind kind : here) ++kinds[kind];
    for_each_knob(plan.knobs, [&](std::string_view name, uint64_t value) {
      knobs[std::string(name)] += value != 0 ? 1 : 0;
    });
    for (const auto& [number, client] : plan.clients) clients.insert(client.kind);
  }
  EXPECT_EQ(kinds.size(), fault_kinds);
  for (const auto& [kind, count] : kinds) EXPECT_LT(count, seeds) << fault_kind_name(kind);
  for (const auto& [name, count] : knobs) {
    EXPECT_GT(count, 0) << name;
    EXPECT_LT(count, seeds) << name;
  }
  EXPECT_EQ(clients.size(), workload::kinds);
}

// A link has two ends, a side is neither empty nor everything.
TEST(Plan, EveryFaultHasItsPlace) {
  for (uint32_t nodes : {1u, 2u, 3u, 5u, 9u}) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      const Plan plan = draw_plan(options_of(seed, nodes));
      Duration last;
      for (const PlannedFault& fault : plan.faults) {
        EXPECT_GE(fault.at, last);
        last = fault.at;
        EXPECT_LE(fault.node.value, nodes);
        EXPECT_LE(fault.peer.value, nodes);
        EXPECT_TRUE(!fault.peer || fault.node != fault.peer) << describe(fault);
        EXPECT_TRUE(nodes < 2 || fault.side < (uint32_t{1} << nodes) - 1) << describe(fault);
      }
    }
  }
}

TEST(Scenario, IsReadAsItWasWritten) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Scenario scenario;
    scenario.comment = "A story\nin two lines.\n";
    scenario.mutant = seed % 2 == 0 ? "vote-not-persisted" : "";
    scenario.expected = seed % 2 == 0 ? Failure::judged : Failure::none;
    scenario.plan = draw_plan(options_of(seed, 5));
    scenario.plan.clients[3].left_out = {1, 2, 3, 7};
    scenario.plan.clients[3].conversations_max = 9;
    scenario.plan.clients[4].held = {{7, {microseconds(1'203'417), NodeId(2)}},
                                     {9, {nanoseconds(1'300'000'001), {}}}};
    PlannedFault single;
    single.kind = static_cast<FaultKind>(fault_kinds + seed % 5);
    single.at = nanoseconds(9'900'000'010);
    single.node = NodeId(1);
    single.peer = NodeId(3);
    single.frame = about_a_frame(single.kind) ? seed : 0;
    single.length = nanoseconds(35'120'000);
    scenario.plan.faults.push_back(single);
    std::stable_sort(scenario.plan.faults.begin(), scenario.plan.faults.end(),
                     [](const PlannedFault& a, const PlannedFault& b) { return a.at < b.at; });
    const std::string text = write_scenario(scenario);
    const auto read = read_scenario(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, scenario) << text;
  }
}

// What does not count is not written: of the conversations beyond the last that is held.
TEST(Scenario, LeavesOutWhatDoesNotCount) {
  Scenario scenario;
  scenario.plan.clients[3].left_out = {1, 2, 3, 7, 11, 12};
  scenario.plan.clients[3].conversations_max = 9;
  EXPECT_NE(write_scenario(scenario).find("client 3 strings at-most 9 without 1-3,7\n"),
            std::string::npos);
}

// Faults and conversations stand in the order of their times, with what they were about.
TEST(Scenario, IsAStoryInTheOrderOfTime) {
  Scenario scenario;
  scenario.plan.clients[0].held[7] = {microseconds(1'203'500), NodeId(2)};
  PlannedFault lost;
  lost.kind = FaultKind::lose_frame;
  lost.at = milliseconds(1'203);
  lost.node = NodeId(1);
  lost.peer = NodeId(2);
  lost.frame = 3;
  PlannedFault crash;
  crash.at = milliseconds(1'204);
  crash.node = NodeId(3);
  crash.length = milliseconds(20);
  scenario.plan.faults = {lost, crash};
  Decisions decisions;
  decisions.faults = {{lost, lost, "append 3..5 t2"}};
  decisions.conversations = {{0, 7, microseconds(1'203'600), NodeId(2), "SET k1 0-7"}};
  const std::string text = write_scenario(scenario, remarks_of(scenario.plan, decisions));
  EXPECT_TRUE(
      text.ends_with("client 0 strings\n"
                     "at 1203ms lose-frame node 1 peer 2 frame 3  # append 3..5 t2\n"
                     "at 1203.5ms client 0 holds 7 node 2  # SET k1 0-7\n"
                     "at 1204ms crash node 3 for 20ms\n"))
      << text;
  EXPECT_EQ(*read_scenario(text), scenario);
}

TEST(Words, MillisecondsAreExact) {
  for (const int64_t ns : {0L, 1L, 1'000'000L, 35'120'000L, 999'999L, 3'600'000'000'000L}) {
    Duration read;
    ASSERT_TRUE(parse_ms(write_ms(nanoseconds(ns)), read)) << ns;
    EXPECT_EQ(read.ns, ns);
  }
  EXPECT_EQ(write_ms(microseconds(1'203'400)), "1203.4ms");
  Duration untouched = seconds(7);
  for (const char* bad : {"", "ms", "1", ".5ms", "1.ms", "1.0000001ms", "-1ms", "1.-5ms",
                          "3600001ms", "3600000.1ms", "1 ms", "1.5 ms"}) {
    EXPECT_FALSE(parse_ms(bad, untouched)) << bad;
  }
  EXPECT_EQ(untouched, seconds(7));
}

TEST(Scenario, SaysWhatIsWrongAndWhere) {
  const std::pair<const char*, const char*> bad[] = {
      {"client 0 strings\nseed x\n", "line 2: `seed` does not take `x`"},
      {"client 0 strings\nnodes 10\n", "line 2: `nodes` does not take `10`"},
      {"client 0 fiddlers\n", "line 1: there are no clients of kind `fiddlers`"},
      {"client 0 strings\nclient 0 sets\n", "line 2: this client is there already"},
      {"client 0 strings without 3-1\n", "line 1: `without 3-1` is not understood"},
      {"at 5ms explode node 1\nclient 0 strings\n", "there is no such kind of fault"},
      {"at 5ms crash node\nclient 0 strings\n", "a word has no value"},
      {"at 5ms crash node 4 seed 1\nclient 0 strings\n", "there is no such node"},
      {"at soon crash node 1 seed 1\nclient 0 strings\n", "a fault begins with"},
      {"client 0 strings\nat 5ms lose-frame node 1 peer 2\n", "the first is 1"},
      {"client 0 strings\nat 5ms lose-frame node 1 frame 2\n", "another one, `peer`"},
      {"client 0 strings\nat 5ms cut-off node 1 peer 1\n", "another one, `peer`"},
      {"client 0 strings\nat 5ms crash node 1 frame 2\n", "it is not about a frame"},
      {"client 0 strings\nat 5ms client 1 holds 2\n", "there is no client 1"},
      {"client 0 strings\nat 5ms client 0 holds 0\n", "line 2: expected `at <n>ms client"},
      {"client 0 strings\nat 5ms client 0 holds 2 node 9\n", "there is no such node"},
      {"client 0 strings\nat 5ms client 0 holds 2\nat 6ms client 0 holds 2\n",
       "line 3: the client holds this conversation already"},
      {"client 0 strings at-most 3\nat 5ms client 0 holds 2\n", "takes neither"},
      {"knob warp 9\nclient 0 strings\n", "line 1: expected `knob NAME NUMBER`"},
      {"expect doom\nclient 0 strings\n", "line 1: `expect` does not take `doom`"},
      {"early maybe\nclient 0 strings\n", "line 1: `early` does not take `maybe`"},
      {"seed 1\n", "a scenario needs a client"},
  };
  for (const auto& [text, why] : bad) {
    const auto read = read_scenario(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().fault, Fault::invalid);
    EXPECT_NE(read.error().message.find(why), std::string::npos) << read.error().message;
  }
}

TEST(Scenario, HasLimits) {
  std::string many = "client 0 strings\n";
  for (int i = 0; i <= 10'000; ++i) many += "at 1ms kill node 1 seed 1\n";
  EXPECT_NE(read_scenario(many).error().message.find("at most 10000 faults"), std::string::npos);
  EXPECT_NE(read_scenario(std::string(1'000'001, ' ')).error().message.find("a million bytes"),
            std::string::npos);
  EXPECT_FALSE(read_scenario("client 100 strings\n"));
  EXPECT_FALSE(read_scenario("client 0 strings without 1-200000\n"));
}

}  // namespace
}  // namespace coterie::trial
