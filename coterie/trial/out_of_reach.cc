// See out_of_reach.h.
#include "coterie/trial/out_of_reach.h"

#include <algorithm>

namespace coterie::trial {

const std::vector<OutOfReach>& out_of_reach() {
  static const std::vector<OutOfReach> list = {
      {"a client does not complete its request while others wait",
       "clients send small commands in one piece or two"},
      {"a client has too many subscriptions", "it takes 10,000 of them"},
      {"a client that does not read its replies is closed", "it takes 256 MiB of them"},
      {"a client watches too many keys", "it takes 16,384 of them"},
      {"a pipeline goes on in the next turn", "clients wait for each answer"},
      {"a transaction is too large", "it takes 24 MiB"},
      {"clients' incomplete requests reach their bound", "it takes 256 MiB"},
      {"clients' requests under way reach their bound", "it takes 128 MiB"},
      {"connections that go on take turns", "clients wait for each answer"},
      {"HTTP is sent to the port for clients", "clients speak RESP"},
      {"apply: a block of a session that is not open", "a node knows its session before it writes"},
      {"apply: a command that needs a session has none", "no node of this version sends one"},
      {"apply: a command this version does not know", "all nodes are of this version"},
      {"apply: a gap in a session's numbers",
       "leaders refuse what leaves a gap before they propose it"},
      {"apply: a malformed block", "no node of this version sends one"},
      {"apply: a malformed close_session", "no node of this version sends one"},
      {"apply: a malformed open_session", "no node of this version sends one"},
      {"apply: a session's window is full", "it takes 4,096 requests under way"},
      {"apply: a transaction with malformed commands", "no node of this version sends one"},
      {"apply: a transaction with malformed guards", "no node of this version sends one"},
      {"fence: no room for one more resource", "it takes thousands of them"},
      {"once: a client forgotten for a new one", "it takes 65,536 clients"},
      {"once: replies dropped after silence", "it takes an hour"},
      {"once: replies dropped for their bytes", "it takes large replies"},
      {"waiter: pushed to, and nothing for it",
       "it takes a push and a pop in one script or transaction"},
      {"reads: a long read in slices", "it takes large values"},
      {"session: too many to open one more", "it takes 1,024 of them"},
      {"node: an unclean stop under a weaker fsync mode",
       "plans sync always: with less a loss is allowed"},
      {"replica revived without its term and vote", "it takes a cluster of one node"},
      {"segment changed while it was made anew", "it takes another process in the same directory"},
      {"segment under another's name", "it takes a person who moves files"},
      {"snapshot of no use passed over", "all nodes are of this version"},
      {"snapshot: a received one is of no use", "all nodes are of this version"},
      {"damage found while a snapshot is read",
       "plans damage the snapshots of nodes that are down"},
      {"log contradicts the snapshot and is dropped",
       "too rare: entries that were never committed reach beyond a snapshot that is sent, and the "
       "node dies before it has dropped them"},
      {"recovered log disagrees with its snapshot", "the log's recovery drops such entries before"},
      {"replica: the log is dropped for the snapshot",
       "the log's recovery drops such entries before"},
      {"simulated kernel writes dirty pages back by itself", "it takes 32 MiB that are not synced"},
      {"simulated link clogged", "plans clog links at times of their own"},
  };
  return list;
}

bool counts_in_campaigns(const ReachedSite& site) {
  constexpr std::string_view rooms[] = {
      "coterie/protocol/",  "coterie/store/", "coterie/node/",    "coterie/server/client/",
      "coterie/world/sim/", "coterie/trial/", "coterie/workload/"};
  const std::string_view file = site.file;
  const bool inside = std::any_of(std::begin(rooms), std::end(rooms),
                                  [&](std::string_view room) { return file.starts_with(room); });
  return inside && std::none_of(out_of_reach().begin(), out_of_reach().end(),
                                [&](const OutOfReach& path) { return path.name == site.name; });
}

}  // namespace coterie::trial
