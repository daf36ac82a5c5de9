// What the paper says of terms and elections, sentence by sentence (Ongaro & Ousterhout 2014,
// sections 5.1, 5.2, 5.4.1; Ongaro's dissertation 2014, sections 3.10, 4.2.3, 6.2, 9.6).
#include <set>

#include <gtest/gtest.h>

#include "coterie/protocol/raft/lone_machine.h"

namespace coterie::raft {
namespace {

VoteRequest request(uint64_t last_index, uint64_t last_term, bool pre_vote = false,
                    bool transfer = false) {
  VoteRequest asked;
  asked.pre_vote = pre_vote;
  asked.transfer = transfer;
  asked.last_index = Index(last_index);
  asked.last_term = Term(last_term);
  return asked;
}

LoneOptions with_log(std::vector<uint64_t> terms) {
  LoneOptions options;
  if (!terms.empty()) options.hard_state.term = Term(terms.back());
  options.log = std::move(terms);
  return options;
}

TEST(RaftPaperSection51, ServersStartAsFollowers) {
  LoneMachine machine;
  EXPECT_EQ(machine->role(), Role::follower);
  EXPECT_EQ(machine->leader(), NodeId(0));
}

TEST(RaftPaperSection51, WhoHearsANewerTermBecomesItsFollower) {
  for (const Role role : {Role::follower, Role::pre_candidate, Role::candidate, Role::leader}) {
    LoneMachine machine;
    if (role == Role::pre_candidate) machine.tick();
    if (role == Role::candidate) {
      machine.tick();
      machine.hear(2, 1, VoteReply{true, true});
    }
    if (role == Role::leader) machine.lead();
    ASSERT_EQ(machine->role(), role);
    machine.hear(2, 9, Heartbeat{});
    EXPECT_EQ(machine->role(), Role::follower) << role_name(role);
    EXPECT_EQ(machine->term(), Term(9));
    EXPECT_EQ(machine->leader(), NodeId(2));
  }
}

TEST(RaftPaperSection51, ARequestOfAnOlderTermIsRejectedAndToldTheNewer) {
  LoneOptions options = with_log({1, 2});
  options.hard_state.term = Term(5);
  LoneMachine machine(options);
  Append append;
  append.previous_index = Index(2);
  append.previous_term = Term(2);
  append.entries.push_back(entry_of(Term(4), Index(3)).bytes);
  machine.hear(2, 4, append);
  EXPECT_EQ(machine->last_index(), Index(2));
  EXPECT_EQ(machine->leader(), NodeId(0));
  const auto replies = machine.sent<AppendReply>();
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_FALSE(replies[0].second.accepted);
  EXPECT_EQ(machine.out.messages[0].term, Term(5));
}

TEST(RaftPaperSection51, TermIsDurableBeforeAnythingIsSaidInIt) {
  LoneMachine machine;
  machine.hear(2, 3, Heartbeat{});
  EXPECT_TRUE(machine.out.messages.empty());
  ASSERT_EQ(machine.out.writes.size(), 1U);
  EXPECT_EQ(machine.out.writes[0].hard_state->term, Term(3));
  machine.sync();
  EXPECT_EQ(machine.sent<HeartbeatReply>().size(), 1U);
}

TEST(RaftPaperSection52, ALeaderSendsHeartbeatsToAll) {
  LoneMachine machine;
  machine.lead();
  machine.accept(2, 1);
  machine.accept(3, 1);
  machine.tick();
  std::set<uint64_t> to;
  for (const auto& [node, heartbeat] : machine.sent<Heartbeat>()) to.insert(node);
  EXPECT_EQ(to, (std::set<uint64_t>{2, 3}));
}

TEST(RaftPaperSection52, AFollowerThatHearsNothingStandsForElection) {
  LoneMachine machine;
  machine.tick();
  EXPECT_EQ(machine->role(), Role::pre_candidate);
  EXPECT_EQ(machine.sent<VoteRequest>().size(), 2U);
  machine.hear(3, 1, VoteReply{true, true});
  EXPECT_EQ(machine->role(), Role::candidate);
  EXPECT_EQ(machine->term(), Term(1));
  EXPECT_EQ(machine->hard_state().vote, replica_of(1));
  EXPECT_TRUE(machine.out.messages.empty()) << "before its own vote is durable";
  machine.sync();
  const auto requests = machine.sent<VoteRequest>();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_FALSE(requests[0].second.pre_vote);
}

TEST(RaftPaperSection52, AHeartbeatKeepsAFollowerQuiet) {
  LoneMachine machine;
  const Instant first = machine->next_deadline();
  for (int i = 0; i < 20; ++i) {
    machine.pass(milliseconds(100));
    machine.hear(2, 1, Heartbeat{});
    machine.sync();
    machine.turn(Tick{});
    EXPECT_EQ(machine->role(), Role::follower);
  }
  EXPECT_GT(machine.time, first);
}

TEST(RaftPaperSection52, ElectionTimeoutsAreRandom) {
  std::set<int64_t> waits;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    LoneOptions options;
    options.seed = seed;
    LoneMachine machine(options);
    const Duration wait = machine->next_deadline() - machine.time;
    EXPECT_GE(wait, options.raft.election_timeout_min);
    EXPECT_LT(wait, options.raft.election_timeout_max);
    waits.insert(wait.ms() / 30);
  }
  EXPECT_GE(waits.size(), 9U) << "they fill the interval";
}

TEST(RaftPaperSection52, AMajorityElectsALeader) {
  for (uint64_t count = 1; count <= 7; ++count) {
    LoneOptions options;
    options.voters = count;
    LoneMachine machine(options);
    machine.tick();
    for (uint64_t node = 2; node <= count; ++node) machine.hear(node, 1, VoteReply{true, true});
    machine.sync();
    for (uint64_t yes = 2; yes <= count; ++yes) {
      const bool enough = yes - 1 >= count / 2 + 1;  // its own and those before
      EXPECT_EQ(machine->role() == Role::leader, enough) << yes - 1 << " of " << count;
      machine.hear(yes, 1, VoteReply{false, true});
    }
    EXPECT_EQ(machine->role(), Role::leader) << count;
  }
}

TEST(RaftPaperSection52, TheSameVoterIsCountedOnce) {
  LoneOptions options;
  options.voters = 5;
  LoneMachine machine(options);
  machine.tick();
  for (int i = 0; i < 3; ++i) machine.hear(2, 1, VoteReply{true, true});
  EXPECT_EQ(machine->role(), Role::pre_candidate);
}

TEST(RaftPaperSection52, AVoteIsGivenOnceATermToTheFirstWhoAsks) {
  LoneMachine machine;
  machine.hear(2, 1, request(0, 0));
  machine.sync();
  ASSERT_EQ(machine.sent<VoteReply>().size(), 1U);
  EXPECT_TRUE(machine.sent<VoteReply>()[0].second.granted);
  machine.hear(3, 1, request(5, 1));
  EXPECT_FALSE(machine.sent<VoteReply>()[0].second.granted);
  machine.hear(2, 1, request(0, 0));
  EXPECT_TRUE(machine.sent<VoteReply>()[0].second.granted) << "asked again by the same";
  machine.hear(3, 2, request(0, 0));
  machine.sync();
  EXPECT_TRUE(machine.sent<VoteReply>()[0].second.granted) << "in a newer term";
}

TEST(RaftPaperSection52, AVoteIsDurableBeforeItIsGiven) {
  LoneMachine machine;
  machine.hear(2, 1, request(0, 0));
  EXPECT_TRUE(machine.out.messages.empty());
  ASSERT_EQ(machine.out.writes.size(), 1U);
  EXPECT_EQ(machine.out.writes[0].hard_state->vote, replica_of(2));
  machine.sync();
  EXPECT_EQ(machine.sent<VoteReply>().size(), 1U);
}

TEST(RaftPaperSection52, AVoteIsRememberedAfterARestart) {
  LoneOptions options;
  options.hard_state = {Term(4), replica_of(3), false};
  LoneMachine machine(options);
  machine.hear(2, 4, request(0, 0));
  EXPECT_FALSE(machine.sent<VoteReply>()[0].second.granted);
}

TEST(RaftPaperSection52, ACandidateThatHearsTheLeaderOfItsTermFollows) {
  LoneMachine machine;
  machine.tick();
  machine.hear(2, 1, VoteReply{true, true});
  machine.sync();
  ASSERT_EQ(machine->role(), Role::candidate);
  machine.hear(3, 1, Heartbeat{});
  EXPECT_EQ(machine->role(), Role::follower);
  EXPECT_EQ(machine->leader(), NodeId(3));
  EXPECT_EQ(machine->term(), Term(1));
  EXPECT_EQ(machine->hard_state().vote, replica_of(1)) << "it has voted in this term";
}

TEST(RaftPaperSection52, ASplitVoteEndsInANewElection) {
  LoneMachine machine;
  machine.tick();
  machine.hear(2, 1, VoteReply{true, true});
  machine.sync();
  machine.tick();
  EXPECT_EQ(machine->role(), Role::pre_candidate);
  EXPECT_EQ(machine->term(), Term(1));
  machine.hear(3, 2, VoteReply{true, true});
  EXPECT_EQ(machine->role(), Role::candidate);
  EXPECT_EQ(machine->term(), Term(2));
}

TEST(RaftPaperSection52, RefusedByAMajorityACandidateTriesAgainSoon) {
  LoneMachine machine;
  machine.tick();
  machine.hear(2, 1, VoteReply{true, true});
  machine.sync();
  machine.hear(2, 1, VoteReply{false, false});
  EXPECT_EQ(machine->role(), Role::candidate);
  machine.hear(3, 1, VoteReply{false, false});
  EXPECT_EQ(machine->role(), Role::follower);
  EXPECT_LT(machine->next_deadline() - machine.time, Options().election_timeout_min);
}

TEST(RaftPaperSection541, OnlyALogThatIsAtLeastAsUpToDateGetsAVote) {
  struct Case {
    std::vector<uint64_t> ours;
    uint64_t last_index, last_term;
    bool granted;
  };
  const Case cases[] = {
      {{1}, 1, 1, true},     {{1}, 2, 1, true},     {{1, 1}, 1, 1, false}, {{1}, 1, 2, true},
      {{1}, 2, 2, true},     {{1, 1}, 1, 2, true},  {{2}, 1, 1, false},    {{2}, 2, 1, false},
      {{1, 2}, 1, 1, false}, {{1, 2}, 9, 1, false}, {{}, 0, 0, true},      {{1}, 0, 0, false},
  };
  for (const Case& one : cases) {
    LoneMachine machine(with_log(one.ours));
    machine.hear(2, 9, request(one.last_index, one.last_term));
    machine.sync();
    const auto replies = machine.sent<VoteReply>();
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0].second.granted, one.granted)
        << one.last_index << " of term " << one.last_term;
    EXPECT_EQ(machine->term(), Term(9)) << "the newer term counts all the same";
  }
}

