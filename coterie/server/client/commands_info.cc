// INFO and ROLE. Clients decide by redis_version, role, maxmemory_policy and a few more; the truth
// about the cluster is under # Coterie. Every node says master, for every node takes writes.
#include <set>
#include <string>

#include <fmt/format.h>

#include "coterie/server/client/hub.h"
#include "coterie/server/client/local_command.h"

namespace coterie::server {

namespace {

struct Facts {
  const Hub& hub;
  node::NodeStatus status;
};

std::string human_bytes(uint64_t bytes) {
  static constexpr const char* units[] = {"B", "K", "M", "G", "T"};
  auto size = static_cast<double>(bytes);
  size_t unit = 0;
  while (size >= 1024 && unit + 1 < std::size(units)) size /= 1024, ++unit;
  return unit == 0 ? fmt::format("{}B", bytes) : fmt::format("{:.2f}{}", size, units[unit]);
}

std::string_view port_of(std::string_view address) {
  const size_t colon = address.rfind(':');
  return colon == std::string_view::npos ? "0" : address.substr(colon + 1);
}

std::string server_section(const Facts& facts) {
  const int64_t uptime = (facts.hub.now().monotonic - facts.hub.started()).ns / 1'000'000'000;
  return fmt::format(
      "# "
      "Server\r\nredis_version:7.2.0\r\nredis_mode:standalone\r\ncoterie_version:{}\r\narch_bits:{}"
      "\r\n"
      "process_id:{}\r\nrun_id:{}\r\ntcp_port:{}\r\nserver_time_usec:{}\r\nuptime_in_seconds:{}"
      "\r\nuptime_in_days:{}\r\n",
      facts.hub.settings().version, sizeof(void*) * 8, facts.status.process_id,
      facts.status.replica, port_of(facts.hub.settings().listen), facts.hub.now().wall.ms * 1000,
      uptime, uptime / 86'400);
}

std::string clients_section(const Facts& facts) {
  size_t subscribers = 0;
  for (const auto& [id, connection] : facts.hub.connections())
    subscribers += connection->subscriptions() > 0 ? 1 : 0;
  return fmt::format(
      "# "
      "Clients\r\nconnected_clients:{}\r\ncluster_connections:0\r\nmaxclients:{}\r\nblocked_"
      "clients:{}\r\n"
      "pubsub_clients:{}\r\ntracking_clients:0\r\n",
      facts.hub.connections().size(), facts.hub.limits().clients_max, facts.hub.blocked_clients(),
      subscribers);
}

std::string memory_section(const Facts& facts) {
  const uint64_t used = facts.status.memory_bytes;
  return fmt::format(
      "# "
      "Memory\r\nused_memory:{}\r\nused_memory_human:{}\r\nused_memory_dataset:{}\r\nmaxmemory:"
      "0\r\n"
      "maxmemory_human:0B\r\nmaxmemory_policy:noeviction\r\n",
      used, human_bytes(used), used);
}

std::string persistence_section(const Facts& facts) {
  return fmt::format(
      "# "
      "Persistence\r\nloading:0\r\nasync_loading:0\r\nrdb_changes_since_last_save:0\r\nrdb_bgsave_"
      "in_progress:0\r\n"
      "rdb_last_bgsave_status:ok\r\naof_enabled:1\r\naof_rewrite_in_progress:0\r\naof_last_"
      "bgrewrite_status:ok\r\n"
      "aof_last_write_status:{}\r\naof_current_size:{}\r\n",
      facts.status.disk_full ? "err" : "ok", facts.status.log_bytes);
}

std::string stats_section(const Facts& facts) {
  const Counters& counters = facts.hub.counters();
  return fmt::format(
      "# "
      "Stats\r\ntotal_connections_received:{}\r\ntotal_commands_processed:{}\r\ninstantaneous_ops_"
      "per_sec:{:.0f}\r\n"
      "total_net_input_bytes:{}\r\ntotal_net_output_bytes:{}\r\nrejected_connections:{}\r\nevicted_"
      "keys:0\r\n"
      "evicted_clients:0\r\npubsub_channels:{}\r\npubsub_patterns:{}\r\ntotal_error_replies:{}\r\n"
      "client_output_buffer_limit_disconnections:{}\r\nprotocol_errors:{}\r\nmessages_delivered:{}"
      "\r\n"
      "times_overloaded:{}\r\nincomplete_requests_bytes:{}\r\ntimes_input_full:{}\r\n",
      counters.connections_accepted + counters.connections_rejected, counters.commands,
      facts.hub.commands_per_second(), counters.input_bytes, facts.hub.output_bytes(),
      counters.connections_rejected, facts.hub.subscriptions().channels(),
      facts.hub.subscriptions().patterns(), counters.error_replies, counters.output_limit_closed,
      counters.protocol_errors, counters.messages_delivered, counters.turns_overloaded,
      facts.hub.input().total_bytes(), facts.hub.input().times_full());
}

std::string replication_section(const Facts& facts) {
  return fmt::format(
      "# "
      "Replication\r\nrole:master\r\nconnected_slaves:0\r\nmaster_failover_state:no-"
      "failover\r\nmaster_replid:{}\r\n"
      "master_repl_offset:{}\r\n",
      facts.status.cluster, facts.status.applied);
}

std::string keyspace_section(const Facts& facts) {
  std::string text = "# Keyspace\r\n";
  for (size_t db = 0; db < facts.status.databases.size(); ++db) {
    const node::NodeStatus::Database& one = facts.status.databases[db];
    if (one.keys == 0) continue;
    text += fmt::format("db{}:keys={},expires={},avg_ttl=0\r\n", db, one.keys, one.expiring);
  }
  return text;
}

std::string coterie_section(const Facts& facts) {
  const node::NodeStatus& status = facts.status;
  std::string text = fmt::format(
      "# "
      "Coterie\r\nnode:{}\r\ncluster:{}\r\nreplica:{}\r\nraft_role:{}\r\nleader:{}\r\nterm:{}"
      "\r\ncommit:{}\r\n"
      "applied:{}\r\nfirst:{}\r\nlast:{}\r\nsnapshot:{}\r\nkeys:{}\r\nlog_bytes:{}\r\nrecent_sync_"
      "ms:{:.3f}\r\n"
      "disk_full:{}\r\nready:{}\r\nnot_ready_reason:{}\r\nmembers:{}\r\n",
      status.node, status.cluster, status.replica, status.role, status.leader, status.term,
      status.commit, status.applied, status.first, status.last, status.snapshot, status.keys,
      status.log_bytes, status.recent_sync_ms, status.disk_full ? 1 : 0, status.ready ? 1 : 0,
      status.not_ready_reason, status.members.size());
  for (const node::MemberStatus& member : status.members) {
    text += fmt::format("member{}:peer={},resp={},http={},voter={},connected={},match={}\r\n",
                        member.node, member.peer_address, member.resp_address, member.http_address,
                        member.voter ? 1 : 0, member.connected ? 1 : 0, member.match);
  }
  return text;
}

struct Section {
  std::string_view name;
  std::string (*text)(const Facts&);
};

constexpr Section sections[] = {
    {"server", server_section},     {"clients", clients_section},
    {"memory", memory_section},     {"persistence", persistence_section},
    {"stats", stats_section},       {"replication", replication_section},
    {"keyspace", keyspace_section}, {"coterie", coterie_section},
};

}  // namespace

Outcome run_info(LocalCall& call) {
  const auto wanted = [&](std::string_view name) {
    if (call.words.size() == 1) return true;
    for (std::string_view word : call.words.subspan(1)) {
      if (same_word(word, name) || same_word(word, "all") || same_word(word, "default") ||
          same_word(word, "everything"))
        return true;
    }
    return false;
  };
  const Facts facts{call.hub, call.hub.gateway().status()};
  std::string text;
  for (const Section& section : sections) {
    if (!wanted(section.name)) continue;
    if (!text.empty()) text += "\r\n";
    text += section.text(facts);
  }
  call.reply.raw(resp::reply_text(text).view());
  return Outcome::done;
}

Outcome run_role(LocalCall& call) {
  call.reply.array(3);
  call.reply.bulk("master");
  call.reply.integer(static_cast<int64_t>(call.hub.gateway().status().applied.value));
  call.reply.array(0);
  return Outcome::done;
}

}  // namespace coterie::server
