// See reads.h.
#include "coterie/node/reads.h"

#include <algorithm>
#include <string>

#include "coterie/base/assert.h"
#include "coterie/base/mutant.h"
#include "coterie/base/reached.h"

namespace coterie::node {

namespace {
constexpr Duration retry_interval = milliseconds(20);
constexpr Duration round_patience =
    milliseconds(500);                      // a round that is not answered by then is asked again
constexpr size_t long_read_slice = 20'000;  // elements a turn
constexpr std::string_view not_executed = "CLUSTERDOWN not executed: no majority";
}  // namespace

void Reads::submit(Ticket ticket, const state::CommandSpec& spec, uint8_t db,
                   std::span<const std::string_view> args, bool stale, Now now) {
  PayloadBuilder command(64);
  state::encode_command(command, spec.number, db, args);
  Read read{ticket, &spec, command.take(), now.monotonic + request_timeout_};
  pending_bytes_ += read.command.size();
  (stale ? stale_ : waiting_).push_back(std::move(read));
}

void Reads::cancel(Ticket ticket) {
  const auto drop_from = [&](std::vector<Read>& reads) {
    std::erase_if(reads, [&](const Read& read) {
      if (read.ticket != ticket) return false;
      pending_bytes_ -= read.command.size();
      return true;
    });
  };
  drop_from(waiting_);
  drop_from(stale_);
  for (auto& [number, round] : rounds_) drop_from(round.reads);
  std::erase_if(long_reads_, [&](const auto& read) { return read.first == ticket; });
}

std::optional<uint64_t> Reads::begin_round(Now now) {
  if (waiting_.empty() || now.monotonic < retry_at_) return {};
  const uint64_t number = next_round_++;
  rounds_[number] = {std::exchange(waiting_, {}), {}, now.monotonic, false};
  return number;
}

std::optional<uint64_t> Reads::begin_probe(Now now) {
  for (const auto& [number, round] : rounds_) {
    if (!round.index) return {};  // a round is under way: its grant tells as much
  }
  const uint64_t number = next_round_++;
  rounds_[number] = {{}, {}, now.monotonic, true};
  return number;
}

void Reads::granted(uint64_t number, Index index, Now now) {
  const auto found = rounds_.find(number);
  if (found == rounds_.end()) return;
  last_granted_ = now.monotonic;
  if (found->second.probe) {
    rounds_.erase(found);
    return;
  }
  found->second.index = index;
}

void Reads::take_back(Round&& round) {
  waiting_.insert(waiting_.begin(), std::make_move_iterator(round.reads.begin()),
                  std::make_move_iterator(round.reads.end()));
}

void Reads::refused(uint64_t number, Now now) {
  const auto found = rounds_.find(number);
  if (found == rounds_.end()) return;
  if (!found->second.probe) COTERIE_REACHED("reads: a round refused and asked again");
  take_back(std::move(found->second));
  rounds_.erase(found);
  retry_at_ = now.monotonic + retry_interval;
}

void Reads::ask_again() {
  for (auto it = rounds_.end(); it != rounds_.begin();) {
    --it;
    if (it->second.index) continue;
    take_back(std::move(it->second));
    it = rounds_.erase(it);
  }
  retry_at_ = {0};
}

void Reads::serve_one(const Read& read, const state::State& state) {
  pending_bytes_ -= read.command.size();
  const auto command = state::CommandView::check(read.command.view());
  COTERIE_ASSERT(command.has_value());
  std::vector<std::string_view> args(command->argc());
  for (uint32_t i = 0; i < command->argc(); ++i) args[i] = command->arg(i);
  if (state::is_long_read(state, *read.spec, command->db(), args)) {
    COTERIE_REACHED("reads: a long read in slices");
    long_reads_.emplace_back(read.ticket, state::LongRead(state, *read.spec, command->db(), args));
  } else {
    answers_.emplace_back(read.ticket, state.read(*read.spec, command->db(), args));
  }
}

void Reads::serve(const state::State& state) {
  for (auto it = rounds_.begin(); it != rounds_.end();) {
    const bool applied = it->second.index && (*it->second.index <= state.applied() ||
                                              COTERIE_MUTANT("read-before-applied"));
    if (!applied) {
      ++it;
      continue;
    }
    for (const Read& read : it->second.reads) serve_one(read, state);
    it = rounds_.erase(it);
  }
  for (const Read& read : std::exchange(stale_, {})) serve_one(read, state);
  // The long reads take turns, so that a second one does not wait for all of the first.
  const size_t share =
      long_reads_.empty() ? 0 : std::max<size_t>(1, long_read_slice / long_reads_.size());
  std::erase_if(long_reads_, [&](auto& read) {
    auto reply = read.second.advance(share);
    if (!reply) return false;
    answers_.emplace_back(read.first, *std::move(reply));
    return true;
  });
}

void Reads::tick(Now now) {
  const auto expire = [&](std::vector<Read>& reads) {
    std::erase_if(reads, [&](const Read& read) {
      if (read.deadline > now.monotonic) return false;
      pending_bytes_ -= read.command.size();
      answers_.emplace_back(read.ticket, reply_error(not_executed));
      return true;
    });
  };
  for (auto it = rounds_.begin(); it != rounds_.end();) {
    if (!it->second.index && now.monotonic - it->second.asked >= round_patience) {
      COTERIE_REACHED("reads: a round without an answer");
      take_back(std::move(it->second));
      it = rounds_.erase(it);
      continue;
    }
    expire(it->second.reads);
    ++it;
  }
  expire(waiting_);
}

Instant Reads::next_deadline() const {
  Instant next = Instant::never();
  if (!waiting_.empty()) next = std::min({next, retry_at_, waiting_.front().deadline});
  for (const auto& [number, round] : rounds_) {
    if (!round.index) next = std::min(next, round.asked + round_patience);
    if (!round.reads.empty()) next = std::min(next, round.reads.front().deadline);
  }
  return next;
}

}  // namespace coterie::node
