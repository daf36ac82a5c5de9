// COTERIE: what only this kind of server has.
#include "coterie/server/client/errors.h"
#include "coterie/server/client/hub.h"
#include "coterie/server/client/local_command.h"
#include "coterie/server/client/status_json.h"
#include "coterie/store/state/numbers.h"

namespace coterie::server {

namespace {

Outcome run_coterie_status(LocalCall& call) {
  const bool with_digest = call.words.size() == 3 && same_word(call.words[2], "digest");
  if (call.words.size() > 2 && !with_digest) {
    call.reply.error(syntax_error);
    return Outcome::done;
  }
  node::Gateway& gateway = call.hub.gateway();
  node::NodeStatus status = gateway.status();
  if (with_digest) status.state_digest = gateway.state_digest();
  call.reply.bulk(status_json(status));
  return Outcome::done;
}

Outcome run_coterie_transfer(LocalCall& call) {
  NodeId to;
  if (call.words.size() == 3) {
    const auto number = state::parse_integer(call.words[2]);
    if (!number || *number < 1) {
      call.reply.error("ERR a node is a number from 1 on");
      return Outcome::done;
    }
    to = NodeId(static_cast<uint64_t>(*number));
  } else if (call.words.size() > 3) {
    call.reply.error("ERR wrong number of arguments for 'coterie|transfer' command");
    return Outcome::done;
  }
  if (call.hub.gateway().transfer_leadership(to)) {
    call.reply.simple("OK");
  } else {
    call.reply.error(
        "ERR this node does not lead, or cannot hand over to that node: ask the leader (COTERIE "
        "STATUS)");
  }
  return Outcome::done;
}

Outcome run_coterie_help(LocalCall& call) {
  static constexpr std::string_view lines[] = {
      "STATUS [DIGEST]",
      "    This node and the cluster as it sees it, in JSON. DIGEST adds state_digest:",
      "    nodes that have applied the same entries give the same. It may read every key.",
      "TRANSFER [<node>]",
      "    Hand leadership to a node, or to the one that is furthest. For the leader only.",
  };
  reply_help(call.reply, "COTERIE", lines);
  return Outcome::done;
}

}  // namespace

std::span<const LocalCommand> coterie_subcommands() {
  static const LocalCommand table[] = {
      {"status", run_coterie_status, refused_in_multi, {}, -2},
      {"transfer", run_coterie_transfer, refused_in_multi, {}, -2},
      {"help", run_coterie_help, 0, {}, 2},
  };
  return table;
}

}  // namespace coterie::server
