// LoneMachine is one machine whose peers are played by the test: node 1 of a group. For tests.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coterie/protocol/raft/raft.h"

namespace coterie::raft {

inline constexpr GroupId lone_group{7};

inline ReplicaId replica_of(uint64_t node) {
  ReplicaId replica;
  replica.high = 0x100;
  replica.low = node;
  return replica;
}

inline Membership voters(uint64_t count) {
  Membership membership;
  for (uint64_t node = 1; node <= count; ++node) {
    membership.members.push_back({NodeId(node), replica_of(node), true});
  }
  return membership;
}

inline Entry entry_of(Term term, Index index, std::string_view body = "x",
                      EntryKind kind = EntryKind::commands) {
  Entry header;
  header.group = lone_group;
  header.kind = kind;
  header.term = term;
  header.index = index;
  header.stamp_ms = static_cast<int64_t>(index.value);
  return make_entry(header, body);
}

// Entries 1, 2, ... of these terms.
inline std::vector<Entry> log_of(const std::vector<uint64_t>& terms) {
  std::vector<Entry> entries;
  for (uint64_t term : terms) entries.push_back(entry_of(Term(term), Index(entries.size() + 1)));
  return entries;
}

struct LoneOptions {
  uint64_t voters = 3;
  HardState hard_state;
  std::vector<uint64_t> log;  // the terms of its entries
  uint64_t seed = 1;
  Options raft;
  std::optional<Membership> membership;
  SnapshotPoint snapshot;
};

class LoneMachine {
 public:
  explicit LoneMachine(LoneOptions options = {}) : raft_(make(std::move(options))) {}

  Raft& raft() { return raft_; }
  const Raft& operator*() const { return raft_; }
  const Raft* operator->() const { return &raft_; }

  // A turn with one input. What was sent before is forgotten.
  void turn(Input&& input) {
    out.clear();
    raft_.step(std::move(input), now(), out);
    raft_.flush(now(), out);
    for (const Write& write : out.writes) written_ = write.number;
  }
  void hear(uint64_t from, uint64_t term, Body body) {
    turn(ReceivedMessage{{lone_group, NodeId(from), replica_of(from), NodeId(1), replica_of(1),
                          Term(term), std::move(body)}});
  }
  void tick() {
    if (raft_.next_deadline() > time) time = raft_.next_deadline();
    turn(Tick{});
  }
  void sync() { turn(Durable{written_}); }
  void pass(Duration duration) { time = time + duration; }

  // Wins the election of the next term by the votes of nodes 2, 3, ...; its log is durable, nothing
  // else is.
  void lead() {
    const uint64_t term = raft_.term().value + 1;
    pass(seconds(1));
    tick();
    const uint64_t others = raft_.membership().majority() - 1;
    for (uint64_t node = 2; node < 2 + others; ++node) hear(node, term, VoteReply{true, true});
    sync();
    for (uint64_t node = 2; node < 2 + others; ++node) hear(node, term, VoteReply{false, true});
  }
  void propose(std::string_view body = "x") {
    turn(Propose{entry_of(raft_.term(), raft_.last_index().next(), body)});
  }
  // Node `from` has all up to `index`, durably.
  void accept(uint64_t from, uint64_t index, uint64_t round = 0) {
    AppendReply reply;
    reply.accepted = true;
    reply.round = round;
    reply.durable = reply.matched = Index(index);
    reply.life = from + 1000;
    hear(from, raft_.term().value, reply);
  }

  // The messages of one kind that the last turn sent, with whom they went to.
  template <class T>
  std::vector<std::pair<uint64_t, T>> sent() const {
    std::vector<std::pair<uint64_t, T>> found;
    for (const Message& message : out.messages) {
      if (const T* body = std::get_if<T>(&message.body))
        found.emplace_back(message.to_node.value, *body);
    }
    return found;
  }
  Now now() const { return {time, {}}; }
  std::vector<uint64_t> log_terms() const {
    std::vector<uint64_t> terms;
    for (Index i = raft_.first_index(); i <= raft_.last_index(); i = i.next())
      terms.push_back(raft_.term_at(i).value);
    return terms;
  }

  Effects out;
  Instant time{seconds(100).ns};

 private:
  Raft make(LoneOptions options) {
    options.raft.group = lone_group;
    options.raft.node = NodeId(1);
    options.raft.replica = replica_of(1);
    options.raft.seed = options.seed;
    Recovered recovered;
    recovered.hard_state = options.hard_state;
    recovered.snapshot = options.snapshot;
    recovered.snapshot.membership =
        options.membership ? *options.membership : voters(options.voters);
    recovered.entries = log_of(options.log);
    return Raft(options.raft, std::move(recovered), now());
  }

  Raft raft_;
  uint64_t written_ = 0;
};

}  // namespace coterie::raft
