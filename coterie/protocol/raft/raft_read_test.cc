// Reads and leadership transfer (Ongaro & Ousterhout 2014, section 8; Ongaro's dissertation 2014,
// sections 3.10, 6.4).
#include <gtest/gtest.h>

#include "coterie/protocol/raft/lone_machine.h"

namespace coterie::raft {
namespace {

// Leads term 1 of three with entry 1 committed.
LoneMachine ready_leader(LoneOptions options = {}) {
  LoneMachine machine(std::move(options));
  machine.lead();
  machine.sync();
  machine.accept(2, 1);
  machine.accept(3, 1);
  return machine;
}

uint64_t round_sent(const LoneMachine& machine) {
  uint64_t round = 0;
  for (const auto& [node, heartbeat] : machine.sent<Heartbeat>())
    round = std::max(round, heartbeat.round);
  for (const auto& [node, append] : machine.sent<Append>()) round = std::max(round, append.round);
  return round;
}

TEST(RaftDissertationSection64, AReadIsServedOnceAMajorityConfirmedTheLeader) {
  LoneMachine machine = ready_leader();
  machine.turn(ReadIndex{10});
  EXPECT_TRUE(machine.out.reads.empty());
  ASSERT_EQ(machine.sent<Heartbeat>().size(), 1U) << "one follower makes the majority";
  const auto [node, heartbeat] = machine.sent<Heartbeat>()[0];
  machine.hear(node, 1, HeartbeatReply{heartbeat.round, false, 1000 + node});
  ASSERT_EQ(machine.out.reads.size(), 1U);
  EXPECT_EQ(machine.out.reads[0].number, 10U);
  EXPECT_TRUE(machine.out.reads[0].granted);
  EXPECT_EQ(machine.out.reads[0].index, Index(1));
}

TEST(RaftDissertationSection64, OneRoundServesAllReadsOfATurn) {
  LoneMachine machine = ready_leader();
  machine.out.clear();
  for (uint64_t i = 1; i <= 100; ++i) machine.raft().step(ReadIndex{i}, machine.now(), machine.out);
  machine.raft().flush(machine.now(), machine.out);
  EXPECT_EQ(machine.out.messages.size(), 1U);
  machine.hear(machine.out.messages[0].to_node.value, 1,
               HeartbeatReply{round_sent(machine), false, 0});
  EXPECT_EQ(machine.out.reads.size(), 100U);
}

TEST(RaftDissertationSection64, ARoundRidesOnAnAppend) {
  LoneMachine machine = ready_leader();
  machine.out.clear();
  machine.raft().step(ReadIndex{1}, machine.now(), machine.out);
  machine.raft().step(Propose{entry_of(Term(1), Index(2))}, machine.now(), machine.out);
  machine.raft().flush(machine.now(), machine.out);
  EXPECT_TRUE(machine.sent<Heartbeat>().empty());
  EXPECT_EQ(machine.sent<Append>().size(), 2U);
  EXPECT_GT(round_sent(machine), 1U);
}

TEST(RaftDissertationSection64, ARoundConfirmsOnlyReadsThatCameBeforeIt) {
  LoneMachine machine = ready_leader();
  machine.turn(ReadIndex{1});
  const uint64_t first = round_sent(machine);
  machine.turn(ReadIndex{2});
  const uint64_t second = round_sent(machine);
  EXPECT_GT(second, first);
  machine.hear(2, 1, HeartbeatReply{first, false, 0});
  ASSERT_EQ(machine.out.reads.size(), 1U);
  EXPECT_EQ(machine.out.reads[0].number, 1U);
  machine.hear(3, 1, HeartbeatReply{second, false, 0});
  ASSERT_EQ(machine.out.reads.size(), 1U);
  EXPECT_EQ(machine.out.reads[0].number, 2U);
}

TEST(RaftDissertationSection64, TheOtherIsAskedWhenTheFirstIsLate) {
  LoneMachine machine = ready_leader();
  machine.turn(ReadIndex{1});
  const uint64_t first = machine.out.messages[0].to_node.value;
  machine.tick();
  std::vector<uint64_t> asked;
  for (const auto& [node, heartbeat] : machine.sent<Heartbeat>()) asked.push_back(node);
  EXPECT_EQ(asked, (std::vector<uint64_t>{2, 3}))
      << "long before the next heartbeat, and the first was " << first;
  EXPECT_LE((machine.time - machine->next_deadline()).ns, 0);
}

TEST(RaftDissertationSection64, TheOtherIsAskedWhenTheFirstGoesDown) {
  LoneMachine machine = ready_leader();
  machine.turn(ReadIndex{1});
  machine.turn(PeerDown{machine.out.messages[0].to_node});
  EXPECT_EQ(machine.sent<Heartbeat>().size(), 2U);
}

TEST(RaftPaperSection8, ReadsWaitForACommitOfTheLeadersOwnTerm) {
  LoneMachine machine;
  machine.lead();
  machine.sync();
  machine.turn(ReadIndex{1});
  EXPECT_TRUE(machine.out.messages.empty());
  machine.accept(2, 1);
  const uint64_t round = round_sent(machine);
  ASSERT_GT(round, 1U);
  machine.accept(2, 1, round);
  ASSERT_EQ(machine.out.reads.size(), 1U);
  EXPECT_EQ(machine.out.reads[0].index, Index(1));
}

TEST(RaftPaperSection8, ADeposedLeaderServesNoRead) {
  LoneMachine machine = ready_leader();
  machine.turn(ReadIndex{1});
  machine.hear(3, 2, Heartbeat{});
  ASSERT_EQ(machine.out.reads.size(), 1U);
  EXPECT_FALSE(machine.out.reads[0].granted);
}

TEST(RaftDissertationSection64, ASingleVoterAnswersAtOnce) {
  LoneOptions options;
  options.voters = 1;
  LoneMachine machine(options);
  machine.tick();
  machine.sync();
  machine.sync();
  machine.turn(ReadIndex{1});
  ASSERT_EQ(machine.out.reads.size(), 1U);
  EXPECT_TRUE(machine.out.reads[0].granted);
}

TEST(RaftDissertationSection64, AFollowerAsksTheLeaderOnceATurn) {
  LoneMachine machine;
  machine.hear(2, 1, Heartbeat{});
  machine.sync();
  machine.out.clear();
  for (uint64_t i = 1; i <= 10; ++i) machine.raft().step(ReadIndex{i}, machine.now(), machine.out);
  machine.raft().flush(machine.now(), machine.out);
  ASSERT_EQ(machine.sent<ReadIndexRequest>().size(), 1U);
  const uint64_t number = machine.sent<ReadIndexRequest>()[0].second.number;
  machine.hear(3, 1, ReadIndexReply{number, true, Index(9)});
  EXPECT_TRUE(machine.out.reads.empty()) << "not from the leader";
  machine.hear(2, 1, ReadIndexReply{number + 7, true, Index(9)});
  EXPECT_TRUE(machine.out.reads.empty()) << "never asked";
  machine.hear(2, 1, ReadIndexReply{number, true, Index(9)});
  ASSERT_EQ(machine.out.reads.size(), 10U);
  EXPECT_EQ(machine.out.reads[9].index, Index(9));
  machine.hear(2, 1, ReadIndexReply{number, true, Index(9)});
  EXPECT_TRUE(machine.out.reads.empty()) << "once";
}

TEST(RaftDissertationSection64, AFollowerAsksAgainWhenNoAnswerComes) {
  LoneMachine machine;
  machine.hear(2, 1, Heartbeat{});
  machine.sync();
  machine.turn(ReadIndex{1});
  machine.tick();
  EXPECT_EQ(machine.sent<ReadIndexRequest>().size(), 1U);
}

TEST(RaftDissertationSection64, WithoutALeaderAReadIsRefused) {
  LoneMachine machine;
  machine.turn(ReadIndex{1});
  ASSERT_EQ(machine.out.reads.size(), 1U);
  EXPECT_FALSE(machine.out.reads[0].granted);
  machine.hear(2, 1, Heartbeat{});
  machine.sync();
  machine.turn(ReadIndex{2});
  machine.hear(3, 2, Heartbeat{});
  ASSERT_EQ(machine.out.reads.size(), 1U) << "the leader changed";
  EXPECT_FALSE(machine.out.reads[0].granted);
}

TEST(RaftDissertationSection64, TheLeaderAnswersFollowersAndTellsThemTheCommit) {
  LoneMachine machine = ready_leader();
  machine.hear(3, 1, ReadIndexRequest{77});
  const uint64_t round = round_sent(machine);
  machine.hear(2, 1, HeartbeatReply{round, false, 0});
  ASSERT_EQ(machine.sent<ReadIndexReply>().size(), 1U);
  EXPECT_EQ(machine.sent<ReadIndexReply>()[0].first, 3U);
  EXPECT_EQ(machine.sent<ReadIndexReply>()[0].second.number, 77U);
  EXPECT_TRUE(machine.sent<ReadIndexReply>()[0].second.granted);
}

TEST(RaftDissertationSection64, WhoDoesNotLeadSaysSo) {
  LoneMachine machine;
  machine.hear(3, 0, ReadIndexRequest{77});
  ASSERT_EQ(machine.sent<ReadIndexReply>().size(), 1U);
  EXPECT_FALSE(machine.sent<ReadIndexReply>()[0].second.granted);
}

// Transfer -----------------------------------------------------------------------------------

TEST(RaftDissertationSection310, TheSuccessorIsAskedWhenItHasAll) {
  LoneMachine machine = ready_leader();
  machine.propose();
  machine.turn(TransferLeadership{NodeId(3)});
  ASSERT_EQ(machine.sent<TimeoutNow>().size(), 1U);
  EXPECT_EQ(machine.sent<TimeoutNow>()[0].first, 3U);
  EXPECT_EQ(machine.sent<TimeoutNow>()[0].second.last_index, Index(2))
      << "it stands once it holds this";
}

TEST(RaftDissertationSection310, TheMostAdvancedIsChosen) {
  LoneMachine machine = ready_leader();
  machine.propose();
  machine.accept(3, 2);
  machine.turn(TransferLeadership{NodeId()});
  EXPECT_EQ(machine.sent<TimeoutNow>()[0].first, 3U);
}

TEST(RaftDissertationSection310, WhoseConnectionClosedIsNotChosenUntilItIsHeardAgain) {
  LoneMachine machine = ready_leader();
  machine.propose();
  machine.accept(3, 2);
  machine.accept(2, 1);
  machine.turn(PeerDown{NodeId(3)});
  EXPECT_FALSE(machine->progress().at(NodeId(3)).recently_active);
  machine.tick();  // time alone does not make it eligible
  EXPECT_FALSE(machine->progress().at(NodeId(3)).recently_active);
  LoneMachine other = machine;
  other.turn(TransferLeadership{NodeId()});
  ASSERT_EQ(other.sent<Append>().size() + other.sent<TimeoutNow>().size(), 1U);
  EXPECT_EQ(other.out.notes.back().text, "hands leadership over to node 2");
  machine.accept(3, 2);
  EXPECT_TRUE(machine->progress().at(NodeId(3)).recently_active);
  machine.turn(TransferLeadership{NodeId()});
  EXPECT_EQ(machine.out.notes.back().text, "hands leadership over to node 3");
}

TEST(RaftDissertationSection310, WhatIsProposedMeanwhileWaits) {
  LoneMachine machine = ready_leader();
  machine.turn(TransferLeadership{NodeId(3)});
  machine.propose();
  EXPECT_TRUE(machine.sent<Append>().empty())
      << "no voter shall find the successor's log too short";
  EXPECT_EQ(machine->last_index(), Index(2));
}

TEST(RaftDissertationSection310, ItGivesUpAfterAnElectionTimeout) {
  LoneMachine machine = ready_leader();
  machine.turn(TransferLeadership{NodeId(3)});
  machine.propose();
  machine.sync();
  size_t sent = 0;
  const Instant start = machine.time;
  while (machine.time - start <= Options().election_timeout_max + Options().heartbeat_interval) {
    machine.tick();
    for (const auto& [node, append] : machine.sent<Append>()) sent += append.entries.size();
    machine.accept(2, 1);
    for (const auto& [node, append] : machine.sent<Append>()) sent += append.entries.size();
  }
  EXPECT_EQ(machine->role(), Role::leader);
  EXPECT_EQ(sent, 2U) << "then it goes on";
}

TEST(RaftDissertationSection310, WhoIsAskedStandsAtOnceWithoutAPreVote) {
  LoneMachine machine;
  machine.hear(2, 1, Heartbeat{});
  machine.sync();
  machine.hear(2, 1, TimeoutNow{});
  EXPECT_EQ(machine->role(), Role::candidate);
  EXPECT_EQ(machine->term(), Term(2));
  machine.sync();
  ASSERT_EQ(machine.sent<VoteRequest>().size(), 2U);
  EXPECT_TRUE(machine.sent<VoteRequest>()[0].second.transfer);
}

TEST(RaftDissertationSection310, WhoIsAskedWaitsForTheEntriesItLacks) {
  LoneMachine machine;
  machine.hear(2, 1, Heartbeat{});
  machine.sync();
  machine.hear(2, 1, TimeoutNow{Index(1)});
  EXPECT_EQ(machine->role(), Role::follower);
  Append append;
  append.entries.push_back(entry_of(Term(1), Index(1)).bytes);
  machine.hear(2, 1, append);
  EXPECT_EQ(machine->role(), Role::candidate);
}

TEST(RaftDissertationSection310, WithNobodyToTakeItLeadershipIsKept) {
  LoneMachine machine = ready_leader();
  machine.turn(TransferLeadership{NodeId(9)});
  EXPECT_TRUE(machine.out.messages.empty());
  ASSERT_FALSE(machine.out.notes.empty());
  EXPECT_TRUE(machine.out.notes.back().warning);
}

}  // namespace
}  // namespace coterie::raft
