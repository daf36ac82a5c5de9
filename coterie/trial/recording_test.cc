// What a recording makes of a simulation whose every event the test decides, and of real nodes.
#include "coterie/trial/recording.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "coterie/trial/served_node.h"
#include "coterie/world/sim/test_tenant.h"

namespace coterie::trial {
namespace {

using picture::Condition;
using picture::DiskWork;
using picture::Mark;
using picture::Message;
using picture::Standing;
using sim::TestCluster;

picture::Run ended(Recording& recording) { return recording.finish({}, {}); }

// Sent from within a turn of node 1.
void send(TestCluster& cluster, std::string text) {
  cluster.simulation.poke(NodeId(1),
                          [&cluster, text = std::move(text)] { cluster.tenant(1).send(2, text); });
}

bool has_mark(const picture::Run& run, uint32_t node, Mark::Kind kind) {
  return std::any_of(run.marks.begin(), run.marks.end(),
                     [&](const Mark& mark) { return mark.node == node && mark.kind == kind; });
}

TEST(Recording, TellsWhenAMessageWasSentAndTaken) {
  TestCluster cluster({}, 2);
  ASSERT_TRUE(cluster.connect());
  Recording recording(cluster.simulation);
  send(cluster, "hello");
  cluster.simulation.run_for(milliseconds(10));
  const picture::Run run = ended(recording);
  ASSERT_EQ(run.messages.size(), 1u);
  const Message& message = run.messages[0];
  EXPECT_EQ(message.from, 1u);
  EXPECT_EQ(message.to, 2u);
  EXPECT_EQ(message.fate, Message::Fate::delivered);
  EXPECT_GT(message.ended_ns, message.sent_ns);
  EXPECT_EQ(message.kind, "unreadable");
  EXPECT_EQ(run.nodes.size(), 2u);
  EXPECT_EQ(run.span.end_ns, cluster.simulation.now().ns);
}

TEST(Recording, TellsLossesAndCopies) {
  TestCluster cluster({}, 2);
  ASSERT_TRUE(cluster.connect());
  Recording recording(cluster.simulation);
  sim::LinkOptions links;
  links.loss_probability = 1;
  cluster.simulation.set_links(links);
  send(cluster, "lost");
  cluster.simulation.run_for(milliseconds(10));
  links.loss_probability = 0;
  links.duplicate_probability = 1;
  cluster.simulation.set_links(links);
  send(cluster, "twice");
  cluster.simulation.run_for(milliseconds(100));
  const picture::Run run = ended(recording);
  ASSERT_EQ(run.messages.size(), 3u);
  EXPECT_EQ(run.messages[0].fate, Message::Fate::lost);
  EXPECT_EQ(run.messages[1].fate, Message::Fate::delivered);
  EXPECT_FALSE(run.messages[1].copy);
  EXPECT_TRUE(run.messages[2].copy);
  EXPECT_EQ(run.messages[1].number, run.messages[2].number);
}

TEST(Recording, TellsMessagesThatEndWithAConnectionOrTheRun) {
  TestCluster cluster({}, 2);
  ASSERT_TRUE(cluster.connect());
  Recording recording(cluster.simulation);
  cluster.simulation.block(NodeId(1), NodeId(2));
  send(cluster, "waits in vain");
  cluster.simulation.run_for(seconds(10));
  cluster.simulation.unblock(NodeId(1), NodeId(2));
  ASSERT_TRUE(cluster.connect());
  // Arrived, and never taken: its node is paused, then crashes.
  cluster.simulation.pause(NodeId(2));
  send(cluster, "unheard");
  cluster.simulation.run_for(milliseconds(10));
  const int64_t crashed_ns = cluster.simulation.now().ns;
  cluster.simulation.crash(NodeId(2));
  cluster.simulation.run_for(milliseconds(1));
  const picture::Run run = ended(recording);
  ASSERT_EQ(run.messages.size(), 2u);
  EXPECT_EQ(run.messages[0].fate, Message::Fate::cut);
  EXPECT_EQ(run.messages[0].why, "connection broken");
  EXPECT_EQ(run.messages[1].fate, Message::Fate::cut);
  EXPECT_EQ(run.messages[1].ended_ns, crashed_ns);
  ASSERT_EQ(run.blocked.size(), 1u);
  EXPECT_EQ(run.blocked[0].to, 2u);
  EXPECT_EQ(run.blocked[0].span.end_ns - run.blocked[0].span.start_ns, seconds(10).ns);
}

TEST(Recording, EndsWhatIsOpenWithTheRun) {
  TestCluster cluster({}, 2);
  ASSERT_TRUE(cluster.connect());
  Recording recording(cluster.simulation);
  cluster.simulation.block(NodeId(1), NodeId(2));
  cluster.simulation.pause(NodeId(2));
  send(cluster, "under way");
  cluster.simulation.run_for(milliseconds(10));
  const picture::Run run = ended(recording);
  ASSERT_EQ(run.messages.size(), 1u);
  EXPECT_EQ(run.messages[0].fate, Message::Fate::under_way);
  ASSERT_EQ(run.blocked.size(), 1u);
  EXPECT_EQ(run.blocked[0].span.end_ns, run.span.end_ns);
  ASSERT_EQ(run.conditions.size(), 1u);
  EXPECT_EQ(run.conditions[0].kind, Condition::Kind::paused);
  EXPECT_EQ(run.conditions[0].span.end_ns, run.span.end_ns);
}

TEST(Recording, TellsTheLivesOfNodes) {
  TestCluster cluster({}, 2);
  Recording recording(cluster.simulation);
  cluster.simulation.run_for(milliseconds(100));
  cluster.simulation.crash(NodeId(1));
  cluster.simulation.run_for(milliseconds(50));
  cluster.simulation.start(NodeId(1));
  cluster.simulation.run_for(milliseconds(10));
  cluster.simulation.pause(NodeId(2));
  cluster.simulation.run_for(milliseconds(20));
  cluster.simulation.unpause(NodeId(2));
  cluster.simulation.wipe(NodeId(2));
  recording.note(NodeId(1), "a remark");
  const picture::Run run = ended(recording);
  ASSERT_EQ(run.conditions.size(), 3u);
  EXPECT_EQ(run.conditions[0].kind, Condition::Kind::down);
  EXPECT_EQ(run.conditions[0].span, (picture::Span{milliseconds(100).ns, milliseconds(150).ns}));
  EXPECT_EQ(run.conditions[0].why, "crash");
  EXPECT_EQ(run.conditions[1].kind, Condition::Kind::paused);
  EXPECT_EQ(run.conditions[1].span.end_ns - run.conditions[1].span.start_ns, milliseconds(20).ns);
  EXPECT_EQ(run.conditions[2].node, 2u);
  for (const auto kind : {Mark::Kind::crashed, Mark::Kind::started, Mark::Kind::note})
    EXPECT_TRUE(has_mark(run, 1, kind));
  EXPECT_TRUE(has_mark(run, 2, Mark::Kind::wiped));
}

TEST(Recording, TellsWhatBecameOfDiskWork) {
  TestCluster cluster({}, 1);
  Recording recording(cluster.simulation);
  world::Disk& disk = cluster.simulation.disk(NodeId(1));
  const auto write = [&](world::Sync sync) {
    disk.write("log", 0, {Payload::copy_of("entry")}, sync, [](const Result<void>&) {});
  };
  const auto submit = [&](std::function<void()> call) {
    cluster.simulation.poke(NodeId(1), std::move(call));
    cluster.simulation.run_for(milliseconds(20));
  };
  submit([&] { disk.create("log", 4096, [](const Result<void>&) {}); });
  submit([&] { write(world::Sync::yes); });
  submit([&] { write(world::Sync::no); });
  submit([&] { disk.remove("nothing", [](const Result<void>&) {}); });
  cluster.simulation.disk(NodeId(1)).fail_next(sim::DiskOperation::sync);
  submit([&] { disk.sync("log", [](const Result<void>&) {}); });
  cluster.simulation.stall_disk(NodeId(1));
  submit([&] { write(world::Sync::yes); });
  cluster.simulation.crash(NodeId(1));
  const picture::Run run = ended(recording);
  ASSERT_EQ(run.disk.size(), 6u);
  const auto is = [&](size_t i, DiskWork::Fate fate, bool durable, std::string_view starts) {
    EXPECT_EQ(run.disk[i].fate, fate) << i;
    EXPECT_EQ(run.disk[i].durable, durable) << i;
    EXPECT_TRUE(run.disk[i].text.starts_with(starts)) << run.disk[i].text;
    EXPECT_GE(run.disk[i].ended_ns, run.disk[i].submitted_ns);
  };
  is(0, DiskWork::Fate::done, true, "create log");
  is(1, DiskWork::Fate::done, true, "write log synced, 5 bytes");
  is(2, DiskWork::Fate::done, false, "write log, 5 bytes");
  is(3, DiskWork::Fate::done, false, "remove nothing");
  is(4, DiskWork::Fate::failed, true, "sync log: ");
  is(5, DiskWork::Fate::lost, true, "write log synced");
}

TEST(Recording, ReadsTheClocks) {
  TestCluster cluster({}, 1);
  Recording recording(cluster.simulation);
  cluster.simulation.run_for(seconds(1));
  cluster.simulation.step_wall_clock(NodeId(1), milliseconds(500));
  cluster.simulation.run_for(seconds(1));
  cluster.simulation.set_drift(NodeId(1), 100'000);  // a tenth too fast
  cluster.simulation.poke(NodeId(1));
  cluster.simulation.run_for(seconds(1));
  const picture::Run run = ended(recording);
  ASSERT_GE(run.clocks.size(), 4u);
  EXPECT_EQ(run.clocks[0].offset_ns, 0);
  const auto step = std::find_if(run.clocks.begin(), run.clocks.end(),
                                 [](const auto& reading) { return reading.step; });
  ASSERT_NE(step, run.clocks.end());
  EXPECT_EQ(step->at_ns, seconds(1).ns);
  EXPECT_EQ(step->offset_ns, milliseconds(500).ns);
  // Half a second, and a tenth of the last one; clocks show milliseconds.
  EXPECT_NEAR(static_cast<double>(run.clocks.back().offset_ns), 600e6, 2e6);
  EXPECT_TRUE(has_mark(run, 1, Mark::Kind::clock_stepped));
}

TEST(Recording, TellsWhatNodesTookThemselvesFor) {
  TestCluster cluster({}, 1);
  std::optional<Posture> posture;
  RecordingOptions options;
  options.posture = [&](NodeId) { return posture; };
  Recording recording(cluster.simulation, options);
  const auto becomes = [&](std::optional<Posture> next) {
    posture = std::move(next);
    cluster.simulation.poke(NodeId(1));
    cluster.simulation.run_for(milliseconds(10));
  };
  becomes(Posture{Standing::Role::follower, Term(1), NodeId(2), Index(3), {}});
  becomes(Posture{Standing::Role::follower, Term(1), NodeId(2), Index(4), {}});
  becomes(Posture{Standing::Role::leader, Term(2), NodeId(1), Index(4), {}});
  cluster.simulation.crash(NodeId(1));
  const int64_t crashed_ns = cluster.simulation.now().ns;
  cluster.simulation.run_for(milliseconds(10));
  cluster.simulation.start(NodeId(1));
  becomes(std::nullopt);
  becomes(Posture{Standing::Role::other, {}, {}, {}, "in no cluster"});
  const picture::Run run = ended(recording);
  ASSERT_EQ(run.standings.size(), 3u);
  EXPECT_EQ(run.standings[0].role, Standing::Role::follower);
  EXPECT_EQ(run.standings[0].leader, 2u);
  EXPECT_EQ(run.standings[1].role, Standing::Role::leader);
  EXPECT_EQ(run.standings[1].term, 2u);
  EXPECT_EQ(run.standings[0].span.end_ns, run.standings[1].span.start_ns);
  EXPECT_EQ(run.standings[1].span.end_ns, crashed_ns);
  EXPECT_EQ(run.standings[2].text, "in no cluster");
  ASSERT_EQ(run.commits.size(), 2u);
  EXPECT_EQ(run.commits[1].index, 4u);
}

TEST(Recording, IsBoundedAndSaysWhatItDropped) {
  TestCluster cluster({}, 2);
  ASSERT_TRUE(cluster.connect());
  RecordingOptions options;
  options.messages_max = 3;
  options.changes_max = 2;
  Recording recording(cluster.simulation, options);
  for (int i = 0; i < 5; ++i) send(cluster, std::to_string(i));
  cluster.simulation.run_for(milliseconds(10));
  for (int i = 0; i < 4; ++i) recording.note(NodeId(1), std::to_string(i));
  const picture::Run run = ended(recording);
  EXPECT_EQ(run.messages.size(), 3u);
  ASSERT_EQ(run.marks.size(), 2u);
  EXPECT_EQ(run.marks[1].text, "3");
  ASSERT_EQ(run.omissions.size(), 2u);
  EXPECT_EQ(run.omissions[0].count, 2u);
}

TEST(Recording, KeepsOnlyItsPartOfTheRun) {
  TestCluster cluster({}, 2);
  ASSERT_TRUE(cluster.connect());
  const Instant start = cluster.simulation.now();
  RecordingOptions options;
  options.from = start + milliseconds(100);
  options.to = start + milliseconds(200);
  Recording recording(cluster.simulation, options);
  for (int i = 0; i < 3; ++i) {
    send(cluster, std::to_string(i));
    cluster.simulation.run_for(milliseconds(110));
  }
  const picture::Run run = ended(recording);
  ASSERT_EQ(run.messages.size(), 1u);
  EXPECT_EQ(run.span, (picture::Span{options.from.ns, options.to.ns}));
}

TEST(Recording, TakesTheLog) {
  sim::SimOptions world;
  world.log_lines_max = 2;
  TestCluster cluster(world, 1);
  Recording recording(cluster.simulation);
  for (const char* line : {"one", "two"}) cluster.tenant(1).world.log(world::LogLevel::info, line);
  cluster.tenant(1).world.log(world::LogLevel::warning, "three");
  const picture::Run run = ended(recording);
  ASSERT_EQ(run.marks.size(), 2u);
  EXPECT_EQ(run.marks[0].kind, Mark::Kind::logged);
  EXPECT_EQ(run.marks[1].kind, Mark::Kind::warning);
  EXPECT_EQ(run.marks[1].text, "three");
  ASSERT_EQ(run.omissions.size(), 1u);
  EXPECT_EQ(run.omissions[0].count, 1u);
}

struct Cluster {
  Cluster() {
    for (uint64_t i = 1; i <= 3; ++i) {
      simulation.add_node(NodeId(i), [i](world::World& world) {
        node::NodeOptions options;
        options.node = NodeId(i);
        for (uint64_t k = 1; k <= 3; ++k)
          options.named[NodeId(k)] = "node-" + std::to_string(k) + ":7579";
        return std::make_unique<ServedNode>(world, options);
      });
    }
  }
  sim::Simulation simulation;
};

TEST(Recording, OfRealNodesShowsALeaderAndItsAppends) {
  Cluster cluster;
  Recording recording(cluster.simulation);
  cluster.simulation.run_for(seconds(3));
  const picture::Run run = ended(recording);
  std::vector<uint32_t> led;
  for (const Standing& standing : run.standings) {
    if (standing.role == Standing::Role::leader) led.push_back(standing.node);
  }
  ASSERT_EQ(led.size(), 1u);
  const auto append = std::find_if(run.messages.begin(), run.messages.end(),
                                   [](const Message& one) { return one.kind == "append"; });
  ASSERT_NE(append, run.messages.end());
  EXPECT_EQ(append->from, led[0]);
  EXPECT_FALSE(run.commits.empty());
  const auto durable = [](const DiskWork& work) {
    return work.durable && work.fate == DiskWork::Fate::done;
  };
  EXPECT_TRUE(std::any_of(run.disk.begin(), run.disk.end(), durable));
  for (const Message& message : run.messages) EXPECT_NE(message.kind, "unreadable");
}

TEST(Recording, ChangesNothingOfTheRun) {
  const auto digest = [](bool recorded) {
    Cluster cluster;
    std::optional<Recording> recording;
    if (recorded) recording.emplace(cluster.simulation);
    cluster.simulation.run_for(seconds(2));
    recording.reset();
    cluster.simulation.run_for(seconds(1));
    return cluster.simulation.digest();
  };
  EXPECT_EQ(digest(true), digest(false));
}

}  // namespace
}  // namespace coterie::trial