TEST(RaftDissertationSection96, APreVoteChangesNothing) {
  LoneMachine machine(with_log({1, 1}));
  const uint64_t before = machine->digest();
  machine.hear(2, 2, request(2, 1, true));
  ASSERT_EQ(machine.sent<VoteReply>().size(), 1U);
  EXPECT_TRUE(machine.sent<VoteReply>()[0].second.granted);
  EXPECT_EQ(machine.out.messages[0].term, Term(2));
  EXPECT_TRUE(machine.out.writes.empty());
  EXPECT_EQ(machine->digest(), before);
  machine.hear(3, 2, request(1, 1, true));
  EXPECT_FALSE(machine.sent<VoteReply>()[0].second.granted) << "a shorter log";
  EXPECT_EQ(machine->digest(), before);
}

TEST(RaftDissertationSection96, WithoutAMajorityOfPreVotesTheTermDoesNotRise) {
  LoneMachine machine;
  for (int i = 0; i < 50; ++i) {
    machine.tick();
    machine.hear(2, 0, VoteReply{true, false});
    machine.hear(3, 0, VoteReply{true, false});
  }
  EXPECT_EQ(machine->term(), Term(0));
  EXPECT_NE(machine->role(), Role::candidate);
}

TEST(RaftDissertationSection423, WhoHearsALeaderRefusesVotesAndKeepsItsTerm) {
  LoneMachine machine;
  machine.hear(2, 1, Heartbeat{});
  machine.sync();
  machine.pass(milliseconds(299));
  machine.hear(3, 2, request(9, 1, true));
  EXPECT_FALSE(machine.sent<VoteReply>()[0].second.granted);
  machine.hear(3, 2, request(9, 1));
  EXPECT_TRUE(machine.out.messages.empty());
  EXPECT_EQ(machine->term(), Term(1));
  machine.pass(milliseconds(1));
  machine.hear(3, 2, request(9, 1));
  EXPECT_EQ(machine->term(), Term(2)) << "the lease has ended";
}

