// CLIENT: about this connection, and about the other connections of the node.
#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "coterie/server/client/errors.h"
#include "coterie/server/client/hub.h"
#include "coterie/server/client/local_command.h"
#include "coterie/store/state/numbers.h"

namespace coterie::server {

namespace {

bool printable_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

std::string flags_of(const Connection& connection) {
  std::string flags;
  if (connection.info().no_evict) flags += 'e';
  if (connection.info().no_touch) flags += 'T';
  if (connection.subscriptions() > 0) flags += 'P';
  if (connection.transaction().active()) flags += 'x';
  if (connection.blocked()) flags += 'b';
  if (connection.info().stale_reads) flags += 'r';
  if (connection.ending()) flags += 'c';
  return flags.empty() ? "N" : flags;
}

std::string describe(const Hub& hub, const Connection& connection) {
  const ClientInfo& info = connection.info();
  const Instant now = hub.now().monotonic;
  std::string command(info.last_command);
  if (!info.last_subcommand.empty()) command.append("|").append(info.last_subcommand);
  const Transaction& transaction = connection.transaction();
  return fmt::format(
      "id={} addr={} laddr={} fd=-1 name={} age={} idle={} flags={} db={} sub={} psub={} ssub=0 "
      "multi={} qbuf={} "
      "qbuf-free=0 argv-mem=0 multi-mem={} rbs=0 rbp=0 obl={} oll={} omem={} tot-mem={} events={} "
      "cmd={} user=default "
      "redir=-1 resp={} lib-name={} lib-ver={}",
      info.id, info.remote, hub.settings().listen, info.name,
      (now - info.created).ns / 1'000'000'000, (now - info.last_active).ns / 1'000'000'000,
      flags_of(connection), info.db, connection.subscriptions() - connection.patterns().size(),
      connection.patterns().size(),
      transaction.active() ? static_cast<int64_t>(transaction.commands()) : -1,
      connection.input_bytes(), transaction.bytes(), connection.output_bytes(),
      connection.replies_waiting(), connection.output_bytes(),
      sizeof(Connection) + connection.input_buffer_bytes() + connection.output_bytes() +
          transaction.bytes(),
      connection.wants_input() ? "r" : "", command, static_cast<int>(info.protocol),
      info.client_library, info.client_library_version);
}

bool is_type(const Connection& connection, std::string_view type) {
  return same_word(type, connection.subscriptions() > 0 ? "pubsub" : "normal");
}

bool known_type(std::string_view type) {
  return same_word(type, "normal") || same_word(type, "pubsub") || same_word(type, "master") ||
         same_word(type, "replica") || same_word(type, "slave");
}

Outcome run_client_id(LocalCall& call) {
  call.reply.integer(static_cast<int64_t>(call.connection.info().id));
  return Outcome::done;
}

Outcome run_client_getname(LocalCall& call) {
  const std::string& name = call.connection.info().name;
  name.empty() ? call.reply.null() : call.reply.bulk(name);
  return Outcome::done;
}

Outcome run_client_setname(LocalCall& call) {
  if (!valid_client_name(call.hub, call.words[2])) {
    call.reply.error(client_name_error);
    return Outcome::done;
  }
  call.connection.info().name = call.words[2];
  call.reply.simple("OK");
  return Outcome::done;
}

Outcome run_client_setinfo(LocalCall& call) {
  const std::string_view option = call.words[2], value = call.words[3];
  ClientInfo& info = call.connection.info();
  const bool is_name = same_word(option, "lib-name"), is_version = same_word(option, "lib-ver");
  if (!is_name && !is_version) {
    call.reply.error(fmt::format("ERR Unrecognized option '{}'", option));
  } else if (!valid_client_name(call.hub, value)) {
    call.reply.error(fmt::format("ERR {} cannot contain spaces, newlines or special characters.",
                                 is_name ? "lib-name" : "lib-ver"));
  } else {
    (is_name ? info.client_library : info.client_library_version) = value;
    call.reply.simple("OK");
  }
  return Outcome::done;
}

Outcome list_by_id(LocalCall& call) {
  std::string text;
  for (std::string_view word : call.words.subspan(3)) {
    const auto id = state::parse_integer(word);
    if (!id || *id < 0) {
      call.reply.error("ERR Invalid client ID");
      return Outcome::done;
    }
    if (const Connection* client = call.hub.find(static_cast<ClientId>(*id)))
      text += describe(call.hub, *client) + "\n";
  }
  call.reply.raw(resp::reply_text(text).view());
  return Outcome::done;
}

Outcome run_client_list(LocalCall& call) {
  const Words words = call.words;
  std::string_view type;
  if (words.size() == 4 && same_word(words[2], "type")) {
    type = words[3];
    if (!known_type(type)) {
      call.reply.error(fmt::format("ERR Unknown client type '{}'", type));
      return Outcome::done;
    }
  } else if (words.size() > 3 && same_word(words[2], "id")) {
    return list_by_id(call);
  } else if (words.size() != 2) {
    call.reply.error(syntax_error);
    return Outcome::done;
  }
  std::string text;
  for (const auto& [id, client] : call.hub.connections()) {
    if (type.empty() || is_type(*client, type)) text += describe(call.hub, *client) + "\n";
  }
  call.reply.raw(resp::reply_text(text).view());
  return Outcome::done;
}

Outcome run_client_info(LocalCall& call) {
  call.reply.raw(resp::reply_text(describe(call.hub, call.connection) + "\n").view());
  return Outcome::done;
}

// ON or OFF into `flag`.
Outcome switch_flag(LocalCall& call, bool& flag) {
  const bool on = same_word(call.words[2], "on");
  if (!on && !same_word(call.words[2], "off")) {
    call.reply.error(syntax_error);
    return Outcome::done;
  }
  flag = on;
  call.reply.simple("OK");
  return Outcome::done;
}

Outcome run_client_no_evict(LocalCall& call) {
  return switch_flag(call, call.connection.info().no_evict);
}
Outcome run_client_no_touch(LocalCall& call) {
  return switch_flag(call, call.connection.info().no_touch);
}

Outcome run_client_reply(LocalCall& call) {
  ClientInfo& info = call.connection.info();
  if (same_word(call.words[2], "on")) {
    info.replies = ClientInfo::Replies::on;
    call.reply.simple("OK");
  } else if (same_word(call.words[2], "off")) {
    info.replies = ClientInfo::Replies::off;
  } else if (same_word(call.words[2], "skip")) {
    if (info.replies != ClientInfo::Replies::off) info.replies = ClientInfo::Replies::skip_next;
  } else {
    call.reply.error(syntax_error);
  }
  return Outcome::done;
}

struct KillFilter {
  std::optional<ClientId> id;
  std::string_view remote, listen, type, user;
  bool skip_me = true;

