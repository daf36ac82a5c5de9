// MULTI, EXEC, DISCARD, WATCH, UNWATCH. See transaction.h, and the rules about order in
// connection.h.
#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/mutant.h"
#include "coterie/base/reached.h"
#include "coterie/server/client/hub.h"
#include "coterie/server/client/local_command.h"
#include "coterie/store/state/transaction.h"

namespace coterie::server {

namespace {

std::string guards_of(const Connection& connection) {
  std::vector<state::Guard> guards;
  guards.reserve(connection.watched().size());
  for (const auto& [key, revision] : connection.watched())
    guards.push_back({key.first, key.second, revision});
  if (COTERIE_MUTANT("watch-of-first-key-only") && guards.size() > 1) guards.resize(1);
  return state::encode_guards(guards);
}

bool has_local_items(const std::vector<TransactionItem>& items) {
  return std::any_of(items.begin(), items.end(), [](const TransactionItem& item) {
    return item.kind == TransactionItem::Kind::local;
  });
}

// Nothing of it concerns the state, and no key is watched.
void exec_here(LocalCall& call, ExecPlan plan) {
  ReplyBuilder empty;
  empty.array(0);
  call.connection.answer(call.connection.resolve(plan, empty.take()));
}

void exec_in_log(LocalCall& call, ExecPlan plan, bool only_state) {
  Connection& connection = call.connection;
  const state::CommandSpec* exec = state::command_by_number(state::number::exec);
  COTERIE_ASSERT(exec != nullptr);
  const std::string guards = guards_of(connection);
  const std::string_view args[] = {guards, connection.transaction().encoded()};
  const bool holds = has_local_items(plan.items);
  std::unique_ptr<ReplyPlan> reply_plan;
  if (!only_state) reply_plan = std::make_unique<ReplyPlan>(std::move(plan));
  connection.ask_log(*exec, connection.info().db, args, std::move(reply_plan));
  if (holds) connection.hold_what_follows();
}

}  // namespace

Outcome run_multi(LocalCall& call) {
  if (call.connection.transaction().active()) {
    call.reply.error("ERR MULTI calls can not be nested");
    return Outcome::done;
  }
  call.connection.transaction().begin(call.connection.info().db);
  call.reply.simple("OK");
  return Outcome::done;
}

Outcome run_exec(LocalCall& call) {
  Connection& connection = call.connection;
  Transaction& transaction = connection.transaction();
  if (!transaction.active()) {
    call.reply.error("ERR EXEC without MULTI");
    return Outcome::done;
  }
  if (!transaction.broken() && !connection.watch_failed()) {
    if (connection.reads_under_way()) return Outcome::held;
    const bool only_state = transaction.only_state();
    ExecPlan plan{transaction.take_items()};
    if (!transaction.has_state_commands() && connection.watched().empty()) {
      exec_here(call, std::move(plan));
    } else {
      exec_in_log(call, std::move(plan), only_state);
    }
  } else if (transaction.broken()) {
    call.reply.error("EXECABORT Transaction discarded because of previous errors.");
  } else {
    COTERIE_REACHED("EXEC after a WATCH that failed");
    call.reply.error("EXECABORT Transaction discarded because WATCH could not be answered.");
  }
  transaction.end();
  connection.unwatch();
  return Outcome::done;
}

Outcome run_discard(LocalCall& call) {
  if (!call.connection.transaction().active()) {
    call.reply.error("ERR DISCARD without MULTI");
    return Outcome::done;
  }
  call.connection.transaction().end();
  call.connection.unwatch();
  call.reply.simple("OK");
  return Outcome::done;
}

Outcome run_watch(LocalCall& call) {
  Connection& connection = call.connection;
  if (connection.transaction().active()) {
    call.reply.error("ERR WATCH inside MULTI is not allowed");
    return Outcome::done;
  }
  if (connection.waiting()) return Outcome::held;
  const uint8_t db = connection.info().db;
  WatchPlan plan;
  std::set<std::string_view> seen;
  size_t bytes = connection.watched_bytes();
  for (std::string_view key : call.words.subspan(1)) {
    if (!seen.insert(key).second || connection.watched().contains({db, std::string(key)})) continue;
    plan.keys.push_back({db, std::string(key)});
    bytes += key.size();
  }
  const ConnectionLimits& limits = call.hub.limits();
  if (connection.watched().size() + plan.keys.size() > limits.watched_max ||
      bytes > limits.watched_bytes_max) {
    COTERIE_REACHED("a client watches too many keys");
    call.reply.error(fmt::format("ERR too many watched keys: at most {} of {} bytes together",
                                 limits.watched_max, limits.watched_bytes_max));
    return Outcome::done;
  }
  if (plan.keys.empty()) {
    call.reply.simple("OK");
    return Outcome::done;
  }
  const state::CommandSpec* revisions = state::command_by_number(state::number::revisions);
  COTERIE_ASSERT(revisions != nullptr);
  const std::vector<std::string> keys = [&] {
    std::vector<std::string> names;
    for (const WatchedKey& key : plan.keys) names.push_back(key.key);
    return names;
  }();
  const std::vector<std::string_view> args(keys.begin(), keys.end());
  connection.ask_read(*revisions, db, args, false, std::make_unique<ReplyPlan>(std::move(plan)));
  connection.hold_what_follows();
  return Outcome::done;
}

Outcome run_unwatch(LocalCall& call) {
  call.connection.unwatch();
  call.reply.simple("OK");
  return Outcome::done;
}

}  // namespace coterie::server
