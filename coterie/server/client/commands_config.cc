// CONFIG: what this node was started with, as far as clients ask for it. Nothing can be set here: a
// setting that one node forgets at its next start, or that differs from node to node, is a trap.
#include <map>
#include <string>

#include "coterie/server/client/hub.h"
#include "coterie/server/client/local_command.h"
#include "coterie/store/state/batch.h"
#include "coterie/store/state/glob.h"

namespace coterie::server {

namespace {

// What clients of Redis look for, and our own limits; then what the server adds or says better.
std::map<std::string, std::string> table_of(const Hub& hub) {
  const ConnectionLimits& limits = hub.limits();
  std::map<std::string, std::string> table{
      {"appendfsync", "always"},
      {"appendonly", "yes"},
      {"databases", std::to_string(state::databases)},
      {"maxclients", std::to_string(limits.clients_max)},
      {"maxmemory", "0"},
      {"maxmemory-policy", "noeviction"},
      {"notify-keyspace-events", ""},
      {"proto-max-bulk-len", std::to_string(limits.request.bulk_bytes_max)},
      {"protected-mode", hub.settings().protected_mode ? "yes" : "no"},
      {"save", ""},
      {"timeout", "0"},
  };
  if (hub.settings().config) {
    for (auto& [name, value] : hub.settings().config()) table.insert_or_assign(name, value);
  }
  return table;
}

std::string lower(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Outcome run_config_get(LocalCall& call) {
  std::map<std::string, std::string> found;
  for (const auto& [name, value] : table_of(call.hub)) {
    for (std::string_view pattern : call.words.subspan(2)) {
      if (!state::glob_matches(lower(pattern), name)) continue;
      // Who asks for one by its name gets the name as he wrote it.
      const bool by_name = same_word(pattern, name);
      found.emplace(by_name ? std::string(pattern) : name, value);
    }
  }
  call.reply.map(found.size());
  for (const auto& [name, value] : found) {
    call.reply.bulk(name);
    call.reply.bulk(value);
  }
  return Outcome::done;
}

Outcome run_config_set(LocalCall& call) {
  call.reply.error(
      "ERR CONFIG SET is not supported: settings are given when a node starts, by flags or a file; "
      "see coterie serve "
      "--help");
  return Outcome::done;
}

Outcome run_config_rewrite(LocalCall& call) {
  call.reply.error(
      "ERR CONFIG REWRITE is not supported: nothing can have been changed since the node was "
      "started");
  return Outcome::done;
}

Outcome run_config_resetstat(LocalCall& call) {
  call.hub.reset_counters();
  call.reply.simple("OK");
  return Outcome::done;
}

Outcome run_config_help(LocalCall& call) {
  static constexpr std::string_view lines[] = {
      "GET <pattern> [<pattern> ...]",
      "    The parameters whose names match, with their values.",
      "RESETSTAT",
      "    Set the counters of INFO to zero.",
      "SET <parameter> <value>",
      "    Refused: settings are given when a node starts.",
  };
  reply_help(call.reply, "CONFIG", lines);
  return Outcome::done;
}

}  // namespace

std::span<const LocalCommand> config_subcommands() {
  static const LocalCommand table[] = {
      {"get", run_config_get, 0, {}, -3},        {"set", run_config_set, 0, {}, -4},
      {"rewrite", run_config_rewrite, 0, {}, 2}, {"resetstat", run_config_resetstat, 0, {}, 2},
      {"help", run_config_help, 0, {}, 2},
  };
  return table;
}

}  // namespace coterie::server
