// See status_json.h.
#include "coterie/server/client/status_json.h"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace coterie::server {

namespace {

boost::json::value node_or_null(NodeId node) {
  if (!node) return nullptr;
  return node.value;
}

boost::json::object member_json(const node::MemberStatus& member) {
  return {{"id", member.node.value},     {"peer", member.peer_address},
          {"resp", member.resp_address}, {"http", member.http_address},
          {"voter", member.voter},       {"connected", member.connected},
          {"match", member.match.value}};
}

}  // namespace

std::string status_json(const node::NodeStatus& status) {
  boost::json::array members;
  const node::MemberStatus* own = nullptr;
  for (const node::MemberStatus& member : status.members) {
    members.push_back(member_json(member));
    if (member.node == status.node) own = &member;
  }
  boost::json::object out{
      {"id", status.node.value},
      {"pid", status.process_id},
      {"alive", true},
      {"role", status.role},
      {"leader", node_or_null(status.leader)},
      {"term", status.term.value},
      {"commit", status.commit.value},
      {"applied", status.applied.value},
      {"last", status.last.value},
      {"resp", own == nullptr ? "" : own->resp_address},
      {"http", own == nullptr ? "" : own->http_address},
      {"keys", status.keys},
      {"cluster", status.cluster},
      {"replica", status.replica},
      {"first", status.first.value},
      {"snapshot", status.snapshot.value},
      {"log_bytes", status.log_bytes},
      {"memory_bytes", status.memory_bytes},
      {"recent_sync_ms", status.recent_sync_ms},
      {"disk_full", status.disk_full},
      {"ready", status.ready},
      {"not_ready_reason", status.not_ready_reason},
      {"members", std::move(members)},
  };
  if (status.state_digest) out["state_digest"] = fmt::format("{:016x}", *status.state_digest);
  return boost::json::serialize(out);
}

}  // namespace coterie::server
