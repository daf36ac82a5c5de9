// What the paper says of the log, sentence by sentence (Ongaro & Ousterhout 2014,
// sections 5.3, 5.4.2, 5.5, 8; Ongaro's dissertation 2014, section 10.2.1).
#include <gtest/gtest.h>

#include "coterie/protocol/raft/lone_machine.h"

namespace coterie::raft {
namespace {

Append append_of(uint64_t previous_index, uint64_t previous_term,
                 const std::vector<uint64_t>& terms, uint64_t commit = 0) {
  Append append;
  append.previous_index = Index(previous_index);
  append.previous_term = Term(previous_term);
  append.commit = Index(commit);
  uint64_t index = previous_index;
  for (uint64_t term : terms) append.entries.push_back(entry_of(Term(term), Index(++index)).bytes);
  return append;
}

LoneOptions with_log(std::vector<uint64_t> terms) {
  LoneOptions options;
  if (!terms.empty()) options.hard_state.term = Term(terms.back());
  options.log = std::move(terms);
  return options;
}

TEST(RaftPaperSection53, ALeaderSendsWhatIsProposedAtOnceToAll) {
  LoneMachine machine;
  machine.lead();
  machine.accept(2, 1);
  machine.accept(3, 1);
  machine.propose("hello");
  const auto appends = machine.sent<Append>();
  ASSERT_EQ(appends.size(), 2U);
  for (const auto& [node, append] : appends) {
    EXPECT_EQ(append.previous_index, Index(1));
    EXPECT_EQ(append.previous_term, Term(1));
    ASSERT_EQ(append.entries.size(), 1U);
    EXPECT_EQ(Entry::from_bytes(append.entries[0])->body().view(), "hello");
  }
}

TEST(RaftDissertationSection1021, ItsOwnWriteGoesOnInParallelAndCountsWhenDurable) {
  LoneMachine machine;
  machine.lead();
  EXPECT_EQ(machine.sent<Append>().size(), 2U) << "before its own write is durable";
  ASSERT_EQ(machine.out.writes.size(), 1U);
  machine.accept(2, 1);
  EXPECT_EQ(machine->commit(), Index(0)) << "one of three, its own write is under way";
  machine.sync();
  EXPECT_EQ(machine->commit(), Index(1));
}

TEST(RaftDissertationSection1021, TheOthersMayCommitWithoutIt) {
  LoneMachine machine;
  machine.lead();
  machine.accept(2, 1);
  machine.accept(3, 1);
  EXPECT_EQ(machine->commit(), Index(1));
  EXPECT_EQ(machine->durable_index(), Index(0));
}

TEST(RaftPaperSection53, AnEntryIsCommittedOnceAMajorityHasIt) {
  for (uint64_t count : {1, 3, 5, 7}) {
    LoneOptions options;
    options.voters = count;
    LoneMachine machine(options);
    machine.lead();
    machine.sync();
    for (uint64_t node = 2; node <= count; ++node) {
      EXPECT_EQ(machine->commit() == Index(1), node - 1 >= count / 2 + 1)
          << node - 1 << " of " << count;
      machine.accept(node, 1);
    }
    EXPECT_EQ(machine->commit(), Index(1));
  }
}

TEST(RaftPaperSection53, ACommitCommitsAllEntriesBefore) {
  LoneMachine machine(with_log({1, 2, 2}));
  machine.lead();
  machine.sync();
  EXPECT_EQ(machine->commit(), Index(0));
  machine.accept(2, 4);
  EXPECT_EQ(machine->commit(), Index(4));
  ASSERT_EQ(machine.out.committed.size(), 4U);
  for (uint64_t i = 0; i < 4; ++i) EXPECT_EQ(machine.out.committed[i].index, Index(i + 1));
}

TEST(RaftPaperSection542, OldTermEntriesCommitOnlyIndirectly) {
  LoneMachine machine(with_log({1, 2}));
  machine.lead();  // its entry 3 is of term 3
  machine.sync();
  machine.accept(2, 2);
  machine.accept(3, 2);
  EXPECT_EQ(machine->commit(), Index(0)) << "all have entry 2, of term 2";
  EXPECT_FALSE(machine->committed_in_term());
  machine.accept(2, 3);
  EXPECT_EQ(machine->commit(), Index(3));
  EXPECT_TRUE(machine->committed_in_term());
}

TEST(RaftPaperSection53, FollowersLearnTheCommitAndGiveOutTheEntries) {
  LoneMachine machine;
  machine.hear(2, 1, append_of(0, 0, {1, 1}, 1));
  EXPECT_EQ(machine->commit(), Index(1));
  ASSERT_EQ(machine.out.committed.size(), 1U);
  machine.hear(2, 1, Heartbeat{Index(2), 0});
  EXPECT_EQ(machine->commit(), Index(2));
  ASSERT_EQ(machine.out.committed.size(), 1U);
  EXPECT_EQ(machine.out.committed[0].index, Index(2));
}

TEST(RaftPaperSection53, ACommitIsBelievedOnlyAsFarAsTheLogIsTheLeaders) {
  LoneMachine machine(with_log({1, 1, 1}));
  machine.hear(2, 2, Heartbeat{Index(3), 0});
  EXPECT_EQ(machine->commit(), Index(0));
  machine.hear(2, 2, append_of(1, 1, {}, 3));
  EXPECT_EQ(machine->commit(), Index(1));
}

TEST(RaftPaperSection53, AFollowerRefusesWhatLeavesAGapOrFollowsAnotherEntry) {
  struct Case {
    uint64_t previous_index, previous_term;
    bool accepted;
    uint64_t hint_index, hint_term;
  };
  // Its log: terms 1 1 2 2.
  const Case cases[] = {{4, 2, true, 0, 0},  {3, 2, true, 0, 0},  {0, 0, true, 0, 0},
                        {5, 2, false, 4, 2}, {9, 3, false, 4, 2}, {4, 3, false, 4, 2},
                        {4, 1, false, 2, 1}, {3, 1, false, 2, 1}};
  for (const Case& one : cases) {
    LoneMachine machine(with_log({1, 1, 2, 2}));
    Append append = append_of(one.previous_index, one.previous_term, {});
    append.round = 1;
    machine.hear(2, 3, append);
    machine.sync();
    const auto replies = machine.sent<AppendReply>();
    ASSERT_EQ(replies.size(), 1U);
    const AppendReply& reply = replies[0].second;
    EXPECT_EQ(reply.accepted, one.accepted)
        << one.previous_index << " of term " << one.previous_term;
    if (one.accepted) {
      EXPECT_EQ(reply.matched, Index(one.previous_index));
      continue;
    }
    EXPECT_EQ(reply.rejected, Index(one.previous_index));
    EXPECT_EQ(reply.hint_index, Index(one.hint_index));
    EXPECT_EQ(reply.hint_term, Term(one.hint_term));
  }
}

TEST(RaftPaperSection53, AConflictingEntryAndAllBehindItAreOverwritten) {
  LoneMachine machine(with_log({1, 1, 2, 2}));
  machine.hear(2, 3, append_of(1, 1, {3, 3}));
  EXPECT_EQ(machine.log_terms(), (std::vector<uint64_t>{1, 3, 3}));
  ASSERT_EQ(machine.out.writes.size(), 1U);
  ASSERT_EQ(machine.out.writes[0].entries.size(), 2U);
  EXPECT_EQ(machine.out.writes[0].entries[0].index, Index(2)) << "the disk replaces from here on";
}

TEST(RaftPaperFigure7, EveryLogIsBroughtInLine) {
  const std::vector<uint64_t> leader_log = {1, 1, 1, 4, 4, 5, 5, 6, 6, 6};
  const std::vector<uint64_t> follower_logs[] = {{1, 1, 1, 4, 4, 5, 5, 6, 6},
                                                 {1, 1, 1, 4},
                                                 {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6},
                                                 {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7},
                                                 {1, 1, 1, 4, 4, 4, 4},
                                                 {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3}};
  for (const std::vector<uint64_t>& log : follower_logs) {
    LoneOptions options = with_log(leader_log);
    options.hard_state.term = Term(7);
    LoneMachine leader(options);
    leader.lead();
    LoneMachine follower(with_log(log));
    // Node 3 stands for the follower: what the leader tells it, the other machine hears from
    // node 2.
    int rounds = 0;
    while (leader->progress().at(NodeId(3)).match != Index(11)) {
      ASSERT_LT(++rounds, 8) << "the hint skips a term a step";
      std::optional<Append> told;
      for (const auto& [node, append] : leader.sent<Append>()) {
        if (node == 3) told = append;
      }
      ASSERT_TRUE(told.has_value());
      follower.hear(2, 8, *told);
      follower.sync();
      const auto replies = follower.sent<AppendReply>();
      ASSERT_FALSE(replies.empty());
      leader.hear(3, 8, replies.back().second);
    }
    std::vector<uint64_t> want = leader_log;
    want.push_back(8);
    EXPECT_EQ(follower.log_terms(), want);
    EXPECT_EQ(follower->durable_index(), Index(11));
  }
}

TEST(RaftPaperSection53, AnAppendThatCameLateShortensNothing) {
  LoneMachine machine;
  machine.hear(2, 1, append_of(0, 0, {1, 1, 1}));
  machine.sync();
  machine.hear(2, 1, append_of(0, 0, {1}));
  EXPECT_EQ(machine->last_index(), Index(3));
  EXPECT_TRUE(machine.out.writes.empty());
}

TEST(RaftPaperSection55, TheSameAppendTwiceDoesNoHarm) {
  LoneMachine machine;
  for (int i = 0; i < 2; ++i) {
    machine.hear(2, 1, append_of(0, 0, {1, 1}));
    machine.sync();
  }
  EXPECT_EQ(machine.log_terms(), (std::vector<uint64_t>{1, 1}));
}

TEST(RaftPaperSection53, EntriesAreAcknowledgedOnceDurable) {
  LoneMachine machine;
  machine.hear(2, 1, append_of(0, 0, {1, 1}));
  EXPECT_TRUE(machine.sent<AppendReply>().empty());
  machine.sync();
  const auto replies = machine.sent<AppendReply>();
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].second.durable, Index(2));
  // Asked with a round, it says at once what it has, and what of it is durable.
  Append asked = append_of(2, 1, {1});
  asked.round = 3;
  machine.hear(2, 1, asked);
  ASSERT_EQ(machine.sent<AppendReply>().size(), 1U);
  EXPECT_EQ(machine.sent<AppendReply>()[0].second.durable, Index(2));
  EXPECT_EQ(machine.sent<AppendReply>()[0].second.matched, Index(3));
  EXPECT_EQ(machine.sent<AppendReply>()[0].second.round, 3U);
}

