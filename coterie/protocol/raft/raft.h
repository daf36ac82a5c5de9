// Raft keeps one log the same on a majority of replicas, whatever crashes. Imagine a secretary who
// numbers the decisions of a committee: only the current secretary may add a line, a line counts
// when most members have it in their own books, in ink, and a new secretary is chosen only if most
// members agree that nobody's book is more complete.
//
// Ongaro & Ousterhout, "In Search of an Understandable Consensus Algorithm", 2014; Ongaro's
// dissertation, 2014: pre-vote (9.6), check-quorum (6.2), leadership transfer (3.10), membership
// one at a time (4.1), ReadIndex (6.4).
//
// The machine is pure: inputs and time in, effects out. It owns its random generator. It is a
// value: copyable, with a digest. One instance serves one group.
//
//   Durability. What must be durable is in numbered writes, in order; Durable{n} says that all
//   writes up to n are. Before that no message leaves that depends on it: a vote, a reply to an
//   append, a request for votes. A leader's own entries go out to followers at once, in parallel
//   with its own write (dissertation, 10.2.1), and count for itself when durable. Rejection first:
//   a message of an older term, for another replica, or from a non-member is answered or dropped
//   before anything changes.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "coterie/base/entry.h"
#include "coterie/base/ids.h"
#include "coterie/base/random.h"
#include "coterie/base/time.h"
#include "coterie/protocol/raft/io.h"
#include "coterie/protocol/raft/log_memory.h"
#include "coterie/protocol/raft/membership_log.h"
#include "coterie/protocol/raft/message.h"
#include "coterie/protocol/raft/progress.h"

namespace coterie::raft {

enum class Role : uint8_t { follower, pre_candidate, candidate, leader };
const char* role_name(Role role);

class Raft {
 public:
  Raft(const Options& options, Recovered recovered, Now now);

  // One input. Effects are appended to `out`, which belongs to the caller.
  void step(Input&& input, Now now, Effects& out);
  // Once, at the end of a turn: batches are formed here: one Append for each follower, one write.
  void flush(Now now, Effects& out);
  // When step(Tick) is next wanted.
  Instant next_deadline() const;

  Role role() const;
  Term term() const;
  NodeId leader() const;  // 0: not known
  ReplicaId replica() const;
  Index last_index() const;
  Index commit() const;
  Index first_index() const;        // of the entries that are kept in memory
  Term term_at(Index index) const;  // 0 when it is not known. Index 0 has term 0
  // nullptr when it is not kept. Valid until the next step or flush.
  const Entry* entry_at(Index index) const;
  const SnapshotPoint& snapshot() const;
  const Membership& membership() const;  // the newest in the log, committed or not
  bool may_vote() const;                 // false: damaged, a learner, or not a member
  bool committed_in_term() const;        // a leader that has: then read indexes can be served
  const std::map<NodeId, Progress>& progress() const;  // of a leader
  HardState hard_state() const;
  uint64_t log_bytes() const;  // of the entries kept in memory
  uint64_t digest() const;     // of all state that matters: equal machines go on equally

  NodeId node() const;
  uint64_t life() const;        // a random number of this machine's run; never 0
  Index durable_index() const;  // own log is durable up to here
  // How often this life has cut its log: with each, entries above commit() may have changed.
  uint64_t log_truncations() const;
  Index membership_index() const;  // of the entry that brought membership(); 0: the founding one
  // As of an index. REQUIRES: snapshot().index <= index <= last_index()
  const Membership& membership_at(Index index) const;

 private:
  static constexpr Instant long_ago{INT64_MIN / 2};

  // What a step is given, passed on to what it calls.
  struct Turn {
    Now now;
    Effects& out;
  };
  struct WriteInFlight {
    uint64_t number = 0;
    Index last;  // of its entries; less when they were cut since
    Instant since;
  };
  struct Held {
    uint64_t until = 0;  // the write that must be durable first
    Message message;
  };
  struct Read {
    NodeId node;  // 0: our own
    uint64_t number = 0;
  };
  struct Round {
    uint64_t number = 0;
    Index index;
    std::vector<Read> reads;
  };
  struct Transfer {
    NodeId to;
    Instant give_up_at;
    bool sent =
        false;    // TimeoutNow is out: no new entries are sent, lest they make its log look old
    Index needs;  // what its log must hold when it stands; known once sent
    Instant ask_again_at;
  };
  struct Receiving {
    SnapshotPoint point;
    uint64_t next_bytes = 0;
    uint64_t total_bytes = 0;
    bool installing = false;
  };
  struct AskedReads {
    uint64_t request = 0;
    std::vector<uint64_t> numbers;
  };

