// What becomes of one request: it is checked as Redis checks it, in the same order, and goes to the
// node or to a function of this room. The rules about order are in connection.h.
#include <charconv>
#include <memory>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"
#include "coterie/server/client/connection.h"
#include "coterie/server/client/errors.h"
#include "coterie/server/client/hub.h"
#include "coterie/server/client/local_command.h"
#include "coterie/server/client/nested_command.h"

namespace coterie::server {

namespace {

using state::CommandClass;
using state::CommandSpec;

bool is_publish(const CommandSpec& spec) { return spec.name == "publish"; }

// "client|list"
std::string full_name(const CommandSpec& spec, const LocalCommand* container,
                      const LocalCommand* local) {
  std::string name(spec.name);
  if (container != nullptr) name.append("|").append(local->name);
  return name;
}

size_t bytes_of(Words words) {
  size_t bytes = 0;
  for (std::string_view word : words) bytes += word.size() + sizeof(uint32_t);
  return bytes;
}

}  // namespace

Outcome Connection::refuse(std::string_view error) {
  if (transaction_.active()) transaction_.refuse();
  answer(reply_error(error));
  return Outcome::done;
}

Outcome Connection::refuse_unknown(Words words) {
  // A web page can make a browser send these to us; what follows is not meant as commands.
  if (same_word(words[0], "post") || same_word(words[0], "host:")) {
    COTERIE_REACHED("HTTP is sent to the port for clients");
    ending_ = true;
    return Outcome::done;
  }
  return refuse(unknown_command_error(words));
}

Outcome Connection::refuse_arity(const CommandSpec& spec) {
  if (spec.name != "exec") return refuse(wrong_arity_error(spec.name));
  // An EXEC always ends the transaction.
  transaction_.end();
  unwatch();
  return refuse(
      "EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command");
}

Outcome Connection::execute(Words words) {
  const CommandSpec* spec = state::find_command(words[0]);
  if (spec == nullptr || spec->kind == CommandClass::internal) return refuse_unknown(words);
  if (!state::arity_fits(*spec, words.size())) return refuse_arity(*spec);
  const LocalCommand* local = nullptr;
  const LocalCommand* container = nullptr;
  if (spec->kind == CommandClass::connection || spec->kind == CommandClass::cluster) {
    local = local_command(*spec);
    if (local == nullptr) return refuse_unknown(words);
    if (!local->subcommands.empty() && words.size() > 1) {
      container = local;
      local = find_subcommand(*container, words[1]);
      if (local == nullptr) return refuse(unknown_subcommand_error(container->name, words[1]));
      if (!(local->arity >= 0 ? words.size() == static_cast<size_t>(local->arity)
                              : words.size() >= static_cast<size_t>(-local->arity))) {
        return refuse(wrong_arity_error(full_name(*spec, container, local)));
      }
    }
  }
  info_.last_command = spec->name;
  info_.last_subcommand = container != nullptr ? local->name : std::string_view{};
  if (!info_.authenticated && (spec->flags & state::flag_no_auth) == 0)
    return refuse(not_authenticated_error);
  if (subscriptions() > 0 && info_.protocol == resp::Protocol::resp2 &&
      (local == nullptr || (local->flags & runs_subscribed) == 0)) {
    return refuse(subscriber_error(full_name(*spec, container, local)));
  }
  if (transaction_.active() && (local == nullptr || (local->flags & runs_in_multi) == 0)) {
    return queue(*spec, local, words);
  }
  if (local != nullptr) return run_local(*local, words);
  const Words args = words.subspan(1);
  if (spec->kind == CommandClass::read) return read(*spec, args);
  return write(*spec, args);
}

// Within MULTI.
Outcome Connection::queue(const CommandSpec& spec, const LocalCommand* local, Words words) {
  const Words args = words.subspan(1);
  if (local != nullptr) {
    if ((local->flags & refused_in_multi) != 0) return refuse(not_in_multi_error);
    uint8_t db = 0;
    std::string_view error;
    if (spec.name == "select" && parse_db(args[0], db, error)) transaction_.select(db);
    transaction_.queue_local(words);
  } else {
    if (const std::string error = check_nested(spec, args); !error.empty()) return refuse(error);
    is_publish(spec) ? transaction_.queue_publish(spec, args)
                     : transaction_.queue_state(spec, args);
  }
  const ConnectionLimits& limits = hub_.limits();
  if (transaction_.commands() > limits.transaction_commands_max ||
      transaction_.bytes() > limits.transaction_bytes_max) {
    COTERIE_REACHED("a transaction is too large");
    return refuse(transaction_too_large_error);
  }
  answer(hub_.reply_queued());
  return Outcome::done;
}

Outcome Connection::run_local(const LocalCommand& local, Words words) {
  ReplyBuilder reply;
  LocalCall call{hub_, *this, words, reply};
  if (local.run(call) == Outcome::held) return Outcome::held;
  if (reply.size() > 0) answer(reply.take());
  return Outcome::done;
}

Outcome Connection::read(const CommandSpec& spec, Words args) {
  if (replies_.log_under_way() > 0) {
    ask_log(spec, info_.db, args);
    return Outcome::done;
  }
  PendingReply pending;
  pending.route = Route::undecided;
  pending.request_bytes = static_cast<uint32_t>(bytes_of(args));
  pending.silent = silent();
  pending.protocol = info_.protocol;
  const uint64_t sequence = replies_.push(std::move(pending));
  undecided_.push_back(
      {&spec, info_.db, info_.stale_reads, undecided_words_.size(), args.size(), sequence});
  undecided_words_.insert(undecided_words_.end(), args.begin(), args.end());
  return Outcome::done;
}

Outcome Connection::write(const CommandSpec& spec, Words args) {
  if (const std::string error = check_nested(spec, args); !error.empty()) return refuse(error);
  if (replies_.reads_under_way() > 0) return Outcome::held;
  if (spec.kind != CommandClass::blocking) {
    std::unique_ptr<ReplyPlan> plan;
    if (is_publish(spec)) plan = std::make_unique<ReplyPlan>(PublishPlan{std::string(args[0])});
    ask_log(spec, info_.db, args, std::move(plan));
    return Outcome::done;
  }
  if (end_of_input_) {  // it would be withdrawn at once
    ending_ = true;
    return Outcome::done;
  }
  ask_log(spec, info_.db, args);
  barrier_ = blocking_ = true;
  return Outcome::done;
}

void Connection::ask_log(const CommandSpec& spec, uint8_t db, Words args,
                         std::unique_ptr<ReplyPlan> plan) {
  COTERIE_ASSERT(replies_.reads_under_way() == 0);
  decide_reads(Route::log);
  PendingReply pending;
  pending.route = Route::log;
  pending.plan = std::move(plan);
  pending.request_bytes = static_cast<uint32_t>(bytes_of(args));
  pending.silent = silent();
  pending.protocol = info_.protocol;
  pending.ticket = hub_.gateway().write(spec, db, args);
  const node::Ticket ticket = pending.ticket;
  hub_.expect(ticket, *this, replies_.push(std::move(pending)));
}

void Connection::ask_read(const CommandSpec& spec, uint8_t db, Words args, bool stale,
                          std::unique_ptr<ReplyPlan> plan) {
  COTERIE_ASSERT(replies_.log_under_way() == 0);
  decide_reads(Route::read);
  PendingReply pending;
  pending.route = Route::read;
  pending.plan = std::move(plan);
  pending.request_bytes = static_cast<uint32_t>(bytes_of(args));
  pending.silent = silent();
  pending.protocol = info_.protocol;
  pending.ticket = hub_.gateway().read(spec, db, args, stale);
  const node::Ticket ticket = pending.ticket;
  hub_.expect(ticket, *this, replies_.push(std::move(pending)));
}

// --- From the node's answer to the reply.

Reply Connection::resolve(PublishPlan& plan, Reply answer) {
  if (is_error(answer)) return answer;
  return reply_integer(hub_.subscriptions().receivers(plan.channel));
}

Reply Connection::resolve(WatchPlan& plan, Reply answer) {
  std::string_view rest = answer.view();
  if (!rest.starts_with('*') || rest.starts_with("*-1")) {
    watch_failed_ = true;
    return is_error(answer) ? answer : reply_error("ERR WATCH could not be answered");
  }
  rest.remove_prefix(rest.find('\n') + 1);
  for (WatchedKey& key : plan.keys) {
    uint64_t revision = 0;
    const char* const digits = rest.data() + 1;
    std::from_chars(digits, rest.data() + rest.size(), revision);
    rest.remove_prefix(resp::first_reply_bytes(rest));
    watched_bytes_ += key.key.size();
    watched_.emplace(std::pair(key.db, std::move(key.key)), Revision(revision));
  }
  return hub_.reply_ok();
}

Reply Connection::resolve(ExecPlan& plan, Reply answer) {
  const auto local = [&](const std::vector<std::string>& words, ReplyBuilder& out) {
    const std::vector<std::string_view> views(words.begin(), words.end());
    const CommandSpec* spec = state::find_command(views[0]);
    const LocalCommand* command = local_command(*spec);
    if (!command->subcommands.empty() && views.size() > 1)
      command = find_subcommand(*command, views[1]);
    LocalCall call{hub_, *this, views, out};
    const Outcome outcome = command->run(call);
    COTERIE_ASSERT(outcome == Outcome::done);
  };
  const auto receivers = [&](std::string_view channel) {
    return hub_.subscriptions().receivers(channel);
  };
  return weave(answer, plan.items, local, receivers);
}

}  // namespace coterie::server