// A write of entries that were cut meanwhile makes nothing of what replaced them durable.
TEST(RaftPaperSection53, AnOldWriteDoesNotVouchForNewEntries) {
  LoneMachine machine;
  machine.hear(2, 1, append_of(0, 0, {1, 1, 1}));
  const uint64_t old_write = machine.out.writes[0].number;
  machine.hear(3, 2, append_of(1, 1, {2, 2}));
  machine.turn(Durable{old_write});
  EXPECT_EQ(machine->durable_index(), Index(1));
  machine.sync();
  EXPECT_EQ(machine->durable_index(), Index(3));
}

TEST(RaftPaperSection53, ALeaderBacksUpByTheHint) {
  LoneMachine machine(with_log({1, 1, 1, 1, 3, 3, 3}));
  machine.lead();
  AppendReply reply;
  reply.rejected = Index(7);
  reply.hint_index = Index(6);
  reply.hint_term = Term(2);
  reply.life = 5;
  machine.hear(2, 4, reply);
  const auto appends = machine.sent<Append>();
  ASSERT_EQ(appends.size(), 1U);
  EXPECT_EQ(appends[0].second.previous_index, Index(4)) << "its last entry of a term not above 2";
}

TEST(RaftPaperSection8, ALeaderBeginsItsTermWithAnEntry) {
  LoneMachine machine(with_log({1}));
  machine.lead();
  const Entry* entry = machine->entry_at(Index(2));
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->kind, EntryKind::leader_start);
  EXPECT_EQ(entry->term, Term(2));
  EXPECT_EQ(entry->stamp_ms, 1) << "log time goes on from the newest stamp";
}