  // raft.cc: one input each.
  void on(Tick&& input, Turn& turn);
  void on(Durable&& input, Turn& turn);
  void on(Propose&& input, Turn& turn);
  void on(ReadIndex&& input, Turn& turn);
  void on(PeerDown&& input, Turn& turn);
  void on(PeerUp&& input, Turn& turn);
  void on(PeerReplica&& input, Turn& turn);
  void on(TransferLeadership&& input, Turn& turn);
  void on(Compact&& input, Turn& turn);
  void on(SnapshotData&& input, Turn& turn);
  void on(SnapshotInstalled&& input, Turn& turn);
  void on(EagerCommit&& input, Turn& turn);
  void on(ReceivedMessage&& input, Turn& turn);
  void flush_leader(Turn& turn);
  void flush_follower(Turn& turn);

  // receive.cc: who is heard, and what a term means.
  bool passes_gate(const Message& message) const;
  void hear_member(const Message& message);
  void answer_older_term(const Message& message, Turn& turn);
  bool meet_newer_term(const Message& message, Turn& turn);
  void dispatch(Message& message, Turn& turn);
  void hear_leader(const Message& message, Turn& turn);

  // role.cc: one function per transition.
  void become_follower(Term term, const char* reason, Turn& turn);
  void become_pre_candidate(const char* reason, Turn& turn);
  void become_candidate(bool transfer, Turn& turn);
  void become_leader(Turn& turn);
  void leave_leadership(const char* reason, Turn& turn);
  void follow(const Message& message, Turn& turn);

  // election.cc
  void election_timeout(Turn& turn);
  void expect_leader_until(Instant from, Duration low, Duration high);
  void request_votes(bool pre_vote, bool transfer, Turn& turn);
  void count_vote(NodeId node, bool granted, Turn& turn);
  void count_own_vote(Turn& turn);
  void handle(const Message& message, VoteRequest& request, Turn& turn);
  void handle(const Message& message, VoteReply& reply, Turn& turn);
  bool would_pre_vote(const Message& message, const VoteRequest& request, Turn& turn) const;
  void vote(const Message& message, const VoteRequest& request, Turn& turn);
  bool in_lease(Instant now) const;
  bool log_is_up_to_date(const VoteRequest& request) const;
  bool may_grant() const;

  // durability.cc
  void change_hard_state(const HardState& state);
  bool hard_state_is_durable() const { return durable_number_ >= hard_write_; }
  bool disk_hangs(Instant now) const;
  void append_to_log(Entry entry);
  void cut_log(Index from);
  void form_write(Turn& turn);
  void send(const Member& to, Term term, Body body, Turn& turn);
  void emit_committed(Turn& turn);

  // follow.cc: a follower's side of the log.
  void handle(const Message& message, Append& append, Turn& turn);
  void handle(const Message& message, Heartbeat& heartbeat, Turn& turn);
  bool parse_entries(const Message& message, const Append& append, Turn& turn);
  void refuse_append(const Message& message, const Append& append, Turn& turn);
  void take_entries(const Append& append, Turn& turn);
  void learn_commit(Index commit);
  void acknowledge(Turn& turn);

  // replicate.cc: a leader's side of the log.
  void handle(const Message& message, AppendReply& reply, Turn& turn);
  void handle(const Message& message, HeartbeatReply& reply, Turn& turn);
  Progress* heard_peer(const Message& message, bool damaged, uint64_t life, Turn& turn);
  void refused(Progress& peer, const AppendReply& reply);
  void accepted(Progress& peer, const AppendReply& reply, Turn& turn);
  void start_probing(Progress& peer, Index next);
  void replicate_to(Progress& peer, Turn& turn);
  void send_append(Progress& peer, bool with_entries, Turn& turn);
  void send_heartbeat(Progress& peer, Turn& turn);
  void heartbeat(Turn& turn);
  bool window_open(const Progress& peer) const;
  Entry own_entry(EntryKind kind) const;
  void rebuild_progress(Turn& turn);

