// What each frame is called in a picture.
#include "coterie/trial/frame_summary.h"

#include <gtest/gtest.h>

#include "coterie/node/wire.h"

namespace coterie::trial {
namespace {

template <class Body>
FrameSummary of(Body body, uint64_t term = 3) {
  raft::Message message;
  message.term = Term(term);
  message.body = std::move(body);
  return summarize_frame(node::encode_frame(message));
}

TEST(FrameSummary, Elections) {
  EXPECT_EQ(of(raft::VoteRequest{false, false, Index(7), Term(2)}).text,
            "vote request t3, log ends 7 t2");
  EXPECT_EQ(of(raft::VoteRequest{true, true, Index(7), Term(2)}).text,
            "pre-vote request t3, log ends 7 t2, by transfer");
  EXPECT_EQ(of(raft::VoteReply{false, true}).text, "vote granted t3");
  EXPECT_EQ(of(raft::VoteReply{true, false}).text, "pre-vote refused t3");
  EXPECT_EQ(of(raft::VoteReply{true, false}).kind, "pre-vote reply");
  EXPECT_EQ(of(raft::TimeoutNow{}).text, "stand for election now t3");
}

TEST(FrameSummary, Appends) {
  raft::Append append;
  append.previous_index = Index(4);
  append.commit = Index(4);
  EXPECT_EQ(of(append).text, "append nothing after 4, commit 4 t3");
  EXPECT_TRUE(of(append).routine);
  const auto entry = [](uint64_t index) {
    Entry header;
    header.index = Index(index);
    header.term = Term(3);
    return make_entry(header, "body").bytes;
  };
  append.entries = {entry(5)};
  EXPECT_EQ(of(append).text, "append 5 t3, commit 4");
  append.entries.push_back(entry(6));
  append.entries.push_back(entry(7));
  EXPECT_EQ(of(append).text, "append 5..7 t3, commit 4");
  EXPECT_FALSE(of(append).routine);
  // The same in one piece, as it arrives.
  raft::Message message;
  message.term = Term(3);
  message.body = append;
  std::string bytes;
  for (const Payload& part : node::encode_frame(message)) bytes += part.view();
  EXPECT_EQ(summarize_frame({Payload::copy_of(bytes)}).text, "append 5..7 t3, commit 4");

  raft::AppendReply reply;
  reply.accepted = true;
  reply.matched = Index(7);
  reply.durable = Index(5);
  EXPECT_EQ(of(reply).text, "has 7, durable 5 t3");
  reply.accepted = false;
  reply.rejected = Index(9);
  EXPECT_EQ(of(reply).text, "append refused at 9 t3");
}

TEST(FrameSummary, TheRest) {
  EXPECT_TRUE(of(raft::Heartbeat{Index(4), 1}).routine);
  EXPECT_EQ(of(raft::Heartbeat{Index(4), 1}).text, "heartbeat t3, commit 4");
  EXPECT_TRUE(of(raft::HeartbeatReply{}).routine);
  raft::SnapshotChunk chunk;
  chunk.point.index = Index(12);
  chunk.total_bytes = 100;
  chunk.data = Payload::copy_of("0123456789");
  EXPECT_EQ(of(chunk).text, "snapshot 12, bytes 0..10 of 100");
  EXPECT_EQ(of(raft::SnapshotReply{Index(12), 10, false, false}).text, "snapshot 12 has 10 bytes");
  EXPECT_EQ(of(raft::SnapshotReply{Index(12), 10, true, false}).text, "snapshot 12 installed");
  EXPECT_EQ(of(raft::ReadIndexRequest{5}).text, "read index?");
  EXPECT_EQ(of(raft::ReadIndexReply{5, true, Index(8)}).text, "read at 8");
  const auto own = [](node::NodeMessage message) {
    return summarize_frame(node::encode_frame(message));
  };
  EXPECT_TRUE(own(node::Hello{}).routine);
  EXPECT_EQ(own(node::Hello{}).text, "hello, in no cluster yet");
  EXPECT_EQ(own(node::Forward{GroupId(1), 1, Payload::copy_of("12345")}).text,
            "forward 5 bytes of commands");
  EXPECT_EQ(own(node::ForwardRefused{}).text, "forward refused: not leading");
  EXPECT_EQ(own(node::ForwardRefused{GroupId(1), 1, SessionId(1), 9}).text,
            "forward refused: wants 9");
}

TEST(FrameSummary, WhatCannotBeReadIsCalledSo) {
  EXPECT_EQ(summarize_frame({}).kind, "unreadable");
  EXPECT_EQ(summarize_frame({Payload::copy_of("hello")}).kind, "unreadable");
  EXPECT_EQ(summarize_frame({Payload()}).kind, "unreadable");
}

}  // namespace
}  // namespace coterie::trial
