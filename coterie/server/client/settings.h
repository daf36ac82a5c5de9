// What the connections of a node are told when it starts: their limits, the password, and what
// CONFIG GET shows.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "coterie/server/client/input_budget.h"
#include "coterie/server/resp/request_parser.h"

namespace coterie::server {

// What a connection may cost. A limit that ends a connection says so to the client first where it
// can.
struct ConnectionLimits {
  resp::RequestLimits request;           // beyond: a protocol error, closed
  size_t clients_max = 10'000;           // beyond: refused with an error
  size_t commands_per_turn_max = 1'024;  // beyond: the others first, then this one goes on
  // Of all connections that go on with what was held back; beyond: the rest in the next turn.
  size_t commands_resumed_per_turn_max = 4'096;
  size_t unanswered_max = 16'384;  // commands of one connection under way; beyond: they wait
  size_t unanswered_bytes_max = 64u << 20;  // their bytes
  size_t pending_bytes_max =
      128u << 20;  // of all connections: Gateway::pending_bytes; beyond: no more is read
  size_t held_input_bytes_max = 1u << 20;  // input that has to wait; beyond: no more is read
  InputLimits input;                       // of the incomplete requests of all connections
  size_t output_bytes_max = 256u << 20;    // not taken by the client; beyond: closed
  size_t output_bytes_subscribed_max =
      32u << 20;  // the same for a subscriber, who asked for it once and may be slow for ever
  size_t subscriptions_max = 10'000;          // channels and patterns of one connection
  size_t subscription_bytes_max = 16u << 20;  // their names
  size_t watched_max = 16'384;                // keys of one connection
  size_t watched_bytes_max = 8u << 20;        // their names
  size_t transaction_commands_max = 65'536;   // queued after MULTI; beyond: EXEC is refused
  size_t transaction_bytes_max =
      24u << 20;  // their bytes; with those of the watched keys they fit into an entry
  size_t name_bytes_max = 1'024;  // CLIENT SETNAME, SETINFO
};

using ConfigTable = std::vector<std::pair<std::string, std::string>>;

struct Settings {
  ConnectionLimits limits;
  std::string password;        // empty: none is asked for
  bool protected_mode = true;  // without a password, clients from other machines are refused
  std::string version = "0.1.0";
  std::string listen;  // the address that clients connect to, for CLIENT LIST and INFO
  std::function<ConfigTable()> config;  // what CONFIG GET shows beside the limits; may be empty
  std::function<void()> want_turn;  // asks for a turn soon: see Hub::turn; may be empty in tests
};

}  // namespace coterie::server