  // commit.cc
  template <class ValueOf>
  int64_t held_by_majority(int64_t own, ValueOf value_of) const;
  Instant majority_heard_at(Instant now) const;
  uint64_t majority_round() const;
  void advance_commit();
  bool wants_notice(Progress& peer, Turn& turn) const;

  // read.cc
  void start_round(Turn& turn);
  void ask_everyone();
  void confirm_rounds(Turn& turn);
  void grant(const Read& read, Index index, bool granted, Turn& turn);
  void refuse_reads(Turn& turn);
  void ask_leader(Turn& turn);
  void handle(const Message& message, ReadIndexRequest& request, Turn& turn);
  void handle(const Message& message, ReadIndexReply& reply, Turn& turn);

  // replace.cc: wiped replicas are replaced, damaged ones healed.
  void change_membership(Turn& turn);
  bool replace_member(NodeId node, ReplicaId replica, Turn& turn);
  void learn_replicas(const Membership& next);
  bool promote_learner(Turn& turn);
  void propose_membership(Membership next, Turn& turn);
  void hear_damage(Progress& peer, bool damaged, Turn& turn);
  void propose_healing();
  void heal_if_covered(Turn& turn);

  // snapshot_send.cc, snapshot_receive.cc
  void start_snapshot(Progress& peer, Turn& turn);
  void read_snapshot(Progress& peer, Turn& turn);
  void retry_snapshot(Progress& peer, Turn& turn);
  void handle(const Message& message, SnapshotReply& reply, Turn& turn);
  void handle(const Message& message, SnapshotChunk& chunk, Turn& turn);
  void answer_snapshot(Index index, uint64_t next_bytes, bool installed, bool refused, Turn& turn);
  bool already_holds(const SnapshotPoint& point) const;

  // transfer.cc
  void drive_transfer(Turn& turn);
  void handle(const Message& message, TimeoutNow& request, Turn& turn);
  void stand_if_asked(Turn& turn);
  bool holds_back() const { return transfer_ && transfer_->sent; }

  // digest.cc
  void add_durable_state(Digest& digest) const;
  void add_follower_state(Digest& digest) const;
  void add_leader_state(Digest& digest) const;

  void note(Turn& turn, bool warning, std::string text) const;
  Member own_member() const;
  bool leads() const { return role_ == Role::leader; }

  Options options_;
  Random random_;
  uint64_t life_ = 0;

  HardState hard_state_;
  uint64_t hard_write_ =
      0;  // the write that holds the newest hard state; write_number_ + 1: not formed yet
  bool hard_dirty_ = false;
  LogMemory log_;
  Index dirty_from_;  // entries from here on are in no write yet; 0: all are
  Index durable_index_;
  uint64_t write_number_ = 0;
  uint64_t durable_number_ = 0;
  std::deque<WriteInFlight> writes_;
  std::deque<Held> held_;
  SnapshotPoint snapshot_;
  MembershipLog memberships_;
  Index commit_;
  Index emitted_;                     // committed entries up to here were given out
  std::map<NodeId, ReplicaId> said_;  // which replica each node says it holds

  Role role_ = Role::follower;
  Member leader_;  // node 0: not known
  Instant election_deadline_;
  Instant heard_leader_at_ = long_ago;
  bool leader_down_ = false;  // its connection closed since it was last heard

  // A candidate's.
  std::vector<std::pair<NodeId, bool>> votes_;
  bool by_transfer_ = false;

  // A follower's, of the current term.
  Index matched_;       // the log is the leader's up to here
  Index acknowledged_;  // and it was told so for what is durable up to here
  bool answer_wanted_ = false;
  uint64_t answer_round_ = 0;
  Index heal_index_;
  std::optional<Index> stand_at_;  // asked to stand for election once the log reaches this
  std::optional<Receiving> receiving_;
  std::vector<Entry> parsed_;  // reused between appends; empty between steps
  std::vector<uint64_t> reads_to_ask_;
  std::deque<AskedReads> reads_asked_;
  uint64_t last_read_request_ = 0;
  Instant ask_again_at_ = Instant::never();

  // A leader's.
  std::map<NodeId, Progress> progress_;
  Index term_start_;  // its first entry
  Instant heartbeat_at_;
  uint64_t round_ = 0;
  Instant round_late_at_ = Instant::never();
  std::vector<Read> reads_waiting_;
  std::deque<Round> rounds_;
  std::optional<Transfer> transfer_;
};

}  // namespace coterie::raft
