// The command table: one row a command. The parser of a connection, the router, the state machine,
// COMMAND, the documentation and the tests all read it; nothing about a command is said twice.
//
// Command numbers are format: they stand in the log, are never reused and never change their
// meaning.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace coterie::state {

enum class CommandClass : uint8_t {
  connection,  // touches only the connection: answered by it (PING, SELECT, MULTI, SUBSCRIBE ...)
  read,      // reads the state: served locally at a read index, or from the log in a mixed pipeline
  write,     // changes the state: an entry
  blocking,  // an entry whose reply may come later (BLPOP ...)
  cluster,   // about the node or the cluster (COTERIE STATUS, INFO ...)
  internal,  // only in the log or between rooms; a client that sends one gets "unknown command"
};

enum CommandFlag : uint32_t {
  flag_write = 1,
  flag_readonly = 2,
  flag_denyoom = 4,
  flag_fast = 8,
  flag_blocking = 16,
  flag_pubsub = 32,
  flag_noscript = 64,
  flag_loading = 128,
  flag_stale = 256,
  flag_no_auth = 512,
  flag_no_multi = 1024,
  flag_admin = 2048,
};

struct CommandSpec {
  uint16_t number = 0;
  std::string_view name;  // lower case
  int16_t arity = 0;      // as Redis counts: the name included; negative: at least
  uint32_t flags = 0;
  int16_t first_key = 0, last_key = 0, key_step = 0;  // as in Redis' COMMAND; 0: no keys
  CommandClass kind = CommandClass::connection;
  std::string_view group;      // "string", "list" ...: as in Redis' documentation
  std::string_view summary;    // one line of help
  std::string_view arguments;  // "key value [NX | XX] ..."
};

// Numbers of the internal commands and of those the other rooms must name.
namespace number {
inline constexpr uint16_t open_session =
    1;  // args: node (decimal), replica (32 hex), nonce. In a block of session 0
inline constexpr uint16_t close_session = 2;  // args: session (decimal). In a block of session 0
inline constexpr uint16_t cancel_request =
    3;  // args: number (decimal) of a waiting request of the same session
inline constexpr uint16_t revisions =
    4;  // a read: args: keys; an array of their revisions, 0 for absent keys
inline constexpr uint16_t exec = 5;   // args: transaction.h
inline constexpr uint16_t once = 6;   // a client's: ONCE client number COMMAND [argument ...]
inline constexpr uint16_t fence = 7;  // a client's: FENCE resource token COMMAND [argument ...]
inline constexpr uint16_t data_first = 16;  // numbers of the data commands begin here
}  // namespace number

const CommandSpec* find_command(std::string_view name);  // any case; nullptr: unknown, or internal
const CommandSpec* command_by_number(uint16_t number);   // nullptr: unknown
std::span<const CommandSpec> all_commands();             // ordered by number
inline bool arity_fits(const CommandSpec& spec, size_t words) {  // words: the name included
  return spec.arity >= 0 ? words == static_cast<size_t>(spec.arity)
                         : words >= static_cast<size_t>(-spec.arity);
}

}  // namespace coterie::state
