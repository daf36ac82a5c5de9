// See frame_summary.h.
#include "coterie/trial/frame_summary.h"

#include <variant>

#include <fmt/format.h>

#include "coterie/node/wire.h"

namespace coterie::trial {

namespace {

// One message of Raft; `entries` is how many records follow its head.
struct RaftWords {
  Term term;
  size_t entries = 0;

  FrameSummary operator()(const raft::VoteRequest& request) const {
    const char* kind = request.pre_vote ? "pre-vote request" : "vote request";
    return {kind,
            fmt::format("{} t{}, log ends {} t{}{}", kind, term, request.last_index,
                        request.last_term, request.transfer ? ", by transfer" : ""),
            false};
  }
  FrameSummary operator()(const raft::VoteReply& reply) const {
    const char* kind = reply.pre_vote ? "pre-vote reply" : "vote reply";
    return {kind,
            fmt::format("{} {} t{}", reply.pre_vote ? "pre-vote" : "vote",
                        reply.granted ? "granted" : "refused", term),
            false};
  }
  FrameSummary operator()(const raft::Append& append) const {
    if (entries == 0) {
      return {"append, empty",
              fmt::format("append nothing after {}, commit {} t{}", append.previous_index,
                          append.commit, term),
              true};
    }
    const Index first = append.previous_index.next();
    const std::string which = entries == 1
                                  ? fmt::format("{}", first)
                                  : fmt::format("{}..{}", first, append.previous_index + entries);
    return {"append", fmt::format("append {} t{}, commit {}", which, term, append.commit), false};
  }
  FrameSummary operator()(const raft::AppendReply& reply) const {
    if (!reply.accepted) {
      return {"append reply",
              fmt::format("append refused at {} t{}{}", reply.rejected, term,
                          reply.damaged ? ", damaged" : ""),
              false};
    }
    return {"append reply",
            fmt::format("has {}, durable {} t{}", reply.matched, reply.durable, term), false};
  }
  FrameSummary operator()(const raft::Heartbeat& heartbeat) const {
    return {"heartbeat", fmt::format("heartbeat t{}, commit {}", term, heartbeat.commit), true};
  }
  FrameSummary operator()(const raft::HeartbeatReply&) const {
    return {"heartbeat reply", fmt::format("heartbeat reply t{}", term), true};
  }
  FrameSummary operator()(const raft::SnapshotChunk& chunk) const {
    return {"snapshot",
            fmt::format("snapshot {}, bytes {}..{} of {}", chunk.point.index, chunk.offset_bytes,
                        chunk.offset_bytes + chunk.data.size(), chunk.total_bytes),
            false};
  }
  FrameSummary operator()(const raft::SnapshotReply& reply) const {
    return {"snapshot reply",
            fmt::format("snapshot {} {}", reply.index,
                        reply.installed ? "installed"
                        : reply.refused ? "refused"
                                        : fmt::format("has {} bytes", reply.next_offset_bytes)),
            false};
  }
  FrameSummary operator()(const raft::TimeoutNow&) const {
    return {"stand now", fmt::format("stand for election now t{}", term), false};
  }
  FrameSummary operator()(const raft::ReadIndexRequest&) const {
    return {"read index", "read index?", false};
  }
  FrameSummary operator()(const raft::ReadIndexReply& reply) const {
    return {"read index reply",
            reply.granted ? fmt::format("read at {}", reply.index) : std::string("read refused"),
            false};
  }
};

struct NodeWords {
  FrameSummary operator()(const node::Hello& hello) const {
    return {"hello", hello.cluster ? "hello" : "hello, in no cluster yet", true};
  }
  FrameSummary operator()(const node::Forward& forward) const {
    return {"forward", fmt::format("forward {} bytes of commands", forward.blocks.size()), false};
  }
  FrameSummary operator()(const node::ForwardRefused& refused) const {
    return {"forward refused",
            refused.expected == 0 ? std::string("forward refused: not leading")
                                  : fmt::format("forward refused: wants {}", refused.expected),
            false};
  }
};

}  // namespace

FrameSummary summarize_frame(const std::vector<Payload>& parts) {
  if (parts.empty()) return {"unreadable", "a frame that cannot be read", false};
  // The head alone is a frame too; the records of an append are parts of their own.
  const auto message = node::decode_frame(parts[0]);
  if (!message) return {"unreadable", "a frame that cannot be read", false};
  if (const auto* own = std::get_if<node::NodeMessage>(&*message))
    return std::visit(NodeWords{}, *own);
  const auto& raft = std::get<raft::Message>(*message);
  size_t entries = parts.size() - 1;
  if (const auto* append = std::get_if<raft::Append>(&raft.body)) entries += append->entries.size();
  return std::visit(RaftWords{raft.term, entries}, raft.body);
}

}  // namespace coterie::trial