// Flow control -------------------------------------------------------------------------------

TEST(RaftReplication, OneMessageCarriesAllOfATurnWithinItsBound) {
  LoneOptions options;
  options.raft.append_bytes_max = 3 * (entry_header_bytes + 1);
  LoneMachine machine(options);
  machine.lead();
  machine.accept(2, 1);
  machine.out.clear();
  for (uint64_t i = 2; i <= 8; ++i)
    machine.raft().step(Propose{entry_of(Term(1), Index(i))}, machine.now(), machine.out);
  machine.raft().flush(machine.now(), machine.out);
  ASSERT_EQ(machine.out.writes.size(), 1U);
  EXPECT_EQ(machine.out.writes[0].entries.size(), 7U);
  std::vector<size_t> sizes;
  for (const auto& [node, append] : machine.sent<Append>()) {
    if (node == 2) sizes.push_back(append.entries.size());
  }
  EXPECT_EQ(sizes, (std::vector<size_t>{3, 3, 1}));
}

TEST(RaftReplication, AnEntryLargerThanTheBoundGoesAlone) {
  LoneOptions options;
  options.raft.append_bytes_max = 100;
  LoneMachine machine(options);
  machine.lead();
  machine.accept(2, 1);
  machine.propose(std::string(1000, 'x'));
  EXPECT_EQ(machine.sent<Append>()[0].second.entries.size(), 1U);
}

