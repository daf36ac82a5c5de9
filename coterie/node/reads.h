// Reads makes linearizable reads cheap: all that were asked in one turn share one read index
// (Ongaro's dissertation 2014, section 6.4), which is confirmed by one round of the leader; then
// they are served from this node's own state as soon as it has applied that far. Reads carry no
// number: when a round fails they are asked again, until their time is over.
#pragma once

#include <cstdint>
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
#include "coterie/store/state/long_read.h"
#include "coterie/store/state/state.h"

namespace coterie::node {

class Reads {
 public:
  explicit Reads(Duration request_timeout) : request_timeout_(request_timeout) {}

  void submit(Ticket ticket, const state::CommandSpec& spec, uint8_t db,
              std::span<const std::string_view> args, bool stale, Now now);
  void cancel(Ticket ticket);

  // Ends a turn's collecting: the number of the round to ask for, when there is something to ask.
  // Also asks again for what was refused, once `retry_interval` has passed.
  std::optional<uint64_t> begin_round(Now now);
  // An empty round, to learn whether reads can be served at all; at most one at a time.
  std::optional<uint64_t> begin_probe(Now now);
  void granted(uint64_t number, Index index, Now now);
  void refused(uint64_t number, Now now);
  // The leader changed or its link broke: rounds that are under way are asked again at once.
  void ask_again();

  // Serves what may be served from `state`; long ones continue in later calls: then wants_turn().
  void serve(const state::State& state);
  bool wants_turn() const { return !long_reads_.empty(); }

  void tick(Now now);
  Instant next_deadline() const;
  Instant last_granted() const { return last_granted_; }
  std::vector<std::pair<Ticket, Reply>> take_answers() { return std::exchange(answers_, {}); }
  uint64_t pending_bytes() const { return pending_bytes_; }

 private:
  struct Read {
    Ticket ticket = 0;
    const state::CommandSpec* spec = nullptr;
    Payload command;  // as store/state/batch.h encodes it
    Instant deadline;
  };
  struct Round {
    std::vector<Read> reads;
    std::optional<Index> index;  // granted at
    Instant asked;
    bool probe = false;
  };

  void take_back(Round&& round);
  void serve_one(const Read& read, const state::State& state);

  Duration request_timeout_;
  std::vector<Read> waiting_;  // for the next round
  std::vector<Read> stale_;
  std::map<uint64_t, Round> rounds_;
  std::vector<std::pair<Ticket, state::LongRead>> long_reads_;
  uint64_t next_round_ = 1;
  Instant retry_at_{0};
  Instant last_granted_{INT64_MIN / 2};
  uint64_t pending_bytes_ = 0;
  std::vector<std::pair<Ticket, Reply>> answers_;
};

}  // namespace coterie::node