TEST(RaftDissertationSection423, ALeaderIsNotDisturbedEither) {
  LoneMachine machine;
  machine.lead();
  machine.hear(3, 2, request(9, 1));
  EXPECT_EQ(machine->role(), Role::leader);
}

TEST(RaftDissertationSection423, ATransferIsNotHeldUpByTheLease) {
  LoneMachine machine;
  machine.hear(2, 1, Heartbeat{});
  machine.sync();
  machine.hear(3, 2, request(9, 1, false, true));
  machine.sync();
  EXPECT_TRUE(machine.sent<VoteReply>()[0].second.granted);
}

TEST(RaftDissertationSection62, ALeaderThatHearsNoMajorityStepsDown) {
  LoneOptions options;
  options.voters = 5;
  LoneMachine machine(options);
  machine.lead();
  machine.sync();
  const Instant start = machine.time;
  for (int i = 0; i < 60 && machine->role() == Role::leader; ++i) {
    machine.tick();
    if (machine->role() == Role::leader) machine.accept(2, 1);  // one of four is not enough
  }
  EXPECT_EQ(machine->role(), Role::follower);
  EXPECT_EQ(machine->term(), Term(1));
  EXPECT_LE(machine.time - start,
            options.raft.election_timeout_max + options.raft.heartbeat_interval * 2);
}

