// See local_command.h.
#include "coterie/server/client/local_command.h"

#include <algorithm>
#include <vector>

namespace coterie::server {

namespace {

std::span<const LocalCommand> local_commands() {
  constexpr uint8_t pubsub = refused_in_multi | runs_subscribed;
  static const LocalCommand table[] = {
      {"ping", run_ping, runs_subscribed, {}, 0},
      {"echo", run_echo, 0, {}, 0},
      {"quit", run_quit, runs_in_multi | runs_subscribed, {}, 0},
      {"reset", run_reset, runs_in_multi | runs_subscribed, {}, 0},
      {"auth", run_auth, 0, {}, 0},
      {"hello", run_hello, 0, {}, 0},
      {"select", run_select, 0, {}, 0},
      {"readonly", run_readonly, 0, {}, 0},
      {"readwrite", run_readwrite, 0, {}, 0},
      {"multi", run_multi, runs_in_multi, {}, 0},
      {"exec", run_exec, runs_in_multi, {}, 0},
      {"discard", run_discard, runs_in_multi, {}, 0},
      {"watch", run_watch, runs_in_multi, {}, 0},
      {"unwatch", run_unwatch, 0, {}, 0},
      {"subscribe", run_subscribe, pubsub, {}, 0},
      {"unsubscribe", run_unsubscribe, pubsub, {}, 0},
      {"psubscribe", run_psubscribe, pubsub, {}, 0},
      {"punsubscribe", run_punsubscribe, pubsub, {}, 0},
      {"pubsub", nullptr, 0, pubsub_subcommands(), 0},
      {"client", nullptr, 0, client_subcommands(), 0},
      {"info", run_info, 0, {}, 0},
      {"role", run_role, 0, {}, 0},
      {"config", nullptr, 0, config_subcommands(), 0},
      {"command", run_command, 0, command_subcommands(), 0},
      {"coterie", nullptr, 0, coterie_subcommands(), 0},
  };
  return table;
}

// By command number; null where the command is not answered here.
std::vector<const LocalCommand*> index_by_number() {
  std::vector<const LocalCommand*> index;
  for (const LocalCommand& local : local_commands()) {
    const state::CommandSpec* spec = state::find_command(local.name);
    if (spec == nullptr) continue;
    if (index.size() <= spec->number) index.resize(spec->number + size_t{1});
    index[spec->number] = &local;
  }
  return index;
}

}  // namespace

const LocalCommand* local_command(const state::CommandSpec& spec) {
  static const std::vector<const LocalCommand*> index = index_by_number();
  return spec.number < index.size() ? index[spec.number] : nullptr;
}

bool same_word(std::string_view any_case, std::string_view lower_case) {
  return std::equal(any_case.begin(), any_case.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) {
                      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
                    });
}

const LocalCommand* find_subcommand(const LocalCommand& command, std::string_view name) {
  for (const LocalCommand& subcommand : command.subcommands) {
    if (same_word(name, subcommand.name)) return &subcommand;
  }
  return nullptr;
}

void reply_help(ReplyBuilder& reply, std::string_view command,
                std::span<const std::string_view> lines) {
  reply.array(lines.size() + 3);
  std::string title(command);
  title += " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:";
  reply.simple(title);
  for (std::string_view line : lines) reply.simple(line);
  reply.simple("HELP");
  reply.simple("    Print this help.");
}

}  // namespace coterie::server
