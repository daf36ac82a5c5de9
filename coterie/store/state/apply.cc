// How an entry changes the state (state.h). In this order, so that it is the same everywhere: time
// moves; waiters whose time is over are answered; some of what has expired is removed; then the
// commands.
//
// Whatever the bytes of an entry, every replica does the same with it: a malformed block ends the
// entry, an unknown session's block is passed over, a number that was applied is not applied again,
// and behind a gap nothing is.
#include <algorithm>
#include <charconv>
#include <string_view>

#include "coterie/base/assert.h"
#include "coterie/base/mutant.h"
#include "coterie/base/reached.h"
#include "coterie/store/state/executor.h"
#include "coterie/store/state/reclaim.h"
#include "coterie/store/state/state_data.h"

namespace coterie::state {

namespace {

constexpr uint64_t once_expired_per_entry_max = 16;

template <class T>
bool parse(std::string_view text, T& value, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

class Application {
 public:
  Application(StateData& state, ApplyEffects& effects)
      : state_(state), effects_(effects), executor_(state, effects) {}

  void time_moved() {
    while (const auto id = state_.waiters.due(state_.now_ms)) {
      const Waiter waiter = *state_.waiters.find(*id);
      ReplyBuilder reply(8);
      reply.null_array();
      executor_.answer(waiter, reply.take());
    }
    state_.keyspace.remove_expired(state_.now_ms, Limits::expired_removed_per_entry_max);
    state_.once.expire(state_.now_ms, once_expired_per_entry_max);
  }

  void block(const BlockView& block) {
    const BlockHeader header = block.header();
    if (!header.session) {
      block.each([this](uint64_t, const CommandView& command) { about_sessions(command); });
      return;
    }
    session_id_ = header.session;
    session_ = state_.sessions.find(header.session);
    if (session_ == nullptr) {
      COTERIE_REACHED("apply: a block of a session that is not open");
      return;
    }
    session_->heard_ms = state_.now_ms;
    session_->acknowledge(header.acknowledged);
    stopped_ = false;
    block.each([this](uint64_t number, const CommandView& command) {
      if (!stopped_) request(number, command);
    });
  }

 private:
  void request(uint64_t number, const CommandView& command) {
    if (number <= session_->last_applied) {
      COTERIE_REACHED("apply: a request that was applied before");
      if (COTERIE_MUTANT("retry-applied-again") && !waits(command)) apply_again(number, command);
      if (COTERIE_MUTANT("retry-waits-again") && waits(command)) apply_again(number, command);
      return;
    }
    if (number != session_->last_applied + 1) {
      COTERIE_REACHED("apply: a gap in a session's numbers");
      stopped_ = !COTERIE_MUTANT("gap-applied");
      if (stopped_) return;
    }
    if (session_->window_is_full()) {
      COTERIE_REACHED("apply: a session's window is full");
      stopped_ = true;
      return;
    }
    std::optional<Reply> reply = executor_.execute(session_id_, number, command);
    session_->applied(reply ? *reply : Reply{});
    if (reply) effects_.replies.push_back({session_id_, number, *std::move(reply)});
    executor_.serve_waiters();
  }

  // Both for planted bugs only.
  static bool waits(const CommandView& command) {
    const CommandSpec* spec = command_by_number(command.command());
    return spec != nullptr && spec->kind == CommandClass::blocking;
  }
  void apply_again(uint64_t number, const CommandView& command) {
    executor_.execute(session_id_, number, command);
    executor_.serve_waiters();
  }

  void about_sessions(const CommandView& command) {
    switch (command.command()) {
      case number::open_session:
        return open(command);
      case number::close_session:
        return close(command);
      default:
        COTERIE_REACHED("apply: a command that needs a session has none");
    }
  }

  void open(const CommandView& command) {
    uint64_t node = 0, nonce = 0;
    ReplicaId replica;
    if (command.argc() != 3 || !parse(command.arg(0), node) || command.arg(1).size() != 32 ||
        !parse(command.arg(1).substr(0, 16), replica.high, 16) ||
        !parse(command.arg(1).substr(16), replica.low, 16) || !parse(command.arg(2), nonce)) {
      COTERIE_REACHED("apply: a malformed open_session");
      return;
    }
    const auto opened =
        state_.sessions.open(NodeId(node), replica, nonce, state_.applied, state_.now_ms);
    if (opened.closed) session_closed(*opened.closed);
    if (opened.id) effects_.opened.push_back({opened.id, NodeId(node), replica, nonce});
  }

  void close(const CommandView& command) {
    uint64_t id = 0;
    if (command.argc() != 1 || !parse(command.arg(0), id)) {
      COTERIE_REACHED("apply: a malformed close_session");
      return;
    }
    if (state_.sessions.close(SessionId(id))) session_closed(SessionId(id));
  }

  void session_closed(SessionId id) {
    for (uint64_t waiter : state_.waiters.of_session(id)) state_.waiters.remove(waiter);
    effects_.closed.push_back(id);
  }

  StateData& state_;
  ApplyEffects& effects_;
  Executor executor_;
  SessionId session_id_;
  Session* session_ = nullptr;
  bool stopped_ = false;
};

}  // namespace

void State::apply(const Entry& entry, ApplyEffects& out) {
  COTERIE_ASSERT(entry.index == impl_->applied.next() || !impl_->applied);
  impl_->applied = entry.index;
  impl_->applied_term = entry.term;
  impl_->now_ms = std::max(impl_->now_ms, entry.stamp_ms);
  Application application(*impl_, out);
  application.time_moved();
  reclaim_some();
  if (entry.kind != EntryKind::commands) return;
  const Payload body = entry.body();
  if (!each_block(body.view(), [&](const BlockView& block) { application.block(block); })) {
    COTERIE_REACHED("apply: a malformed block");
  }
}

}  // namespace coterie::state
