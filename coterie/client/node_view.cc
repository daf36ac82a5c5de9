// See node_view.h.
#include "coterie/client/node_view.h"

#include <algorithm>
#include <map>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "coterie/client/redis_link.h"

namespace coterie::client {

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

bool flag(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
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
  view.ready = flag(object, "ready");
  view.voter = flag(object, "voter");
  view.not_ready_reason = text(object, "not_ready_reason");
  view.state_digest = text(object, "state_digest");
  return view;
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

Result<NodeView> ask_node(const RedisUrl& url, Duration patience, AskFor what) {
  COTERIE_TRY(link, RedisLink::connect(url, {.connect = patience, .reply = patience}));
  std::vector<std::string_view> words{"COTERIE", "STATUS"};
  if (what == AskFor::status_and_digest) words.push_back("DIGEST");
  COTERIE_TRY(reply, link.command(words));
  if (reply.is_error())
    return fail(Fault::refused, fmt::format("{}: {}", url.address(), reply.text));
  return parse_view(reply.text);
}

Result<ClusterView> ask_cluster(const std::vector<RedisUrl>& entries, Duration patience,
                                AskFor what) {
  Error last{Fault::invalid, "no node was named"};
  for (const RedisUrl& entry : entries) {
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
      Result<RedisUrl> url = parse_redis_url(node.resp);
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

}  // namespace coterie::client
