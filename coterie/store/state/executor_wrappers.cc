// The commands that the core executes itself (executor.h): EXEC, ONCE and FENCE, which wrap others,
// and cancel_request.
#include <charconv>

#include <fmt/format.h>

#include "coterie/base/mutant.h"
#include "coterie/base/reached.h"
#include "coterie/store/state/executor.h"
#include "coterie/store/state/transaction.h"

namespace coterie::state {

namespace {

// Digits only, up to 2^63 - 1, so that it is an integer for every client.
std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t value = 0;
  if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > INT64_MAX)
    return std::nullopt;
  return value;
}

// The command that a wrapper names, with its arguments; nullptr: it may not be wrapped, and the
// error was answered.
const CommandSpec* wrapped_command(std::string_view wrapper,
                                   std::span<const std::string_view> words, ReplyBuilder& reply) {
  const CommandSpec* spec = find_command(words[0]);
  if (spec == nullptr) {
    reply.error(fmt::format("ERR unknown command '{}'", words[0].substr(0, 128)));
    return nullptr;
  }
  if (spec->number == number::once || spec->name == wrapper) {
    reply.error(fmt::format("ERR '{}' cannot hold '{}': ONCE stands outside, FENCE within it",
                            wrapper, spec->name));
    return nullptr;
  }
  switch (spec->kind) {
    case CommandClass::read:
    case CommandClass::write:
      break;
    case CommandClass::blocking:
      reply.error(
          fmt::format("ERR '{}' cannot hold '{}', which waits: use its form that does not wait",
                      wrapper, spec->name));
      return nullptr;
    default:
      reply.error(
          fmt::format("ERR '{}' cannot hold '{}': it takes commands that read or write data",
                      wrapper, spec->name));
      return nullptr;
  }
  if (!arity_fits(*spec, words.size())) {
    reply.error(fmt::format("ERR wrong number of arguments for '{}' command", spec->name));
    return nullptr;
  }
  return spec;
}

}  // namespace

bool Executor::guards_hold(std::string_view encoded, ReplyBuilder& reply) const {
  const auto guards = decode_guards(encoded);
  if (!guards) {
    COTERIE_REACHED("apply: a transaction with malformed guards");
    reply.error("ERR malformed transaction");
    return false;
  }
  for (const Guard& guard : *guards) {
    if (!guard.seen && COTERIE_MUTANT("watch-misses-creation")) continue;
    if (state_.keyspace.revision(guard.db, KeyPlace(guard.key), state_.now_ms) == guard.seen)
      continue;
    reply.null_array();
    return false;
  }
  return true;
}

void Executor::run_transaction(std::span<const std::string_view> args, ReplyBuilder& reply) {
  size_t count = 0;
  for (std::string_view rest = args[1]; !rest.empty(); ++count) {
    const auto command = CommandView::check(rest);
    if (!command) {
      COTERIE_REACHED("apply: a transaction with malformed commands");
      return reply.error("ERR malformed transaction");
    }
    rest.remove_prefix(command->size_bytes());
  }
  if (!guards_hold(args[0], reply)) return;
  reply.array(count);
  std::vector<std::string_view> inner_args;
  for (std::string_view rest = args[1]; !rest.empty();) {
    const auto command = CommandView::check(rest);
    command->args(inner_args);
    run(command->command(), command->db(), inner_args, true, reply);
    rest.remove_prefix(command->size_bytes());
  }
}

void Executor::run_once(uint8_t db, std::span<const std::string_view> args, ReplyBuilder& reply) {
  const std::string_view client = args[0];
  if (client.empty() || client.size() > Limits::once_client_bytes_max) {
    return reply.error(fmt::format("ERR ONCE takes a client name of 1 to {} bytes",
                                   Limits::once_client_bytes_max));
  }
  const auto number = parse_number(args[1]);
  if (!number) return reply.error("ERR ONCE takes a number from 0 to 9223372036854775807");
  const CommandSpec* spec = wrapped_command("once", args.subspan(2), reply);
  if (spec == nullptr) return;
  const OnceTable::Answer answer = state_.once.ask(client, *number, state_.now_ms);
  switch (answer.fate) {
    case OnceTable::Fate::known:
      return reply.raw(answer.reply.view());
    case OnceTable::Fate::expired:
      COTERIE_REACHED("once: a number that is no longer kept");
      return reply.error(
          "ONCEEXPIRED the reply of this number is no longer kept: whether it was applied is not "
          "known");
    case OnceTable::Fate::fresh:
      break;
  }
  ReplyBuilder own;
  run(spec->number, db, args.subspan(3), true, own);
  Reply kept = own.take();
  reply.raw(kept.view());
  state_.once.keep(client, *number, std::move(kept), state_.now_ms);
}

void Executor::run_fence(uint8_t db, std::span<const std::string_view> args, ReplyBuilder& reply) {
  const std::string_view resource = args[0];
  if (resource.empty() || resource.size() > Limits::fence_resource_bytes_max) {
    return reply.error(fmt::format("ERR FENCE takes a resource name of 1 to {} bytes",
                                   Limits::fence_resource_bytes_max));
  }
  const auto token = parse_number(args[1]);
  if (!token) return reply.error("ERR FENCE takes a token from 0 to 9223372036854775807");
  const CommandSpec* spec = wrapped_command("fence", args.subspan(2), reply);
  if (spec == nullptr) return;
  const auto highest = state_.fences.highest(resource);
  if (highest && *token < *highest && !COTERIE_MUTANT("fence-takes-stale-token")) {
    return reply.error(fmt::format(
        "STALETOKEN {} is below {}, the highest token this resource has seen", *token, *highest));
  }
  if (!highest && state_.fences.full()) {
    COTERIE_REACHED("fence: no room for one more resource");
    return reply.error(
        fmt::format("ERR FENCE knows {} resources, its most: use fewer resource names",
                    Limits::fence_resources_max));
  }
  if (!highest || *highest < *token) state_.fences.raise(resource, *token);
  run(spec->number, db, args.subspan(3), true, reply);
}

void Executor::cancel(SessionId session, std::span<const std::string_view> args,
                      ReplyBuilder& reply) {
  const auto number = args.size() == 1 ? parse_number(args[0]) : std::nullopt;
  if (!number) return reply.error("ERR malformed cancellation");
  const auto id = state_.waiters.of_request(session, *number);
  if (id) {
    const Waiter waiter = *state_.waiters.find(*id);
    answer(waiter, reply_error("UNBLOCKED the request was cancelled"));
  }
  state_.sessions.find(session)->drop_late(*number);
  reply.integer(id ? 1 : 0);
}

}  // namespace coterie::state
