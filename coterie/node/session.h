// A Session makes the writes of one node exactly-once. Imagine numbered cheques: the bank pays each
// number once, in order, and remembers what it paid until told that the answer has arrived; whoever
// is unsure sends the same cheque again.
//
// Every write of a node's clients goes through its session. The session is opened by an entry;
// requests are numbered without gaps and applied in order; a known number is not applied again.
// Since every node applies the log, the replies come from this node's own apply, not from the
// leader: a leader's death costs its clients a pause, not an error. After a snapshot, which skips
// entries, the replies come from those that the state has kept.
//
// Ongaro's dissertation 2014, section 6.3, with numbers as in Lee et al., "Implementing
// Linearizability at Large Scale and Low Latency" (RIFL), 2015.
//
// What is sent is kept until it is answered, and sent again from the first unapplied number on when
// the leader changes, a link breaks, the leader refuses, or nothing moves for `resend_interval`.
// Requests have a time limit: one that was never sent is answered "not executed", one that was is
// answered "unknown" (and still sent until its fate is known).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "coterie/base/ids.h"
#include "coterie/base/reply.h"
#include "coterie/base/time.h"
#include "coterie/node/gateway.h"
#include "coterie/store/state/batch.h"
#include "coterie/store/state/state.h"

namespace coterie::node {

struct SessionOptions {
  NodeId node;
  ReplicaId replica;
  uint64_t nonce = 0;  // random, another one in each life of the process
  Duration request_timeout = seconds(10);
  Duration resend_interval = milliseconds(1'000);
  Duration keepalive_interval = seconds(10);
  uint64_t window = state::Limits::session_window;  // numbers sent and not yet answered
  uint64_t window_bytes = state::Limits::session_window_bytes;
};

class Session {
 public:
  explicit Session(const SessionOptions& options);

  // A request for the log. `ticket` rises from call to call.
  void submit(Ticket ticket, const state::CommandSpec& spec, uint8_t db,
              std::span<const std::string_view> args, Now now);
  // No reply is wanted any more: what was not sent is forgotten, a waiting request is taken out of
  // its line.
  void cancel(Ticket ticket, Now now);

  // The blocks to give to the leader now; empty: nothing. Called at the end of a turn when a leader
  // is known.
  Payload flush(Now now);
  // More is to be given in the next turn already.
  bool wants_turn() const { return id_ && (resend_from_ != SIZE_MAX || may_send() > sent_); }
  uint64_t pass() const { return pass_; }

  // Everything that is not known to be applied is to be sent again.
  void send_again();
  void refused(const SessionId& session, uint64_t expected, uint64_t pass);

  // What this node's apply has brought about, in log order.
  void opened(const state::SessionOpened& opened);
  void closed(SessionId session);
  void replied(const state::SessionReply& reply, Now now);
  // After entries have been applied; `state` is where this node stands.
  void advanced(const state::State& state, Now now);
  // After a snapshot has replaced the state: replies come from what it has kept.
  void reconcile(const state::State& state, Now now);

  // Answers requests whose time is over and decides to send again.
  void tick(Now now);
  Instant next_deadline(bool leader_known) const;

  // Replies for tickets, gathered since the last call.
  std::vector<std::pair<Ticket, Reply>> take_answers() { return std::exchange(answers_, {}); }
  // All unanswered requests get this error: the cluster's disks are full, the node stops.
  void answer_unsent(std::string_view error);

  SessionId id() const { return id_; }
  uint64_t pending_bytes() const { return pending_bytes_; }
  size_t pending() const {
    return requests_.size();
  }  // those that wait in the state (BLPOP) not counted

 private:
  struct Request {
    Ticket ticket = 0;  // 0: this node's own (a cancellation)
    Payload bytes;      // the encoded command; filled in by seal_turn()
    uint32_t size_bytes = 0;
    bool blocking = false;
    bool wanted = true;     // somebody waits for the reply
    bool answered = false;  // the reply is known, or it waits in the state: see waiting_
    Instant deadline;
  };

  Request* find(uint64_t number);
  uint64_t next_number() const { return first_number_ + sent_; }
  void answer(Request& request, Reply reply);
  void answer(Request& request, std::string_view error);
  void drop_answered();
  void forget_unsent(size_t position);
  void submit_cancellation(uint64_t number, Now now);
  void set_aside(size_t position);
  void start_session_anew();
  void seal_turn();
  Payload open_block(Now now);
  Payload turn_block();
  void encode_block(PayloadBuilder& out, size_t first, size_t end) const;
  Payload blocks_from(size_t first);
  // Every number up to this one is answered or waits in the state: its kept reply is no longer
  // needed.
  uint64_t acknowledged() const { return first_number_ - 1; }
  size_t may_send() const;

  SessionOptions options_;
  SessionId id_;                  // 0: not open
  Instant open_again_{0};         // when the request to open is repeated
  std::deque<Request> requests_;  // in order of number; the first has first_number_
  std::map<uint64_t, Ticket>
      waiting_;      // applied, and their replies are still to come; 0: nobody wants it any more
  size_t sent_ = 0;  // of requests_, from the front: have been given to a leader in this session
  size_t resend_from_ = SIZE_MAX;  // position from which all is sent again; SIZE_MAX: nothing
  uint64_t first_number_ = 1;
  uint64_t last_applied_ = 0;
  uint64_t pass_ = 0;
  uint64_t pending_bytes_ = 0;
  uint64_t sent_bytes_ = 0;  // of requests sent and not answered
  PayloadBuilder turn_;      // this turn's commands behind room for a block header
  size_t turn_first_ = 0;    // position of the first request that is in turn_
  Instant progress_{0};      // when something was last sent or applied
  Instant block_sent_{0};    // when a block of this session last went out
  std::vector<std::pair<Ticket, Reply>> answers_;
};

}  // namespace coterie::node
