// See executor.h.
#include "coterie/store/state/executor.h"

#include <algorithm>

#include <fmt/format.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"

namespace coterie::state {

namespace {

void complain_of_arity(std::string_view name, ReplyBuilder& reply) {
  reply.error(fmt::format("ERR wrong number of arguments for '{}' command", name));
}

// The keys of a blocking command, each once: a waiter stands once in the line of a key.
std::vector<Bytes> distinct_keys(const std::vector<std::string_view>& keys) {
  std::vector<std::string_view> sorted(keys);
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  return {sorted.begin(), sorted.end()};
}

void run_handler(Execution& execution) {
  ReplyBuilder& reply = execution.reply();
  const size_t before = reply.size();
  const Handler handler = handler_for(execution.spec().number);
  if (handler != nullptr) {
    handler(execution);
  } else {
    reply.error(fmt::format("ERR unknown command '{}'", execution.spec().name));
  }
  COTERIE_ASSERT(reply.size() > before || execution.block_request() || execution.would_block());
}

}  // namespace

void run_read(const Keyspace& keyspace, int64_t now_ms, const CommandSpec& spec, uint8_t db,
              std::span<const std::string_view> args, ReplyBuilder& reply) {
  if (!arity_fits(spec, args.size() + 1)) return complain_of_arity(spec.name, reply);
  if (spec.number == number::revisions) {
    reply.array(args.size());
    for (std::string_view key : args) {
      reply.integer(static_cast<int64_t>(keyspace.revision(db, KeyPlace(key), now_ms).value));
    }
    return;
  }
  if (spec.kind != CommandClass::read) {
    return reply.error(fmt::format("ERR '{}' does not read the state", spec.name));
  }
  Execution::Context context;
  context.keyspace = &keyspace;
  context.now_ms = now_ms;
  Execution execution(context, spec, db, args, reply);
  run_handler(execution);
}

Execution::Context Executor::context(const CommandSpec& spec) {
  Execution::Context context;
  context.keyspace = &state_.keyspace;
  context.now_ms = state_.now_ms;
  if (spec.kind == CommandClass::read) return context;
  context.writable = &state_.keyspace;
  context.revision = &state_.revision;
  context.published = &effects_.published;
  context.pushed = state_.waiters.empty() ? nullptr : &pushed_;
  return context;
}

std::optional<Reply> Executor::execute(SessionId session, uint64_t number,
                                       const CommandView& command) {
  command.args(args_);
  ReplyBuilder reply;
  const CommandSpec* spec = command_by_number(command.command());
  if (spec == nullptr) {
    COTERIE_REACHED("apply: a command this version does not know");
    reply.error(fmt::format("ERR unknown command number {}", command.command()));
  } else if (spec->number == number::cancel_request) {
    cancel(session, args_, reply);
  } else if (spec->kind == CommandClass::blocking && arity_fits(*spec, args_.size() + 1)) {
    Execution::Context with_leave = context(*spec);
    with_leave.may_block = true;
    Execution execution(with_leave, *spec, command.db(), args_, reply);
    run_handler(execution);
    if (execution.block_request()) {
      wait(session, number, command, *execution.block_request());
      return std::nullopt;
    }
  } else {
    run(spec->number, command.db(), args_, false, reply);
  }
  return reply.take();
}

void Executor::run(uint16_t number, uint8_t db, std::span<const std::string_view> args, bool nested,
                   ReplyBuilder& reply) {
  const CommandSpec* spec = command_by_number(number);
  if (spec == nullptr) return reply.error(fmt::format("ERR unknown command number {}", number));
  if (!arity_fits(*spec, args.size() + 1)) return complain_of_arity(spec->name, reply);
  switch (number) {
    case number::exec:
      if (!nested) return run_transaction(args, reply);
      return reply.error("ERR a transaction cannot hold another one");
    case number::once:
      return run_once(db, args, reply);
    case number::fence:
      return run_fence(db, args, reply);
    default:
      return run_data(*spec, db, args, reply);
  }
}

void Executor::run_data(const CommandSpec& spec, uint8_t db, std::span<const std::string_view> args,
                        ReplyBuilder& reply) {
  if (spec.kind == CommandClass::read || spec.number == number::revisions) {
    return run_read(state_.keyspace, state_.now_ms, spec, db, args, reply);
  }
  if (spec.kind != CommandClass::write && spec.kind != CommandClass::blocking) {
    return reply.error(fmt::format("ERR '{}' cannot be executed from the log", spec.name));
  }
  Execution execution(context(spec), spec, db, args, reply);
  run_handler(execution);
}

void Executor::wait(SessionId session, uint64_t number, const CommandView& command,
                    const Execution::BlockRequest& request) {
  Waiter waiter;
  waiter.session = session;
  waiter.number = number;
  waiter.deadline_ms = request.deadline_ms;
  waiter.command = Payload::copy_of(command.bytes());
  waiter.keys = distinct_keys(request.keys);
  waiter.db = command.db();
  state_.waiters.add(std::move(waiter));
}

void Executor::answer(const Waiter& waiter, Reply reply) {
  Session* session = state_.sessions.find(waiter.session);
  COTERIE_ASSERT(session != nullptr);  // a session takes its waiters with it
  session->answered(waiter.number, reply);
  effects_.replies.push_back({waiter.session, waiter.number, std::move(reply)});
  state_.waiters.remove(waiter.id);
}

void Executor::serve_waiters() {
  // Serving may push in turn, as a command that moves between lists does.
  for (size_t i = 0; i < pushed_.size(); ++i) {
    const auto [db, key] = pushed_[i];
    serve_key(db, key.view());
  }
  pushed_.clear();
}

void Executor::serve_key(uint8_t db, std::string_view key) {
  const KeyPlace place(key);
  uint64_t last_asked = 0;
  while (const Waiter* next = state_.waiters.next(db, key, last_asked)) {
    if (state_.keyspace.find(db, place, state_.now_ms) == nullptr) return;
    const Waiter waiter = *next;
    last_asked = waiter.id;
    const auto command = CommandView::check(waiter.command.view());
    COTERIE_ASSERT(command.has_value());
    const CommandSpec* spec = command_by_number(command->command());
    COTERIE_ASSERT(spec != nullptr);
    std::vector<std::string_view> args;
    command->args(args);
    ReplyBuilder reply;
    Execution::Context serving = context(*spec);
    serving.serving_key = key;
    Execution execution(serving, *spec, db, args, reply);
    run_handler(execution);
    if (execution.would_block() || reply.view().starts_with('-')) {
      COTERIE_REACHED("waiter: pushed to, and nothing for it");
      continue;
    }
    answer(waiter, reply.take());
  }
}

}  // namespace coterie::state
