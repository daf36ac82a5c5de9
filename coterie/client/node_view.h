// What a node says of itself and its cluster, and what follows when all of them have been asked:
// each view may be wrong or old, so the cluster has a leader only when a majority says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coterie/base/result.h"
#include "coterie/base/time.h"
#include "coterie/client/redis_url.h"

namespace coterie::client {

struct NodeView {
  uint64_t id = 0;
  bool alive = false;  // it has answered; what follows but the addresses is empty otherwise
  int64_t pid = 0;
  std::string role;
  std::optional<uint64_t> leader;
  uint64_t term = 0, commit = 0, applied = 0, last = 0, keys = 0;
  std::string resp, http;
  bool ready = false;
  std::string not_ready_reason;
  bool voter = false;        // of a member, as the node that was asked knows it
  std::string state_digest;  // at `applied`; empty: not asked for
  // The nodes it knows, itself too: id, addresses and voter alone are filled in.
  std::vector<NodeView> members;
};

struct ClusterView {
  std::vector<NodeView> nodes;  // ordered by id
  std::optional<uint64_t> leader;

  // Somebody is missing or not ready, or no majority agrees on a leader.
  bool degraded() const;
  const NodeView* find(uint64_t id) const;
};

// From the JSON of COTERIE STATUS. Fields that are absent stay empty.
Result<NodeView> parse_view(std::string_view json);

// The leader that more than half of the nodes name.
std::optional<uint64_t> agreed_leader(const std::vector<NodeView>& nodes);

// With the digest a node may have to read all its keys.
enum class AskFor { status, status_and_digest };

// Asks one node, within `patience`.
Result<NodeView> ask_node(const RedisUrl& url, Duration patience, AskFor what = AskFor::status);
// Asks the first of `entries` that answers which nodes there are, and then each of them, with the
// password of that entry. The error is that of the last entry when none answers.
Result<ClusterView> ask_cluster(const std::vector<RedisUrl>& entries, Duration patience,
                                AskFor what = AskFor::status);

}  // namespace coterie::client
