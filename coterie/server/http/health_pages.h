// The pages by which others judge a node:
//   /healthz      200 "ok": the loop runs. For what restarts processes.
//   /readyz       200 "ok" when linearizable reads can be served here, 503 with the reason
//   otherwise. For what chooses among
//                 nodes, such as a load balancer.
//   /status.json  what the node knows of itself and its cluster.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "coterie/server/http/http_server.h"

namespace coterie::http {

struct HealthSources {
  std::function<std::optional<std::string>()> not_ready_reason;  // nothing: ready
  std::function<std::string()> status_json;
};

// 404 for other paths, 405 for other methods than GET and HEAD.
HttpReply health_page(const HealthSources& sources, std::string_view method, std::string_view path);

// The same as a handler; `sources` are kept.
HttpHandler health_handler(HealthSources sources);

}  // namespace coterie::http
