// See view_print.h.
#include "cli/view_print.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/terminal.h"

namespace coterie::cli {

namespace {

namespace json = boost::json;

json::object json_of(const client::NodeView& node) {
  json::object out{{"id", node.id},
                   {"pid", nullptr},
                   {"alive", node.alive},
                   {"role", nullptr},
                   {"leader", nullptr}};
  for (const char* name : {"term", "commit", "applied", "last"}) out[name] = nullptr;
  out["resp"] = node.resp;
  out["http"] = node.http;
  out["keys"] = nullptr;
  out["ready"] = node.ready;
  if (!node.alive) return out;
  out["pid"] = node.pid;
  out["role"] = node.role;
  if (node.leader) out["leader"] = *node.leader;
  out["term"] = node.term;
  out["commit"] = node.commit;
  out["applied"] = node.applied;
  out["last"] = node.last;
  out["keys"] = node.keys;
  return out;
}

}  // namespace

std::string view_json(const client::ClusterView& view) {
  json::array nodes;
  for (const client::NodeView& node : view.nodes) nodes.push_back(json_of(node));
  json::object out{{"leader", nullptr}, {"nodes", std::move(nodes)}};
  if (view.leader) out["leader"] = *view.leader;
  return json::serialize(out);
}

std::string view_table(const client::ClusterView& view, bool colour) {
  const Style style(colour);
  std::string out = style.bold(fmt::format("{:<5}{:<11}{:<8}{:<6}{:<10}{:<10}{:<9}{:<9}{:<18}{}\n",
                                           "node", "role", "leader", "term", "commit", "applied",
                                           "keys", "pid", "clients", "ready"));
  for (const client::NodeView& node : view.nodes) {
    if (!node.alive) {
      out += fmt::format("{:<5}", node.id) + style.red(fmt::format("{:<11}", "no answer"));
      out += fmt::format("{:<8}{:<6}{:<10}{:<10}{:<9}{:<9}{}\n", "-", "-", "-", "-", "-", "-",
                         node.resp);
      continue;
    }
    const std::string leader = node.leader ? std::to_string(*node.leader) : "-";
    out +=
        fmt::format("{:<5}{:<11}{:<8}{:<6}{:<10}{:<10}{:<9}{:<9}{:<18}", node.id, node.role, leader,
                    node.term, node.commit, node.applied, node.keys, node.pid, node.resp);
    out += node.ready ? style.green("yes") : style.red("no: " + node.not_ready_reason);
    out += "\n";
  }
  if (!view.leader) out += style.red("no leader: a majority of the nodes does not agree on one\n");
  return out;
}

}  // namespace coterie::cli
