// coterie status: every node's own view of the cluster.
#include <cstdio>

#include <fmt/format.h>

#include "cli/cluster_folder.h"
#include "cli/exit_codes.h"
#include "cli/subcommands.h"
#include "cli/terminal.h"
#include "cli/view_print.h"

namespace coterie::cli {

namespace {

constexpr Duration patience = milliseconds(1'000);

// The nodes that `coterie up` has started in the usual folder, when the url is that of one of them:
// any of them can then tell about the others when that one is dead.
void add_neighbours(const client::RedisUrl& url, std::vector<client::RedisUrl>& entries) {
  const Result<ClusterRecord> record = ClusterFolder("./coterie-data").read();
  if (!record) return;
  std::vector<client::RedisUrl> nodes;
  bool ours = false;
  for (const NodeRecord& node : record->nodes) {
    Result<client::RedisUrl> one = client::parse_redis_url(node.resp);
    if (!one) continue;
    one->password = url.password;
    ours |= *one == url;
    if (*one != url) nodes.push_back(*one);
  }
  if (ours) entries.insert(entries.end(), nodes.begin(), nodes.end());
}

}  // namespace

int status(Arguments arguments) {
  std::string address = "redis://127.0.0.1:7379";
  bool as_json = false;
  Flags flags("coterie status",
              "Asks every node for its own view of the cluster. Exit code 1: it is degraded.");
  flags.text("--url", "URL", address, "any node of it: redis://[:PASSWORD@]HOST:PORT");
  flags.on("--json", as_json, "for programs");
  if (const auto code = flags.parse(arguments)) return *code;
  const Result<client::RedisUrl> url = client::parse_redis_url(address);
  if (!url) {
    fmt::print(stderr, "coterie status: --url: {}\n", url.error().message);
    return exit_usage;
  }
  std::vector<client::RedisUrl> entries{*url};
  add_neighbours(*url, entries);
  const Result<client::ClusterView> view = client::ask_cluster(entries, patience);
  if (!view) {
    fmt::print(stderr,
               "coterie status: no node answers: {} (`coterie up` starts a cluster, --url names "
               "another node)\n",
               view.error().message);
    return exit_unavailable;
  }
  const std::string text =
      as_json ? view_json(*view) + "\n" : view_table(*view, is_terminal(stdout));
  std::fputs(text.c_str(), stdout);
  return view->degraded() ? exit_no : exit_done;
}

}  // namespace coterie::cli
