// COMMAND: the command table, in the form in which Redis shows its own.
#include <iterator>
#include <string>
#include <vector>

#include "coterie/server/client/errors.h"
#include "coterie/server/client/hub.h"
#include "coterie/server/client/local_command.h"
#include "coterie/store/state/glob.h"

namespace coterie::server {

namespace {

using state::CommandSpec;

struct FlagName {
  state::CommandFlag flag;
  std::string_view name;
};

constexpr FlagName flag_names[] = {
    {state::flag_write, "write"},       {state::flag_readonly, "readonly"},
    {state::flag_denyoom, "denyoom"},   {state::flag_admin, "admin"},
    {state::flag_pubsub, "pubsub"},     {state::flag_noscript, "noscript"},
    {state::flag_blocking, "blocking"}, {state::flag_loading, "loading"},
    {state::flag_stale, "stale"},       {state::flag_fast, "fast"},
    {state::flag_no_auth, "no_auth"},   {state::flag_no_multi, "no_multi"},
};

std::vector<const CommandSpec*> public_commands() {
  std::vector<const CommandSpec*> commands;
  for (const CommandSpec& spec : state::all_commands()) {
    if (spec.kind != state::CommandClass::internal) commands.push_back(&spec);
  }
  return commands;
}

void reply_flags(ReplyBuilder& reply, const CommandSpec& spec) {
  size_t count = 0;
  for (const FlagName& flag : flag_names) count += (spec.flags & flag.flag) != 0 ? 1 : 0;
  reply.set(count);
  for (const FlagName& flag : flag_names) {
    if ((spec.flags & flag.flag) != 0) reply.simple(flag.name);
  }
}

void reply_categories(ReplyBuilder& reply, const CommandSpec& spec) {
  std::vector<std::string> categories;
  if ((spec.flags & state::flag_write) != 0) categories.push_back("@write");
  if ((spec.flags & state::flag_readonly) != 0) categories.push_back("@read");
  categories.push_back((spec.flags & state::flag_fast) != 0 ? "@fast" : "@slow");
  if ((spec.flags & state::flag_blocking) != 0) categories.push_back("@blocking");
  categories.push_back("@" + std::string(spec.group));
  reply.set(categories.size());
  for (const std::string& category : categories) reply.simple(category);
}

// Where the keys are: from a fixed place on, in a range.
void reply_key_specs(ReplyBuilder& reply, const CommandSpec& spec) {
  if (spec.first_key == 0) return reply.array(0);
  reply.array(1);
  reply.map(3);
  reply.bulk("flags");
  reply.set(2);
  reply.simple((spec.flags & state::flag_write) != 0 ? "RW" : "RO");
  reply.simple((spec.flags & state::flag_write) != 0 ? "UPDATE" : "ACCESS");
  reply.bulk("begin_search");
  reply.map(2);
  reply.bulk("type");
  reply.bulk("index");
  reply.bulk("spec");
  reply.map(1);
  reply.bulk("index");
  reply.integer(spec.first_key);
  reply.bulk("find_keys");
  reply.map(2);
  reply.bulk("type");
  reply.bulk("range");
  reply.bulk("spec");
  reply.map(3);
  reply.bulk("lastkey");
  reply.integer(spec.last_key < 0 ? spec.last_key : spec.last_key - spec.first_key);
  reply.bulk("keystep");
  reply.integer(spec.key_step);
  reply.bulk("limit");
  reply.integer(0);
}

void reply_info(ReplyBuilder& reply, const CommandSpec& spec) {
  reply.array(10);
  reply.bulk(spec.name);
  reply.integer(spec.arity);
  reply_flags(reply, spec);
  reply.integer(spec.first_key);
  reply.integer(spec.last_key);
  reply.integer(spec.key_step);
  reply_categories(reply, spec);
  reply.array(0);  // tips
  reply_key_specs(reply, spec);
  reply.array(0);  // subcommands
}

void reply_docs(ReplyBuilder& reply, const CommandSpec& spec) {
  reply.bulk(spec.name);
  reply.map(4);
  reply.bulk("summary");
  reply.bulk(spec.summary);
  reply.bulk("since");
  reply.bulk("0.1.0");
  reply.bulk("group");
  reply.bulk(spec.group);
  // As one argument whose name is the whole syntax: what redis-cli shows as a hint.
  reply.bulk("arguments");
  reply.array(spec.arguments.empty() ? 0 : 1);
  if (spec.arguments.empty()) return;
  reply.map(2);
  reply.bulk("name");
  reply.bulk(spec.arguments);
  reply.bulk("type");
  reply.bulk("string");
}

Outcome run_command_count(LocalCall& call) {
  call.reply.integer(static_cast<int64_t>(public_commands().size()));
  return Outcome::done;
}

Outcome run_command_info(LocalCall& call) {
  if (call.words.size() == 2) return run_command(call);
  call.reply.array(call.words.size() - 2);
  for (std::string_view name : call.words.subspan(2)) {
    const CommandSpec* spec = state::find_command(name);
    spec != nullptr ? reply_info(call.reply, *spec) : call.reply.null();
  }
  return Outcome::done;
}

Outcome run_command_docs(LocalCall& call) {
  std::vector<const CommandSpec*> commands;
  if (call.words.size() == 2) {
    commands = public_commands();
  } else {
    for (std::string_view name : call.words.subspan(2)) {
      if (const CommandSpec* spec = state::find_command(name)) commands.push_back(spec);
    }
  }
  call.reply.map(commands.size());
  for (const CommandSpec* spec : commands) reply_docs(call.reply, *spec);
  return Outcome::done;
}

Outcome run_command_list(LocalCall& call) {
  const Words words = call.words;
  std::string_view filter, value;
  if (words.size() == 5 && same_word(words[2], "filterby")) {
    filter = words[3];
    value = words[4];
  }
  const bool by_pattern = same_word(filter, "pattern"), by_category = same_word(filter, "aclcat"),
             by_module = same_word(filter, "module");
  if (words.size() != 2 && !by_pattern && !by_category && !by_module) {
    call.reply.error(syntax_error);
    return Outcome::done;
  }
  std::vector<std::string_view> names;
  for (const CommandSpec* spec : public_commands()) {
    const bool in_category =
        same_word(value, spec->group) ||
        (same_word(value, "write") && (spec->flags & state::flag_write) != 0) ||
        (same_word(value, "read") && (spec->flags & state::flag_readonly) != 0) ||
        (same_word(value, "fast") && (spec->flags & state::flag_fast) != 0) ||
        (same_word(value, "slow") && (spec->flags & state::flag_fast) == 0) ||
        (same_word(value, "blocking") && (spec->flags & state::flag_blocking) != 0);
    if (by_module || (by_category && !in_category)) continue;
    if (by_pattern && !state::glob_matches(value, spec->name)) continue;
    names.push_back(spec->name);
  }
  call.reply.array(names.size());
  for (std::string_view name : names) call.reply.bulk(name);
  return Outcome::done;
}

Outcome run_command_getkeys(LocalCall& call) {
  const Words command = call.words.subspan(2);
  const CommandSpec* spec = state::find_command(command[0]);
  if (spec == nullptr) {
    call.reply.error("ERR Invalid command specified");
  } else if (spec->first_key == 0) {
    call.reply.error("ERR The command has no key arguments");
  } else if (!state::arity_fits(*spec, command.size())) {
    call.reply.error("ERR Invalid number of arguments specified for command");
  } else {
    const auto last =
        spec->last_key >= 0 ? spec->last_key : static_cast<int>(command.size()) + spec->last_key;
    std::vector<std::string_view> keys;
    for (int i = spec->first_key; i <= last && i < static_cast<int>(command.size());
         i += spec->key_step) {
      keys.push_back(command[static_cast<size_t>(i)]);
    }
    call.reply.array(keys.size());
    for (std::string_view key : keys) call.reply.bulk(key);
  }
  return Outcome::done;
}

Outcome run_command_help(LocalCall& call) {
  static constexpr std::string_view lines[] = {
      "(no subcommand)",
      "    All commands with their flags and key positions.",
      "COUNT",
      "    The number of commands.",
      "DOCS [<command> ...]",
      "    Summary, group and syntax.",
      "GETKEYS <command> [<arg> ...]",
      "    The keys of a whole command.",
      "INFO [<command> ...]",
      "    Flags and key positions.",
      "LIST [FILTERBY (ACLCAT <category> | PATTERN <pattern> | MODULE <name>)]",
      "    The names of the commands.",
  };
  reply_help(call.reply, "COMMAND", lines);
  return Outcome::done;
}

}  // namespace

Outcome run_command(LocalCall& call) {
  const auto commands = public_commands();
  call.reply.array(commands.size());
  for (const CommandSpec* spec : commands) reply_info(call.reply, *spec);
  return Outcome::done;
}

std::span<const LocalCommand> command_subcommands() {
  static const LocalCommand table[] = {
      {"count", run_command_count, 0, {}, 2},      {"info", run_command_info, 0, {}, -2},
      {"docs", run_command_docs, 0, {}, -2},       {"list", run_command_list, 0, {}, -2},
      {"getkeys", run_command_getkeys, 0, {}, -3}, {"help", run_command_help, 0, {}, 2},
  };
  return table;
}

}  // namespace coterie::server