TEST(RaftReplication, TheWindowBoundsWhatIsInFlight) {
  LoneOptions options;
  options.raft.in_flight_messages_max = 2;
  LoneMachine machine(options);
  machine.lead();
  machine.accept(2, 1);
  size_t sent = 0;
  for (int i = 0; i < 5; ++i) {
    machine.propose();
    for (const auto& [node, append] : machine.sent<Append>())
      sent += node == 2 ? append.entries.size() : 0;
  }
  EXPECT_EQ(sent, 2U);
  EXPECT_EQ(machine->progress().at(NodeId(2)).in_flight_bytes, 2 * (entry_header_bytes + 1));
  machine.accept(2, 3);
  ASSERT_EQ(machine.sent<Append>().size(), 1U);
  EXPECT_EQ(machine.sent<Append>()[0].second.entries.size(), 3U) << "what waited goes together";
}

TEST(RaftReplication, TheWindowBoundsBytesToo) {
  LoneOptions options;
  options.raft.in_flight_bytes_max = 2000;
  LoneMachine machine(options);
  machine.lead();
  machine.accept(2, 1);
  for (int i = 0; i < 5; ++i) machine.propose(std::string(1000, 'x'));
  EXPECT_EQ(machine->progress().at(NodeId(2)).in_flight.size(), 2U);
}

TEST(RaftReplication, AProbeIsOneMessageUntilItIsAnswered) {
  LoneMachine machine;
  machine.lead();
  for (int i = 0; i < 3; ++i) {
    machine.propose();
    EXPECT_TRUE(machine.sent<Append>().empty());
  }
  machine.accept(2, 1);
  ASSERT_EQ(machine.sent<Append>().size(), 1U);
  EXPECT_EQ(machine.sent<Append>()[0].second.entries.size(), 3U);
}

TEST(RaftReplication, ALostAppendIsNoticedByTheNextHeartbeat) {
  LoneMachine machine;
  machine.lead();
  machine.sync();
  machine.accept(2, 1);
  machine.accept(3, 1);
  machine.propose();  // lost on the way to node 2
  machine.sync();
  machine.accept(3, 2);
  machine.tick();
  machine.tick();
  std::optional<Append> asked;
  for (const auto& [node, append] : machine.sent<Append>()) {
    if (node == 2) asked = append;
  }
  ASSERT_TRUE(asked.has_value());
  EXPECT_TRUE(asked->entries.empty());
  EXPECT_EQ(asked->previous_index, Index(2));
  AppendReply reply;
  reply.rejected = Index(2);
  reply.hint_index = Index(1);
  reply.hint_term = Term(1);
  reply.life = 1002;
  machine.hear(2, 1, reply);
  ASSERT_EQ(machine.sent<Append>().size(), 1U);
  EXPECT_EQ(machine.sent<Append>()[0].second.entries.size(), 1U);
}

