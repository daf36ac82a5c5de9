// See node_view.h.
#include "cli/node_view.h"

#include <algorithm>
#include <map>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/terminal.h"
#include "coterie/client/redis_link.h"

namespace coterie::cli {

namespace {

namespace json = boost::json;

uint64_t number(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return 0;
  if (value->is_uint64()) return value->get_uint64();
  return value->is_int64() ? static_cast<uint64_t>(value->get_int64()) : 0;
}

std::string text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

NodeView view_from(const json::object& object) {
  NodeView view;
  view.id = number(object, "id");
  view.pid = static_cast<int64_t>(number(object, "pid"));
  view.role = text(object, "role");
  if (const uint64_t leader = number(object, "leader"); leader != 0) view.leader = leader;
  view.term = number(object, "term");
  view.commit = number(object, "commit");
  view.applied = number(object, "applied");
  view.last = number(object, "last");
  view.keys = number(object, "keys");
  view.resp = text(object, "resp");
  view.http = text(object, "http");
  const json::value* ready = object.if_contains("ready");
  view.ready = ready != nullptr && ready->is_bool() && ready->get_bool();
  view.not_ready_reason = text(object, "not_ready_reason");
  view.state_digest = text(object, "state_digest");
  return view;
}

json::object json_of(const NodeView& node) {
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

bool ClusterView::degraded() const {
  return !leader || std::any_of(nodes.begin(), nodes.end(),
                                [](const NodeView& node) { return !node.alive || !node.ready; });
}

const NodeView* ClusterView::find(uint64_t id) const {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const NodeView& node) { return node.id == id; });
  return found == nodes.end() ? nullptr : &*found;
}

Result<NodeView> parse_view(std::string_view bytes) {
  boost::system::error_code error;
  const json::value value = json::parse(bytes, error);
  if (error || !value.is_object())
    return fail(Fault::corrupt, "the node's status is no JSON object");
  NodeView view = view_from(value.get_object());
  if (view.id == 0) return fail(Fault::corrupt, "the node's status names no node");
  view.alive = true;
  if (const json::value* members = value.get_object().if_contains("members");
      members != nullptr && members->is_array()) {
    for (const json::value& member : members->get_array()) {
      if (member.is_object()) view.members.push_back(view_from(member.get_object()));
    }
  }
  return view;
}

std::optional<uint64_t> agreed_leader(const std::vector<NodeView>& nodes) {
  std::map<uint64_t, size_t> votes;
  for (const NodeView& node : nodes) {
    if (node.alive && node.leader && ++votes[*node.leader] * 2 > nodes.size()) return node.leader;
  }
  return std::nullopt;
}

Result<NodeView> ask_node(const client::RedisUrl& url, Duration patience, AskFor what) {
  COTERIE_TRY(link, client::RedisLink::connect(url, {.connect = patience, .reply = patience}));
  std::vector<std::string_view> words{"COTERIE", "STATUS"};
  if (what == AskFor::status_and_digest) words.push_back("DIGEST");
  COTERIE_TRY(reply, link.command(words));
  if (reply.is_error())
    return fail(Fault::refused, fmt::format("{}: {}", url.address(), reply.text));
  return parse_view(reply.text);
}

Result<ClusterView> ask_cluster(const std::vector<client::RedisUrl>& entries, Duration patience,
                                AskFor what) {
  Error last{Fault::invalid, "no node was named"};
  for (const client::RedisUrl& entry : entries) {
    Result<NodeView> first = ask_node(entry, patience, what);
    if (!first) {
      last = first.error();
      continue;
    }
    std::map<uint64_t, NodeView> nodes;
    for (const NodeView& member : first->members) nodes[member.id] = member;
    nodes[first->id] = *first;
    for (auto& [id, node] : nodes) {
      if (node.alive || node.resp.empty()) continue;
      Result<client::RedisUrl> url = client::parse_redis_url(node.resp);
      if (!url) continue;
      url->password = entry.password;
      if (Result<NodeView> view = ask_node(*url, patience, what); view && view->id == id)
        node = *std::move(view);
    }
    ClusterView cluster;
    for (auto& [id, node] : nodes) cluster.nodes.push_back(std::move(node));
    cluster.leader = agreed_leader(cluster.nodes);
    return cluster;
  }
  return tl::unexpected(last);
}

std::string view_json(const ClusterView& view) {
  json::array nodes;
  for (const NodeView& node : view.nodes) nodes.push_back(json_of(node));
  json::object out{{"leader", nullptr}, {"nodes", std::move(nodes)}};
  if (view.leader) out["leader"] = *view.leader;
  return json::serialize(out);
}

std::string view_table(const ClusterView& view, bool colour) {
  const Style style(colour);
  std::string out = style.bold(fmt::format("{:<5}{:<11}{:<8}{:<6}{:<10}{:<10}{:<9}{:<9}{:<18}{}\n",
                                           "node", "role", "leader", "term", "commit", "applied",
                                           "keys", "pid", "clients", "ready"));
  for (const NodeView& node : view.nodes) {
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
