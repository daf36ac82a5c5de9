// The commands about the connection itself: PING, ECHO, SELECT, AUTH, HELLO, RESET, QUIT, READONLY,
// READWRITE.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "coterie/server/client/errors.h"
#include "coterie/server/client/hub.h"
#include "coterie/server/client/local_command.h"
#include "coterie/store/state/batch.h"
#include "coterie/store/state/numbers.h"

namespace coterie::server {

namespace {

constexpr std::string_view no_password_error =
    "ERR AUTH <password> called without any password configured for the default user. Are you sure "
    "your configuration is "
    "correct?";
constexpr std::string_view wrong_password_error =
    "WRONGPASS invalid username-password pair or user is disabled.";
constexpr std::string_view hello_needs_auth_error =
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
    "<proto> AUTH <user> <pass> "
    "option can be used to authenticate the client and select the RESP protocol version at the "
    "same time";

// Takes the same time whatever the place of the first difference.
bool same_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (size_t i = 0; i < secret.size(); ++i) {
    const char g = given.empty() ? '\0' : given[i % given.size()];
    difference |= static_cast<unsigned char>(g ^ secret[i]);
  }
  return difference == 0;
}

// Authenticates as `user`. False: refused.
bool authenticate(LocalCall& call, std::string_view user, std::string_view password) {
  const std::string& secret = call.hub.settings().password;
  const bool right = secret.empty() || same_secret(password, secret);
  if (user != "default" || !right) return false;
  call.connection.set_authenticated(true);
  return true;
}

}  // namespace

Outcome run_ping(LocalCall& call) {
  const Connection& connection = call.connection;
  if (call.words.size() > 2) {
    call.reply.error(wrong_arity_error("ping"));
  } else if (connection.subscriptions() > 0 &&
             connection.info().protocol == resp::Protocol::resp2) {
    call.reply.array(2);
    call.reply.bulk("pong");
    call.reply.bulk(call.words.size() == 2 ? call.words[1] : std::string_view{});
  } else if (call.words.size() == 2) {
    call.reply.bulk(call.words[1]);
  } else {
    call.reply.simple("PONG");
  }
  return Outcome::done;
}

Outcome run_echo(LocalCall& call) {
  call.reply.bulk(call.words[1]);
  return Outcome::done;
}

Outcome run_quit(LocalCall& call) {
  call.reply.simple("OK");
  call.connection.close_after_replies();
  return Outcome::done;
}

Outcome run_reset(LocalCall& call) {
  Connection& connection = call.connection;
  connection.transaction().end();
  connection.unwatch();
  connection.unsubscribe_all();
  ClientInfo& info = connection.info();
  info.db = 0;
  info.protocol = resp::Protocol::resp2;
  info.name.clear();
  info.stale_reads = false;
  info.no_evict = false;
  info.no_touch = false;
  info.replies = ClientInfo::Replies::on;
  connection.set_authenticated(call.hub.settings().password.empty());
  call.reply.simple("RESET");
  return Outcome::done;
}

Outcome run_auth(LocalCall& call) {
  const Words words = call.words;
  if (words.size() > 3) {
    call.reply.error(syntax_error);
  } else if (words.size() == 2 && call.hub.settings().password.empty()) {
    call.reply.error(no_password_error);
  } else if (authenticate(call, words.size() == 3 ? words[1] : "default", words.back())) {
    call.reply.simple("OK");
  } else {
    call.reply.error(wrong_password_error);
  }
  return Outcome::done;
}

namespace {

struct HelloRequest {
  bool has_credentials = false, has_name = false;
  std::string_view user, password, name;
};

// What follows the version. Returns an error, or nothing.
std::string parse_hello(Words words, HelloRequest& request) {
  for (size_t i = 2; i < words.size();) {
    const size_t left = words.size() - i - 1;
    if (same_word(words[i], "auth") && left >= 2) {
      request.has_credentials = true;
      request.user = words[i + 1];
      request.password = words[i + 2];
      i += 3;
    } else if (same_word(words[i], "setname") && left >= 1) {
      request.has_name = true;
      request.name = words[i + 1];
      i += 2;
    } else {
      return fmt::format("ERR Syntax error in HELLO option '{}'", words[i]);
    }
  }
  return {};
}

void reply_hello(LocalCall& call) {
  const ClientInfo& info = call.connection.info();
  ReplyBuilder& reply = call.reply;
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk("7.2.0");
  reply.bulk("proto");
  reply.integer(static_cast<int64_t>(info.protocol));
  reply.bulk("id");
  reply.integer(static_cast<int64_t>(info.id));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

}  // namespace

Outcome run_hello(LocalCall& call) {
  const Words words = call.words;
  ClientInfo& info = call.connection.info();
  resp::Protocol protocol = info.protocol;
  HelloRequest request;
  if (words.size() >= 2) {
    const auto version = state::parse_integer(words[1]);
    if (!version) {
      call.reply.error("ERR Protocol version is not an integer or out of range");
      return Outcome::done;
    }
    if (*version < 2 || *version > 3) {
      call.reply.error("NOPROTO unsupported protocol version");
      return Outcome::done;
    }
    protocol = *version == 3 ? resp::Protocol::resp3 : resp::Protocol::resp2;
  }
  if (const std::string error = parse_hello(words, request); !error.empty()) {
    call.reply.error(error);
    return Outcome::done;
  }
  if (request.has_name && !valid_client_name(call.hub, request.name)) {
    call.reply.error(client_name_error);
    return Outcome::done;
  }
  if (request.has_credentials && !authenticate(call, request.user, request.password)) {
    call.reply.error(wrong_password_error);
    return Outcome::done;
  }
  if (!info.authenticated) {
    call.reply.error(hello_needs_auth_error);
    return Outcome::done;
  }
  if (request.has_name) info.name = request.name;
  info.protocol = protocol;
  reply_hello(call);
  return Outcome::done;
}

bool parse_db(std::string_view text, uint8_t& db, std::string_view& error) {
  const auto number = state::parse_integer(text);
  if (!number) {
    error = "ERR value is not an integer or out of range";
    return false;
  }
  if (*number > INT32_MAX || *number < INT32_MIN) {
    error = "ERR value is out of range, value must between -2147483648 and 2147483647";
    return false;
  }
  if (*number < 0 || *number >= state::databases) {
    error = "ERR DB index is out of range";
    return false;
  }
  db = static_cast<uint8_t>(*number);
  return true;
}

Outcome run_select(LocalCall& call) {
  std::string_view error;
  if (parse_db(call.words[1], call.connection.info().db, error)) {
    call.reply.simple("OK");
  } else {
    call.reply.error(error);
  }
  return Outcome::done;
}

Outcome run_readonly(LocalCall& call) {
  call.connection.info().stale_reads = true;
  call.reply.simple("OK");
  return Outcome::done;
}

Outcome run_readwrite(LocalCall& call) {
  call.connection.info().stale_reads = false;
  call.reply.simple("OK");
  return Outcome::done;
}

}  // namespace coterie::server