TEST(RaftReplication, WhatWasInFlightIsSentAgainWhenTheLinkIsBack) {
  LoneMachine machine;
  machine.lead();
  machine.accept(2, 1);
  machine.propose();
  machine.turn(PeerUp{NodeId(2)});
  ASSERT_EQ(machine.sent<Append>().size(), 1U);
  EXPECT_EQ(machine.sent<Append>()[0].second.previous_index, Index(1));
  EXPECT_EQ(machine.sent<Append>()[0].second.entries.size(), 1U);
}

TEST(RaftReplication, MalformedEntriesAreIgnored) {
  LoneMachine machine;
  Append append = append_of(0, 0, {1, 1});
  std::string bytes = append.entries[1].text();
  bytes.back() ^= 1;
  append.entries[1] = Payload::copy_of(bytes);
  machine.hear(2, 1, append);
  EXPECT_EQ(machine->last_index(), Index(0));
  ASSERT_FALSE(machine.out.notes.empty());
  EXPECT_TRUE(machine.out.notes.back().warning);
  append = append_of(0, 0, {1, 1});
  std::swap(append.entries[0], append.entries[1]);
  machine.hear(2, 1, append);
  append = append_of(0, 0, {9});  // of a term above its leader's
  machine.hear(2, 1, append);
  EXPECT_EQ(machine->last_index(), Index(0));
}

// Commit notices -----------------------------------------------------------------------------

std::vector<uint64_t> told_of(const LoneMachine& machine, uint64_t commit) {
  std::vector<uint64_t> nodes;
  for (const auto& [node, append] : machine.sent<Append>()) {
    if (append.commit == Index(commit)) nodes.push_back(node);
  }
  return nodes;
}

LoneOptions notice_after(Duration delay) {
  LoneOptions options;
  options.raft.commit_notice_delay = delay;
  return options;
}

TEST(RaftCommitNotice, FollowersHearOfACommitAtOnce) {
  LoneMachine machine;
  machine.lead();
  machine.sync();
  machine.accept(3, 1);
  machine.accept(2, 1);
  machine.propose();
  machine.sync();
  machine.accept(2, 2);
  EXPECT_EQ(told_of(machine, 2), (std::vector<uint64_t>{2, 3}));
  machine.turn(Tick{});
  EXPECT_TRUE(machine.sent<Append>().empty()) << "once";
}

TEST(RaftCommitNotice, MayBeDelayedUntilItsTime) {
  LoneMachine machine(notice_after(milliseconds(5)));
  machine.lead();
  machine.sync();
  machine.accept(3, 1);
  machine.accept(2, 1);
  machine.propose();
  machine.sync();
  machine.accept(2, 2);
  EXPECT_TRUE(told_of(machine, 2).empty());
  EXPECT_LE(machine->next_deadline(), machine.time + milliseconds(5));
  machine.pass(milliseconds(5));
  machine.turn(Tick{});
  EXPECT_EQ(told_of(machine, 2), (std::vector<uint64_t>{2, 3}));
}

TEST(RaftCommitNotice, IsPromptForWhoAsked) {
  LoneMachine machine(notice_after(milliseconds(5)));
  machine.lead();
  machine.sync();
  machine.accept(3, 1);
  machine.accept(2, 1);
  machine.pass(milliseconds(5));
  machine.turn(Tick{});
  machine.propose();
  machine.turn(EagerCommit{NodeId(3), Index(2)});
  machine.sync();
  machine.accept(2, 2);
  EXPECT_EQ(told_of(machine, 2), (std::vector<uint64_t>{3}));
}

}  // namespace
}  // namespace coterie::raft