  bool matches(const Hub& hub, const Connection& client) const {
    return (!id || client.info().id == *id) && (remote.empty() || client.info().remote == remote) &&
           (listen.empty() || hub.settings().listen == listen) &&
           (type.empty() || is_type(client, type)) && (user.empty() || user == "default");
  }
};

// Returns an error, or nothing.
std::string parse_kill(Words words, KillFilter& filter) {
  if (words.size() % 2 != 0) return std::string(syntax_error);
  for (size_t i = 2; i < words.size(); i += 2) {
    const std::string_view option = words[i], value = words[i + 1];
    if (same_word(option, "id")) {
      const auto id = state::parse_integer(value);
      if (!id || *id < 1) return "ERR client-id should be greater than 0";
      filter.id = static_cast<ClientId>(*id);
    } else if (same_word(option, "type")) {
      if (!known_type(value)) return fmt::format("ERR Unknown client type '{}'", value);
      filter.type = value;
    } else if (same_word(option, "addr")) {
      filter.remote = value;
    } else if (same_word(option, "laddr")) {
      filter.listen = value;
    } else if (same_word(option, "user")) {
      if (value != "default") return fmt::format("ERR No such user '{}'", value);
      filter.user = value;
    } else if (same_word(option, "skipme") && (same_word(value, "yes") || same_word(value, "no"))) {
      filter.skip_me = same_word(value, "yes");
    } else {
      return std::string(syntax_error);
    }
  }
  return {};
}

Outcome run_client_kill(LocalCall& call) {
  KillFilter filter;
  const bool by_address = call.words.size() == 3;  // the old form
  if (by_address) {
    filter.remote = call.words[2];
    filter.skip_me = false;
  } else if (const std::string error = parse_kill(call.words, filter); !error.empty()) {
    call.reply.error(error);
    return Outcome::done;
  }
  int64_t killed = 0;
  for (const auto& [id, client] : call.hub.connections()) {
    if (!filter.matches(call.hub, *client)) continue;
    if (client == &call.connection) {
      if (filter.skip_me) continue;
      client->close_after_replies();
    } else {
      client->close_at_once();
      client->touch();
    }
    ++killed;
  }
  if (!by_address) {
    call.reply.integer(killed);
  } else if (killed > 0) {
    call.reply.simple("OK");
  } else {
    call.reply.error("ERR No such client");
  }
  return Outcome::done;
}

Outcome run_client_help(LocalCall& call) {
  static constexpr std::string_view lines[] = {
      "GETNAME",
      "    The name of this connection.",
      "ID",
      "    The id of this connection.",
      "INFO",
      "    This connection, as LIST shows it.",
      "KILL <address> | <option> <value> [<option> <value> ...]",
      "    Close connections: ADDR, ID, LADDR, SKIPME (yes|no), TYPE (normal|pubsub), USER.",
      "LIST [TYPE (normal|pubsub) | ID <id> [<id> ...]]",
      "    The connections of this node.",
      "NO-EVICT (ON|OFF)",
      "    Accepted; nothing is ever evicted.",
      "NO-TOUCH (ON|OFF)",
      "    Accepted; there are no access times.",
      "REPLY (ON|OFF|SKIP)",
      "    Whether commands of this connection are answered.",
      "SETINFO (LIB-NAME|LIB-VER) <value>",
      "    What the client library is.",
      "SETNAME <name>",
      "    Give this connection a name.",
  };
  reply_help(call.reply, "CLIENT", lines);
  return Outcome::done;
}

}  // namespace

bool valid_client_name(const Hub& hub, std::string_view name) {
  return name.size() <= hub.settings().limits.name_bytes_max && printable_word(name);
}

std::span<const LocalCommand> client_subcommands() {
  static const LocalCommand table[] = {
      {"id", run_client_id, 0, {}, 2},
      {"getname", run_client_getname, 0, {}, 2},
      {"setname", run_client_setname, 0, {}, 3},
      {"setinfo", run_client_setinfo, 0, {}, 4},
      {"list", run_client_list, 0, {}, -2},
      {"info", run_client_info, 0, {}, 2},
      {"no-evict", run_client_no_evict, 0, {}, 3},
      {"no-touch", run_client_no_touch, 0, {}, 3},
      {"reply", run_client_reply, refused_in_multi, {}, 3},
      {"kill", run_client_kill, 0, {}, -3},
      {"help", run_client_help, 0, {}, 2},
  };
  return table;
}

}  // namespace coterie::server
