// Snapshots, membership, wiped and damaged replicas, a hanging disk, restarts (Ongaro & Ousterhout
// 2014, section 7; Ongaro's dissertation 2014, section 4.1; the rules "Identity", "Durable" and
// "Raft").
#include <algorithm>

#include <gtest/gtest.h>

#include "coterie/base/codec.h"
#include "coterie/protocol/raft/lone_machine.h"

namespace coterie::raft {
namespace {

LoneMachine ready_leader(LoneOptions options = {}) {
  LoneMachine machine(std::move(options));
  machine.lead();
  machine.sync();
  machine.accept(2, 1);
  machine.accept(3, 1);
  return machine;
}

// All that is proposed is accepted by nodes 2 and 3.
void commit_all(LoneMachine& machine) {
  machine.sync();
  machine.accept(2, machine->last_index().value);
  machine.accept(3, machine->last_index().value);
}

SnapshotPoint point_at(uint64_t index, uint64_t term) {
  SnapshotPoint point;
  point.index = Index(index);
  point.term = Term(term);
  point.membership = voters(3);
  point.stamp_ms = 50;
  return point;
}

SnapshotChunk chunk_of(uint64_t index, uint64_t term, uint64_t offset, std::string_view data,
                       uint64_t total) {
  return {point_at(index, term), offset, total, Payload::copy_of(data)};
}

// Snapshots ----------------------------------------------------------------------------------

TEST(RaftPaperSection7, CompactionKeepsWhatIsAskedAndTheTermBeforeIt) {
  LoneMachine machine = ready_leader();
  for (int i = 0; i < 9; ++i) machine.propose();
  commit_all(machine);
  const uint64_t bytes = machine->log_bytes();
  machine.turn(Compact{point_at(8, 1), Index(6)});
  EXPECT_EQ(machine->first_index(), Index(6));
  EXPECT_EQ(machine->last_index(), Index(10));
  EXPECT_EQ(machine->term_at(Index(5)), Term(1));
  EXPECT_EQ(machine->term_at(Index(4)), Term(0));
  EXPECT_EQ(machine->snapshot().index, Index(8));
  EXPECT_EQ(machine->snapshot().stamp_ms, 8) << "of the entry there";
  EXPECT_LT(machine->log_bytes(), bytes);
}

// Leads a group whose node 3 is too far behind: it needs a snapshot of 10 bytes at entry 10.
LoneMachine snapshotting_leader() {
  LoneOptions options;
  options.raft.snapshot_chunk_bytes = 4;
  options.raft.snapshot_chunks_max = 2;
  LoneMachine machine(options);
  machine.lead();
  machine.sync();
  machine.accept(2, 1);
  for (int i = 0; i < 9; ++i) machine.propose();
  machine.sync();
  machine.accept(2, 10);
  machine.turn(Compact{point_at(10, 1), Index(11)});
  return machine;
}

void give(LoneMachine& machine, std::string_view whole) {
  ASSERT_EQ(machine.out.snapshot_reads.size(), 1U);
  const SnapshotRead read = machine.out.snapshot_reads[0];
  machine.turn(
      SnapshotData{read.to, read.index, read.offset_bytes, whole.size(),
                   Payload::copy_of(whole.substr(read.offset_bytes, read.size_bytes_max))});
}

TEST(RaftPaperSection7, WhoIsTooFarBehindGetsASnapshotInChunks) {
  LoneMachine machine = snapshotting_leader();
  ASSERT_TRUE(machine->progress().at(NodeId(3)).snapshotting);
  std::string received;
  const auto take = [&] {
    for (const auto& [node, chunk] : machine.sent<SnapshotChunk>()) {
      EXPECT_EQ(node, 3U);
      EXPECT_EQ(chunk.offset_bytes, received.size());
      EXPECT_EQ(chunk.point.membership, voters(3));
      received += chunk.data.view();
    }
  };
  give(machine, "0123456789");
  take();
  give(machine, "0123456789");
  take();
  EXPECT_EQ(received, "01234567");
  machine.hear(3, 1, SnapshotReply{Index(10), received.size(), false, false});
  give(machine, "0123456789");
  take();
  EXPECT_EQ(received, "0123456789");
  EXPECT_TRUE(machine.out.snapshot_reads.empty());
  machine.hear(3, 1, SnapshotReply{Index(10), 10, false, false});
  EXPECT_TRUE(machine->progress().at(NodeId(3)).snapshotting) << "received is not installed";
  machine.hear(3, 1, SnapshotReply{Index(10), 10, true, false});
  EXPECT_FALSE(machine->progress().at(NodeId(3)).snapshotting);
  ASSERT_EQ(machine.sent<Append>().size(), 1U);
  EXPECT_EQ(machine.sent<Append>()[0].second.previous_index, Index(10));
}

TEST(RaftPaperSection7, ChunksKeepWithinTheirWindow) {
  LoneMachine machine = snapshotting_leader();
  give(machine, "0123456789");
  give(machine, "0123456789");
  EXPECT_TRUE(machine.out.snapshot_reads.empty()) << "two are unanswered";
  machine.hear(3, 1, SnapshotReply{Index(10), 4, false, false});
  EXPECT_EQ(machine.out.snapshot_reads.size(), 1U);
}

TEST(RaftPaperSection7, HeartbeatsGoOnDuringASnapshot) {
  LoneMachine machine = snapshotting_leader();
  give(machine, "0123456789");
  machine.tick();
  bool heard = false;
  for (const auto& [node, heartbeat] : machine.sent<Heartbeat>()) heard = heard || node == 3;
  EXPECT_TRUE(heard);
}

TEST(RaftPaperSection7, ALostChunkIsSentAgain) {
  LoneMachine machine = snapshotting_leader();
  give(machine, "0123456789");
  give(machine, "0123456789");
  for (int i = 0; i < 3 && machine.out.snapshot_reads.empty(); ++i) machine.tick();
  ASSERT_EQ(machine.out.snapshot_reads.size(), 1U);
  EXPECT_EQ(machine.out.snapshot_reads[0].offset_bytes, 0U);
}

TEST(RaftPaperSection7, ASnapshotThatCannotBeReadGivesWayToANewerOne) {
  LoneMachine machine = snapshotting_leader();
  machine.propose();
  machine.sync();
  machine.accept(2, 11);
  machine.out.clear();
  machine.raft().step(Compact{point_at(11, 1), Index(12)}, machine.now(), machine.out);
  machine.raft().step(SnapshotData{NodeId(3), Index(10), 0, 0, Payload()}, machine.now(),
                      machine.out);
  machine.raft().flush(machine.now(), machine.out);
  ASSERT_EQ(machine.out.snapshot_reads.size(), 1U);
  EXPECT_EQ(machine.out.snapshot_reads[0].index, Index(11));
}

TEST(RaftPaperSection7, AFollowerInstallsItAndGoesOnBehindIt) {
  LoneOptions options;
  options.log = {1, 1};
  options.hard_state.term = Term(1);
  LoneMachine machine(options);
  machine.hear(2, 2, chunk_of(10, 2, 0, "01234", 10));
  machine.sync();
  ASSERT_EQ(machine.sent<SnapshotReply>().size(), 1U);
  EXPECT_EQ(machine.sent<SnapshotReply>()[0].second.next_offset_bytes, 5U);
  machine.hear(2, 2, chunk_of(10, 2, 5, "56789", 10));
  ASSERT_EQ(machine.out.snapshot_writes.size(), 1U);
  // While it is installed nothing is taken, but the leader hears of us.
  Append append;
  append.previous_index = Index(2);
  append.previous_term = Term(1);
  append.round = 4;
  append.entries.push_back(entry_of(Term(2), Index(3)).bytes);
  machine.hear(2, 2, append);
  EXPECT_EQ(machine->last_index(), Index(2));
  EXPECT_EQ(machine.sent<HeartbeatReply>()[0].second.round, 4U);
  machine.turn(SnapshotInstalled{point_at(10, 2), true});
  EXPECT_TRUE(machine.sent<SnapshotReply>()[0].second.installed);
  EXPECT_EQ(machine->last_index(), Index(10));
  EXPECT_EQ(machine->first_index(), Index(11));
  EXPECT_EQ(machine->commit(), Index(10));
  EXPECT_EQ(machine->term_at(Index(10)), Term(2));
  EXPECT_TRUE(machine.out.committed.empty()) << "the snapshot holds them";
  append.previous_index = Index(10);
  append.previous_term = Term(2);
  append.entries = {entry_of(Term(2), Index(11)).bytes};
  machine.hear(2, 2, append);
  EXPECT_EQ(machine->last_index(), Index(11));
}

TEST(RaftPaperSection7, ABadSnapshotIsAskedForAgain) {
  LoneMachine machine;
  machine.hear(2, 2, chunk_of(10, 2, 0, "01", 2));
  machine.sync();
  machine.turn(SnapshotInstalled{point_at(10, 2), false});
  ASSERT_EQ(machine.sent<SnapshotReply>().size(), 1U);
  EXPECT_TRUE(machine.sent<SnapshotReply>()[0].second.refused);
  machine.hear(2, 2, chunk_of(10, 2, 0, "01", 2));
  EXPECT_EQ(machine.out.snapshot_writes.size(), 1U);
}

TEST(RaftPaperSection7, AChunkOutOfOrderIsNotTaken) {
  LoneMachine machine;
  machine.hear(2, 2, chunk_of(10, 2, 5, "5", 10));
  machine.sync();
  EXPECT_TRUE(machine.sent<SnapshotReply>()[0].second.refused) << "from the beginning";
  machine.hear(2, 2, chunk_of(10, 2, 0, "01", 10));
  machine.hear(2, 2, chunk_of(10, 2, 5, "5", 10));
  EXPECT_EQ(machine.sent<SnapshotReply>()[0].second.next_offset_bytes, 2U);
  machine.hear(2, 2, chunk_of(9, 2, 0, "01", 10));
  EXPECT_TRUE(machine.out.snapshot_writes.empty()) << "an older snapshot, late";
}

TEST(RaftPaperSection7, WhoHasTheEntriesNeedsNoSnapshot) {
  LoneOptions options;
  options.log = {1, 1, 1};
  options.hard_state.term = Term(1);
  LoneMachine machine(options);
  machine.hear(2, 1, chunk_of(2, 1, 0, "01", 10));
  EXPECT_TRUE(machine.out.snapshot_writes.empty());
  EXPECT_TRUE(machine.sent<SnapshotReply>()[0].second.installed);
  EXPECT_EQ(machine->commit(), Index(2)) << "what a snapshot holds is committed";
  EXPECT_EQ(machine->last_index(), Index(3));
}

TEST(RaftRecovery, GoesOnBehindItsSnapshotAndKeepsEntriesBelow) {
  LoneOptions options;
  options.log = {1, 1, 2, 2, 2};
  options.snapshot = point_at(3, 2);
  options.hard_state.term = Term(2);
  LoneMachine machine(options);
  EXPECT_EQ(machine->commit(), Index(3));
  EXPECT_EQ(machine->first_index(), Index(2));
  EXPECT_EQ(machine->last_index(), Index(5));
}

TEST(RaftRecovery, ALogThatDisagreesWithTheSnapshotIsNotUsed) {
  LoneOptions options;
  options.log = {1, 1, 1, 1};
  options.snapshot = point_at(3, 2);
  options.hard_state.term = Term(2);
  EXPECT_FALSE(agrees(options.snapshot, log_of(options.log)));
  LoneMachine machine(options);
  EXPECT_EQ(machine->last_index(), Index(3));
  options.log = {1, 1};
  EXPECT_EQ(LoneMachine(options)->last_index(), Index(3)) << "a log that ends before it";
}

TEST(RaftRecovery, ATermOlderThanTheLogIsMadeUp) {
  LoneOptions options;
  options.snapshot = point_at(3, 4);
  options.hard_state = {Term(2), replica_of(3), false};
  LoneMachine machine(options);
  EXPECT_EQ(machine->term(), Term(4));
  EXPECT_EQ(machine->hard_state().vote, ReplicaId());
  machine.turn(Tick{});
  ASSERT_EQ(machine.out.writes.size(), 1U);
}

// Membership ---------------------------------------------------------------------------------

ReplicaId wiped(uint64_t node) {
  ReplicaId replica = replica_of(node);
  replica.high = 0x200;
  return replica;
}

TEST(RaftDissertationSection41, AWipedReplicaIsReplacedStepByStep) {
  LoneMachine machine = ready_leader();
  machine.turn(PeerReplica{NodeId(3), wiped(3)});
  EXPECT_EQ(machine->membership().find(NodeId(3)), nullptr)
      << "taken out at once, before the entry is committed";
  EXPECT_EQ(machine->membership().voters(), 2U);
  EXPECT_EQ(machine->membership_index(), Index(2));
  machine.propose();
  EXPECT_EQ(machine->membership_index(), Index(2)) << "one change at a time";
  machine.sync();
  machine.accept(2, 3);
  const Member* learner = machine->membership().find(NodeId(3));
  ASSERT_NE(learner, nullptr);
  EXPECT_EQ(learner->replica, wiped(3));
  EXPECT_FALSE(learner->voter);
  machine.sync();
  machine.accept(2, 4);
  EXPECT_EQ(machine->commit(), Index(4)) << "the learner counts for nothing";
  AppendReply reply;
  reply.accepted = true;
  reply.durable = reply.matched = Index(4);
  machine.turn(
      ReceivedMessage{{lone_group, NodeId(3), wiped(3), NodeId(1), replica_of(1), Term(1), reply}});
  EXPECT_TRUE(machine->membership().find(NodeId(3))->voter);
  EXPECT_EQ(machine->membership().voters(), 3U);
}

TEST(RaftDissertationSection41, AMemberThatSpeaksIsNotTakenOutForAnEarlierWordOfItsNode) {
  LoneMachine machine;
  machine.lead();
  machine.turn(PeerReplica{NodeId(3), wiped(3)});
  machine.accept(3, 0);  // it is the old one that speaks
  machine.sync();
  machine.accept(2, 1);
  EXPECT_EQ(machine->commit(), Index(1));
  EXPECT_EQ(machine->membership_index(), Index(0));
  machine.turn(PeerReplica{NodeId(3), wiped(3)});
  EXPECT_EQ(machine->membership_index(), Index(2)) << "said again, it counts";
}

TEST(RaftDissertationSection41, NoChangeBeforeACommitInTheLeadersTerm) {
  LoneMachine machine;
  machine.lead();
  machine.turn(PeerReplica{NodeId(3), wiped(3)});
  EXPECT_EQ(machine->membership_index(), Index(0));
  machine.sync();
  machine.accept(2, 1);
  EXPECT_EQ(machine->membership_index(), Index(2));
}

TEST(RaftDissertationSection41, AMemberIsTakenOutOnlyIfWhoIsLeftCanCommit) {
  LoneMachine machine = ready_leader();
  for (int i = 0; i < 20; ++i) {
    machine.tick();
    machine.accept(3, 1);  // node 2 is silent
  }
  machine.turn(PeerReplica{NodeId(3), wiped(3)});
  EXPECT_EQ(machine->membership_index(), Index(0));
  machine.accept(2, 1);
  EXPECT_EQ(machine->membership_index(), Index(2));
}

TEST(RaftDissertationSection41, TheLatestMembershipInTheLogIsInForceAndTakenBackWithIt) {
  LoneMachine machine;
  const Entry change =
      entry_of(Term(1), Index(1), to_wire(voters(2)).view(), EntryKind::membership);
  Append append;
  append.entries.push_back(change.bytes);
  machine.hear(2, 1, append);
  EXPECT_EQ(machine->membership(), voters(2));
  Append other;
  other.entries.push_back(entry_of(Term(2), Index(1)).bytes);
  machine.hear(3, 2, other);
  EXPECT_EQ(machine->membership(), voters(3));
}

TEST(RaftDissertationSection41, ALearnerFarBehindIsNotPromoted) {
  LoneOptions options;
  options.membership = voters(3);
  options.membership->members.push_back({NodeId(4), replica_of(4), false});
  options.raft.promote_lag_max = 5;
  LoneMachine machine(options);
  machine.lead();
  machine.sync();
  machine.accept(2, 1);
  for (int i = 0; i < 9; ++i) machine.propose();
  commit_all(machine);
  machine.accept(4, 4);
  EXPECT_FALSE(machine->membership().find(NodeId(4))->voter);
  machine.accept(4, 5);
  EXPECT_TRUE(machine->membership().find(NodeId(4))->voter);
}

TEST(RaftMembership, MalformedOnesAreRefused) {
  const Entry good = entry_of(Term(1), Index(1), to_wire(voters(3)).view(), EntryKind::membership);
  EXPECT_EQ(*Membership::from_entry(good), voters(3));
  Membership bad = voters(3);
  std::swap(bad.members[0], bad.members[1]);
  EXPECT_FALSE(Membership::from_entry(
      entry_of(Term(1), Index(1), to_wire(bad).view(), EntryKind::membership)));
  EXPECT_FALSE(Membership::from_entry(
      entry_of(Term(1), Index(1), to_wire(voters(members_max + 1)).view(), EntryKind::membership)));
  EXPECT_FALSE(Membership::from_entry(entry_of(Term(1), Index(1), "junk", EntryKind::membership)));
}

// Damage -------------------------------------------------------------------------------------

LoneMachine damaged_follower() {
  LoneOptions options;
  options.hard_state = {Term(1), ReplicaId(), true};
  options.log = {1};
  return LoneMachine(options);
}

TEST(RaftDamage, ADamagedReplicaNeitherVotesNorStands) {
  LoneMachine machine = damaged_follower();
  EXPECT_FALSE(machine->may_vote());
  VoteRequest request;
  request.last_index = Index(9);
  request.last_term = Term(9);
  machine.hear(2, 9, request);
  machine.sync();
  EXPECT_FALSE(machine.sent<VoteReply>()[0].second.granted);
  machine.tick();
  EXPECT_EQ(machine->role(), Role::follower);
}

TEST(RaftDamage, ItIsWholeOnceItsDurableLogCoversTheHealIndex) {
  LoneMachine machine = damaged_follower();
  machine.hear(2, 2, Heartbeat{Index(), 1});
  machine.sync();
  ASSERT_EQ(machine.sent<HeartbeatReply>().size(), 1U);
  EXPECT_TRUE(machine.sent<HeartbeatReply>()[0].second.damaged);
  Append append;
  append.previous_index = Index(1);
  append.previous_term = Term(1);
  append.heal_index = Index(2);
  append.heal_life = machine->life();
  append.entries.push_back(entry_of(Term(2), Index(2)).bytes);
  machine.hear(2, 2, append);
  EXPECT_TRUE(machine->hard_state().damaged) << "not durable yet";
  machine.sync();
  EXPECT_FALSE(machine->hard_state().damaged);
  ASSERT_EQ(machine.out.writes.size(), 1U);
  EXPECT_FALSE(machine.out.writes[0].hard_state->damaged) << "and this is durable too";
  EXPECT_TRUE(machine->may_vote());
}

// The damage may be newer than the one the leader heard of.
TEST(RaftDamage, AHealIndexOfAnotherLifeDoesNotCount) {
  LoneMachine machine = damaged_follower();
  Append append;
  append.previous_index = Index(1);
  append.previous_term = Term(1);
  append.heal_index = Index(2);
  append.heal_life = machine->life() + 1;
  append.entries.push_back(entry_of(Term(2), Index(2)).bytes);
  machine.hear(2, 2, append);
  machine.sync();
  EXPECT_TRUE(machine->hard_state().damaged);
}

TEST(RaftDamage, TheLeaderProposesAnEntryAfterHearingOfIt) {
  LoneMachine machine = ready_leader();
  machine.hear(3, 1, HeartbeatReply{0, true, 5});
  EXPECT_EQ(machine->last_index(), Index(2));
  EXPECT_EQ(machine->entry_at(Index(2))->kind, EntryKind::stamp);
  bool told = false;
  for (const auto& [node, append] : machine.sent<Append>()) {
    if (node != 3) continue;
    told = true;
    EXPECT_EQ(append.heal_index, Index(2));
    EXPECT_EQ(append.heal_life, 5U);
  }
  EXPECT_TRUE(told);
}

TEST(RaftDamage, WhatADamagedReplicaHadIsNotTakenForGranted) {
  LoneMachine machine = ready_leader();
  machine.propose();
  commit_all(machine);
  EXPECT_EQ(machine->progress().at(NodeId(3)).match, Index(2));
  AppendReply reply;
  reply.rejected = Index(2);
  reply.hint_index = Index(1);
  reply.hint_term = Term(1);
  reply.damaged = true;
  reply.life = 5;
  machine.hear(3, 1, reply);
  EXPECT_LE(machine->progress().at(NodeId(3)).match, Index(1));
  ASSERT_FALSE(machine.sent<Append>().empty());
  EXPECT_LE(machine.sent<Append>()[0].second.previous_index, Index(2));
}

// Disk ---------------------------------------------------------------------------------------

TEST(RaftDurability, ALeaderWhoseOwnWriteHangsStepsDown) {
  LoneMachine machine = ready_leader();
  machine.propose();
  for (int i = 0; i < 20 && machine->role() == Role::leader; ++i) {
    machine.tick();
    if (machine->role() != Role::leader) break;
    machine.accept(2, 2);
    machine.accept(3, 2);
  }
  EXPECT_EQ(machine->role(), Role::follower);
  bool reason = false;
  for (const Note& note : machine.out.notes)
    reason = reason || note.text.find("not durable") != std::string::npos;
  EXPECT_TRUE(reason);
}

TEST(RaftDurability, OneTurnIsOneWrite) {
  LoneMachine machine;
  Append append;
  append.entries.push_back(entry_of(Term(1), Index(1)).bytes);
  machine.hear(2, 1, append);
  ASSERT_EQ(machine.out.writes.size(), 1U);
  EXPECT_TRUE(machine.out.writes[0].hard_state.has_value());
  EXPECT_EQ(machine.out.writes[0].entries.size(), 1U);
}

// Value --------------------------------------------------------------------------------------

TEST(RaftValue, ACopyGoesOnAlike) {
  LoneMachine machine = ready_leader();
  machine.propose();
  const uint64_t write = machine.out.writes.at(0).number;
  Raft copy = machine.raft();
  EXPECT_EQ(copy.digest(), machine->digest());
  Effects out;
  copy.step(Durable{write}, machine.now(), out);
  copy.flush(machine.now(), out);
  EXPECT_NE(copy.digest(), machine->digest());
  machine.turn(Durable{write});
  EXPECT_EQ(copy.digest(), machine->digest());
}

TEST(RaftValue, EveryMessageHasAWireForm) {
  Message message{lone_group, NodeId(2), replica_of(2), NodeId(1), replica_of(1), Term(5), {}};
  Append append;
  append.commit = Index(4);
  append.entries = {entry_of(Term(1), Index(1)).bytes, entry_of(Term(1), Index(2)).bytes};
  const Body bodies[] = {VoteRequest{},
                         VoteReply{true, true},
                         append,
                         AppendReply{},
                         Heartbeat{Index(3), 2},
                         HeartbeatReply{2, true, 9},
                         chunk_of(10, 2, 0, "abc", 3),
                         SnapshotReply{Index(10), 3, true, false},
                         TimeoutNow{Index(3)},
                         ReadIndexRequest{4},
                         ReadIndexReply{4, true, Index(9)}};
  for (const Body& body : bodies) {
    message.body = body;
    const Payload bytes = to_wire(message);
    const Result<Message> read = from_wire<Message>(bytes);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->body.index(), body.index());
    EXPECT_EQ(to_wire(*read), bytes);
  }
}

}  // namespace
}  // namespace coterie::raft
