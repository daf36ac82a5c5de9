// See health_pages.h.
#include "coterie/server/http/health_pages.h"

#include <utility>

namespace coterie::http {

HttpReply health_page(const HealthSources& sources, std::string_view method,
                      std::string_view path) {
  const bool known = path == "/healthz" || path == "/readyz" || path == "/status.json";
  if (!known) return {.status = 404, .body = "not found: try /healthz, /readyz or /status.json\n"};
  if (method != "GET" && method != "HEAD") return {.status = 405, .body = "only GET and HEAD\n"};
  if (path == "/status.json")
    return {.body = sources.status_json(), .content_type = "application/json"};
  if (path == "/readyz") {
    if (const std::optional<std::string> reason = sources.not_ready_reason()) {
      return {.status = 503, .body = "not ready: " + *reason + "\n"};
    }
  }
  return {.body = "ok\n"};
}

HttpHandler health_handler(HealthSources sources) {
  return [kept = std::move(sources)](std::string_view method, std::string_view path) {
    return health_page(kept, method, path);
  };
}

}  // namespace coterie::http
