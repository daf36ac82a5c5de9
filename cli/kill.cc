// coterie kill: a signal for a node, to see what happens.
#include <csignal>
#include <cstdio>

#include <fmt/format.h>

#include "cli/cluster_folder.h"
#include "cli/exit_codes.h"
#include "cli/subcommands.h"
#include "coterie/client/node_view.h"

namespace coterie::cli {

namespace {

int refuse(const std::string& why, int code) {
  fmt::print(stderr, "coterie kill: {}\n", why);
  return code;
}

// The node's number as text, or that of the leader.
Result<std::string> resolve(const std::string& target, const ClusterRecord& record,
                            const std::string& password) {
  if (target != "leader") return target;
  std::vector<client::RedisUrl> entries;
  for (const NodeRecord& node : record.nodes) {
    COTERIE_TRY(url, client::parse_redis_url(node.resp));
    url.password = password;
    entries.push_back(url);
  }
  COTERIE_TRY(view, client::ask_cluster(entries, seconds(1)));
  if (!view.leader)
    return fail(Fault::not_found, "there is no leader now that a majority agrees on: try again");
  return std::to_string(*view.leader);
}

}  // namespace

int kill_node(Arguments arguments) {
  std::string data = "./coterie-data", target, signal_name = "KILL", password;
  Flags flags("coterie kill",
              "Sends a signal to a node of `coterie up`, which starts again what dies.");
  flags.argument("node", target, "its number, or `leader`", true);
  flags.text("--signal", "NAME", signal_name, "KILL, TERM, STOP, CONT ... or a number");
  flags.text("--data", "FOLDER", data, "the folder given to `coterie up`");
  flags.text("--password", "PASSWORD", password,
             "for finding the leader, when the nodes ask for one");
  if (const auto code = flags.parse(arguments)) return *code;
  const Result<int> signal = process::parse_signal(signal_name);
  if (!signal) return refuse("--signal: " + signal.error().message, exit_usage);
  const Result<ClusterRecord> record = ClusterFolder(data).read();
  if (!record) return refuse(record.error().message, exit_no_input);
  const Result<std::string> node = resolve(target, *record, password);
  if (!node) return refuse(node.error().message, exit_unavailable);
  for (const NodeRecord& one : record->nodes) {
    if (std::to_string(one.id) != *node) continue;
    if (!process::send_signal(one.process, *signal))
      return refuse(fmt::format("node {} is not running", one.id), exit_no);
    fmt::print("sent {} to node {} (pid {})\n",
               sigabbrev_np(*signal) != nullptr ? sigabbrev_np(*signal) : signal_name.c_str(),
               one.id, one.process.pid);
    return exit_done;
  }
  return refuse(
      fmt::format("there is no node '{}': 1 to {}, or `leader`", target, record->nodes.size()),
      exit_usage);
}

}  // namespace coterie::cli
