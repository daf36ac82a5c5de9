// Invariants must be able to fail: machines that contradict each other are shown to it.
#include "coterie/protocol/raft/invariants.h"

#include <gtest/gtest.h>

#include "coterie/protocol/raft/lone_machine.h"

namespace coterie::raft {
namespace {

LoneMachine machine_with(std::vector<uint64_t> terms, uint64_t seed) {
  LoneOptions options;
  if (!terms.empty()) options.hard_state.term = Term(terms.back());
  options.log = std::move(terms);
  options.seed = seed;
  return LoneMachine(std::move(options));
}

void append_to(LoneMachine& machine, uint64_t term, Entry entry, uint64_t previous_term,
               uint64_t commit) {
  Append append;
  append.previous_index = entry.index.previous();
  append.previous_term = Term(previous_term);
  append.commit = Index(commit);
  append.entries.push_back(entry.bytes);
  machine.hear(2, term, append);
}

std::string complaint(const Result<void>& result) {
  return result ? "none" : result.error().message;
}

TEST(RaftInvariants, AgreeWithMachinesThatAgree) {
  Invariants invariants;
  LoneMachine one = machine_with({1, 1, 2}, 1);
  LoneMachine other = machine_with({1, 1}, 2);
  EXPECT_TRUE(invariants.observe({&one.raft(), &other.raft()}));
  append_to(other, 2, entry_of(Term(2), Index(3)), 1, 3);
  EXPECT_TRUE(invariants.observe(*other));
  EXPECT_EQ(invariants.committed(), Index(3));
  EXPECT_EQ(invariants.committed_term(Index(3)), Term(2));
  for (const Entry& entry : other.out.committed) EXPECT_TRUE(invariants.applied(*other, entry));
}

TEST(RaftInvariants, NoticeTwoLeadersOfATerm) {
  Invariants invariants;
  LoneMachine one = machine_with({}, 1);
  LoneMachine other = machine_with({}, 2);
  one.lead();
  other.lead();
  EXPECT_TRUE(invariants.observe(*one));
  EXPECT_NE(complaint(invariants.observe(*other)).find("election safety"), std::string::npos);
}

TEST(RaftInvariants, NoticeOneEntryWithTwoContents) {
  Invariants invariants;
  LoneMachine one = machine_with({}, 1);
  LoneMachine other = machine_with({}, 2);
  append_to(one, 1, entry_of(Term(1), Index(1), "this"), 0, 0);
  append_to(other, 1, entry_of(Term(1), Index(1), "that"), 0, 0);
  EXPECT_TRUE(invariants.observe(*one));
  EXPECT_NE(complaint(invariants.observe(*other)).find("differs"), std::string::npos);
}

TEST(RaftInvariants, NoticeLogsThatPartAndMeetAgain) {
  Invariants invariants;
  const LoneMachine one = machine_with({1, 3}, 1);
  const LoneMachine other = machine_with({2, 3}, 2);
  EXPECT_TRUE(invariants.observe(*one));
  EXPECT_NE(complaint(invariants.observe(*other)).find("follows another entry"), std::string::npos);
}

TEST(RaftInvariants, NoticeTwoCommitsOfOneIndex) {
  Invariants invariants;
  LoneMachine one = machine_with({}, 1);
  LoneMachine other = machine_with({}, 2);
  append_to(one, 1, entry_of(Term(1), Index(1)), 0, 1);
  append_to(other, 2, entry_of(Term(2), Index(1)), 0, 1);
  EXPECT_TRUE(invariants.observe(*one));
  EXPECT_NE(complaint(invariants.observe(*other)).find("state machine safety"), std::string::npos);
}

TEST(RaftInvariants, NoticeALeaderWithoutACommittedEntry) {
  Invariants invariants;
  LoneMachine one = machine_with({}, 1);
  append_to(one, 1, entry_of(Term(1), Index(1)), 0, 1);
  LoneMachine other = machine_with({}, 2);
  other.lead();  // of term 1, which may be late
  EXPECT_TRUE(invariants.observe(*one));
  LoneMachine third = machine_with({}, 3);
  third.hear(2, 4, Heartbeat{});
  third.sync();
  third.lead();
  EXPECT_NE(complaint(invariants.observe(*third)).find("leader completeness"), std::string::npos);
}

TEST(RaftInvariants, NoticeEntriesGivenOutTwice) {
  Invariants invariants;
  LoneMachine one = machine_with({}, 1);
  append_to(one, 1, entry_of(Term(1), Index(1)), 0, 1);
  EXPECT_TRUE(invariants.observe(*one));
  EXPECT_TRUE(invariants.applied(*one, one.out.committed[0]));
  EXPECT_FALSE(invariants.applied(*one, one.out.committed[0]));
}

TEST(RaftInvariants, NoticeTwoVotesInATerm) {
  Invariants invariants;
  Message message{lone_group,    NodeId(2), replica_of(2),         NodeId(1),
                  replica_of(1), Term(5),   VoteReply{false, true}};
  EXPECT_TRUE(invariants.said(message));
  EXPECT_TRUE(invariants.said(message)) << "the same again";
  message.to_node = NodeId(3);
  message.to = replica_of(3);
  EXPECT_FALSE(invariants.said(message));
}

}  // namespace
}  // namespace coterie::raft
