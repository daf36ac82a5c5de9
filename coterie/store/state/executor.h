// The Executor carries out the commands of one entry, one after the other, on the state: data
// commands by their handlers, and itself those that wrap others (EXEC, ONCE, FENCE) or are about
// requests (cancel_request).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "coterie/store/state/batch.h"
#include "coterie/store/state/execution.h"
#include "coterie/store/state/state_data.h"

namespace coterie::state {

class Executor {
 public:
  Executor(StateData& state, ApplyEffects& effects) : state_(state), effects_(effects) {}
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Executes a request of a session. None: it waits, its reply comes later.
  std::optional<Reply> execute(SessionId session, uint64_t number, const CommandView& command);
  // Serves who waits for keys that have been pushed to since the last call. To be called after each
  // request.
  void serve_waiters();
  // Answers a waiter and takes it out of its lines.
  void answer(const Waiter& waiter, Reply reply);

 private:
  // `nested`: within EXEC, ONCE or FENCE.
  void run(uint16_t number, uint8_t db, std::span<const std::string_view> args, bool nested,
           ReplyBuilder& reply);
  void run_data(const CommandSpec& spec, uint8_t db, std::span<const std::string_view> args,
                ReplyBuilder& reply);
  void run_transaction(std::span<const std::string_view> args, ReplyBuilder& reply);
  void run_once(uint8_t db, std::span<const std::string_view> args, ReplyBuilder& reply);
  void run_fence(uint8_t db, std::span<const std::string_view> args, ReplyBuilder& reply);
  bool guards_hold(std::string_view encoded, ReplyBuilder& reply) const;
  void cancel(SessionId session, std::span<const std::string_view> args, ReplyBuilder& reply);
  void wait(SessionId session, uint64_t number, const CommandView& command,
            const Execution::BlockRequest& request);
  void serve_key(uint8_t db, std::string_view key);
  Execution::Context context(const CommandSpec& spec);

  StateData& state_;
  ApplyEffects& effects_;
  std::vector<std::string_view> args_;
  std::vector<std::pair<uint8_t, Bytes>> pushed_;
};

// Serves a command of class read, and number::revisions.
void run_read(const Keyspace& keyspace, int64_t now_ms, const CommandSpec& spec, uint8_t db,
              std::span<const std::string_view> args, ReplyBuilder& reply);

}  // namespace coterie::state