TEST(RaftDissertationSection62, ALeaderThatHearsAMajorityStays) {
  LoneMachine machine;
  machine.lead();
  machine.sync();
  for (int i = 0; i < 60; ++i) {
    machine.tick();
    machine.accept(3, 1);
  }
  EXPECT_EQ(machine->role(), Role::leader);
}

TEST(RaftElection, TheLeadersClosedConnectionStartsThePreVoteEarly) {
  LoneMachine machine;
  machine.hear(2, 1, Heartbeat{});
  machine.sync();
  machine.turn(PeerDown{NodeId(3)});
  EXPECT_GE(machine->next_deadline() - machine.time, milliseconds(300)) << "not the leader's";
  machine.turn(PeerDown{NodeId(2)});
  EXPECT_LT(machine->next_deadline() - machine.time, Options().heartbeat_interval);
  machine.hear(3, 2, request(0, 0, true));
  EXPECT_TRUE(machine.sent<VoteReply>()[0].second.granted) << "the lease is over";
  machine.tick();
  EXPECT_EQ(machine->role(), Role::pre_candidate);
}

TEST(RaftElection, OfTwoEqualPreCandidatesTheSmallerNodeGoesFirst) {
  LoneMachine machine;
  machine.tick();
  machine.hear(2, 1, request(0, 0, true));
  EXPECT_FALSE(machine.sent<VoteReply>()[0].second.granted);
  machine.hear(2, 1, request(1, 1, true));
  EXPECT_TRUE(machine.sent<VoteReply>()[0].second.granted) << "its log is longer";
}

TEST(RaftElection, ASingleVoterLeadsAlone) {
  LoneOptions options;
  options.voters = 1;
  LoneMachine machine(options);
  EXPECT_EQ(machine->next_deadline(), machine.time) << "at once";
  machine.tick();
  EXPECT_EQ(machine->role(), Role::candidate);
  machine.sync();
  EXPECT_EQ(machine->role(), Role::leader);
  machine.sync();
  EXPECT_EQ(machine->commit(), Index(1));
}

TEST(RaftElection, NoCandidateWhileItsDiskHangs) {
  LoneMachine machine;
  machine.hear(2, 1, Heartbeat{});  // the term is written, and never durable
  machine.pass(seconds(2));
  machine.tick();
  EXPECT_EQ(machine->role(), Role::follower);
  machine.sync();
  machine.tick();
  EXPECT_EQ(machine->role(), Role::pre_candidate);
}

TEST(RaftElection, ALearnerAndAStrangerDoNotStand) {
  LoneOptions options;
  options.membership = voters(3);
  options.membership->members[0].voter = false;
  LoneMachine learner(options);
  learner.tick();
  EXPECT_EQ(learner->role(), Role::follower);
  EXPECT_FALSE(learner->may_vote());
  options.membership->members.erase(options.membership->members.begin());
  LoneMachine stranger(options);
  stranger.tick();
  EXPECT_EQ(stranger->role(), Role::follower);
  stranger.hear(2, 5, request(9, 4));
  stranger.sync();
  EXPECT_FALSE(stranger.sent<VoteReply>()[0].second.granted);
}

// Its promotion may be in the candidate's log and not yet in its own.
TEST(RaftElection, ALearnerThatIsAskedMayVote) {
  LoneOptions options;
  options.membership = voters(3);
  options.membership->members[0].voter = false;
  LoneMachine learner(options);
  learner.hear(2, 5, request(9, 4));
  learner.sync();
  EXPECT_TRUE(learner.sent<VoteReply>()[0].second.granted);
}

TEST(RaftElection, WhatIsMeantForAnotherReplicaOrGroupIsNotHeard) {
  LoneMachine machine;
  const uint64_t before = machine->digest();
  Message message{lone_group,     NodeId(2), replica_of(2), NodeId(1),
                  replica_of(99), Term(5),   request(9, 4)};
  machine.turn(ReceivedMessage{message});
  message.to = replica_of(1);
  message.group = GroupId(8);
  machine.turn(ReceivedMessage{message});
  message.group = lone_group;
  message.body = HeartbeatReply{};
  message.from = replica_of(98);  // no member
  machine.turn(ReceivedMessage{message});
  EXPECT_EQ(machine->digest(), before);
  EXPECT_TRUE(machine.out.messages.empty());
}

}  // namespace
}  // namespace coterie::raft
