// The commands that are answered without the replicated state: those about the connection and about
// the node. One table binds the names of the command table (store/state/command.h) to functions; a
// test checks that none is missing.
#pragma once

#include <span>
#include <string_view>

#include "coterie/base/reply.h"
#include "coterie/server/client/connection.h"

namespace coterie::server {

struct LocalCall {
  Hub& hub;
  Connection& connection;
  Words words;          // the command's name first
  ReplyBuilder& reply;  // exactly one reply; or none, when the function has seen to it by itself
};

using LocalFunction = Outcome (*)(LocalCall&);

// How a command goes together with MULTI and with RESP2's subscriber mode.
enum LocalFlag : uint8_t {
  runs_in_multi = 1,     // executed at once within MULTI (EXEC, DISCARD, RESET ...)
  refused_in_multi = 2,  // cannot be queued
  runs_subscribed = 4,   // allowed for a RESP2 subscriber
};

struct LocalCommand {
  std::string_view name;
  LocalFunction run;  // nullptr: only with a subcommand
  uint8_t flags;
  std::span<const LocalCommand> subcommands;
  int16_t arity;  // of a subcommand, the command's name counted
};

// nullptr: not answered here.
const LocalCommand* local_command(const state::CommandSpec& spec);
// The subcommand of that name, in any case; nullptr: none.
const LocalCommand* find_subcommand(const LocalCommand& command, std::string_view name);
bool same_word(std::string_view any_case, std::string_view lower_case);
// The reply of <command> HELP: a title, the lines, and two about HELP itself.
void reply_help(ReplyBuilder& reply, std::string_view command,
                std::span<const std::string_view> lines);

// The tables of subcommands, each where its functions are.
std::span<const LocalCommand> client_subcommands();
std::span<const LocalCommand> config_subcommands();
std::span<const LocalCommand> command_subcommands();
std::span<const LocalCommand> coterie_subcommands();
std::span<const LocalCommand> pubsub_subcommands();

// commands_connection.cc
Outcome run_ping(LocalCall& call);
Outcome run_echo(LocalCall& call);
Outcome run_quit(LocalCall& call);
Outcome run_reset(LocalCall& call);
Outcome run_auth(LocalCall& call);
Outcome run_hello(LocalCall& call);
Outcome run_select(LocalCall& call);
Outcome run_readonly(LocalCall& call);
Outcome run_readwrite(LocalCall& call);
// The database that SELECT's argument names, or none.
bool parse_db(std::string_view text, uint8_t& db, std::string_view& error);
// commands_client.cc
inline constexpr std::string_view client_name_error =
    "ERR Client names cannot contain spaces, newlines or special characters.";
bool valid_client_name(const Hub& hub, std::string_view name);
// commands_transaction.cc
Outcome run_multi(LocalCall& call);
Outcome run_exec(LocalCall& call);
Outcome run_discard(LocalCall& call);
Outcome run_watch(LocalCall& call);
Outcome run_unwatch(LocalCall& call);
// commands_pubsub.cc
Outcome run_subscribe(LocalCall& call);
Outcome run_unsubscribe(LocalCall& call);
Outcome run_psubscribe(LocalCall& call);
Outcome run_punsubscribe(LocalCall& call);
// commands_info.cc
Outcome run_info(LocalCall& call);
Outcome run_role(LocalCall& call);
// commands_command.cc
Outcome run_command(LocalCall& call);

}  // namespace coterie::server
