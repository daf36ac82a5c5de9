// SUBSCRIBE and its kin, and PUBSUB about the subscribers of this node. PUBLISH goes through the
// log (execute.cc), and messages come from it (Hub::on_published).
#include <fmt/format.h>

#include "coterie/base/reached.h"
#include "coterie/server/client/hub.h"
#include "coterie/server/client/local_command.h"

namespace coterie::server {

namespace {

// One kind of subscription: to channels, or to patterns.
struct Kind {
  std::string_view subscribed, unsubscribed;
  Connection::Names& (Connection::*names)();
  bool (Subscriptions::*add)(std::string_view, ClientId);
  bool (Subscriptions::*remove)(std::string_view, ClientId);
};

const Kind channel_kind{"subscribe", "unsubscribe", &Connection::channels,
                        &Subscriptions::add_channel, &Subscriptions::remove_channel};
const Kind pattern_kind{"psubscribe", "punsubscribe", &Connection::patterns,
                        &Subscriptions::add_pattern, &Subscriptions::remove_pattern};

void confirm(Connection& connection, std::string_view what, const std::string_view* name) {
  ReplyBuilder out;
  out.push(3);
  out.bulk(what);
  name != nullptr ? out.bulk(*name) : out.null();
  out.integer(static_cast<int64_t>(connection.subscriptions()));
  connection.send(out.take());
}

Outcome subscribe(LocalCall& call, const Kind& kind) {
  Connection& connection = call.connection;
  if (connection.waiting()) return Outcome::held;
  const ConnectionLimits& limits = call.hub.limits();
  for (std::string_view name : call.words.subspan(1)) {
    Connection::Names& names = (connection.*kind.names)();
    if (!names.contains(name)) {
      if (connection.subscriptions() >= limits.subscriptions_max ||
          connection.subscription_bytes + name.size() > limits.subscription_bytes_max) {
        COTERIE_REACHED("a client has too many subscriptions");
        connection.answer(
            reply_error(fmt::format("ERR too many subscriptions: at most {} of {} bytes together",
                                    limits.subscriptions_max, limits.subscription_bytes_max)));
        return Outcome::done;
      }
      names.emplace(name);
      connection.subscription_bytes += name.size();
      (call.hub.subscriptions().*kind.add)(name, connection.info().id);
    }
    confirm(connection, kind.subscribed, &name);
  }
  return Outcome::done;
}

Outcome unsubscribe(LocalCall& call, const Kind& kind) {
  Connection& connection = call.connection;
  if (connection.waiting()) return Outcome::held;
  Connection::Names& names = (connection.*kind.names)();
  const auto leave = [&](std::string_view name) {
    if (const auto found = names.find(name); found != names.end()) {
      connection.subscription_bytes -= name.size();
      (call.hub.subscriptions().*kind.remove)(name, connection.info().id);
      names.erase(found);
    }
    confirm(connection, kind.unsubscribed, &name);
  };
  if (call.words.size() > 1) {
    for (std::string_view name : call.words.subspan(1)) leave(name);
  } else if (names.empty()) {
    confirm(connection, kind.unsubscribed, nullptr);
  } else {
    while (!names.empty()) leave(std::string(*names.begin()));
  }
  return Outcome::done;
}

Outcome run_pubsub_channels(LocalCall& call) {
  if (call.words.size() > 3) {
    call.reply.error("ERR wrong number of arguments for 'pubsub|channels' command");
    return Outcome::done;
  }
  const auto channels =
      call.hub.subscriptions().channels_matching(call.words.size() == 3 ? call.words[2] : "*");
  call.reply.array(channels.size());
  for (const std::string& channel : channels) call.reply.bulk(channel);
  return Outcome::done;
}

Outcome run_pubsub_numsub(LocalCall& call) {
  const Words channels = call.words.subspan(2);
  call.reply.array(channels.size() * 2);
  for (std::string_view channel : channels) {
    const auto* subscribers = call.hub.subscriptions().subscribers(channel);
    call.reply.bulk(channel);
    call.reply.integer(subscribers == nullptr ? 0 : static_cast<int64_t>(subscribers->size()));
  }
  return Outcome::done;
}

Outcome run_pubsub_numpat(LocalCall& call) {
  call.reply.integer(static_cast<int64_t>(call.hub.subscriptions().patterns()));
  return Outcome::done;
}

Outcome run_pubsub_help(LocalCall& call) {
  static constexpr std::string_view lines[] = {
      "CHANNELS [<pattern>]",
      "    The channels that have subscribers on this node.",
      "NUMPAT",
      "    The number of patterns that have subscribers on this node.",
      "NUMSUB [<channel> ...]",
      "    The number of subscribers of each channel on this node.",
  };
  reply_help(call.reply, "PUBSUB", lines);
  return Outcome::done;
}

}  // namespace

std::span<const LocalCommand> pubsub_subcommands() {
  static const LocalCommand table[] = {
      {"channels", run_pubsub_channels, 0, {}, -2},
      {"numsub", run_pubsub_numsub, 0, {}, -2},
      {"numpat", run_pubsub_numpat, 0, {}, 2},
      {"help", run_pubsub_help, 0, {}, 2},
  };
  return table;
}

Outcome run_subscribe(LocalCall& call) { return subscribe(call, channel_kind); }
Outcome run_unsubscribe(LocalCall& call) { return unsubscribe(call, channel_kind); }
Outcome run_psubscribe(LocalCall& call) { return subscribe(call, pattern_kind); }
Outcome run_punsubscribe(LocalCall& call) { return unsubscribe(call, pattern_kind); }

}  // namespace coterie::server
