// A small HTTP/1.1 server in the node's loop, for health checks, status and metrics: GET and HEAD,
// short answers. It is no web server: requests with a body are refused, and the limits are tight.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "coterie/base/result.h"
#include "coterie/base/time.h"
#include "coterie/world/net/net_world.h"

namespace coterie::http {

struct HttpReply {
  unsigned status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

// Called in the loop's thread. `path` is without the query.
using HttpHandler = std::function<HttpReply(std::string_view method, std::string_view path)>;

struct HttpLimits {
  size_t connections_max = 64;             // beyond: closed at once
  uint32_t request_bytes_max = 8u << 10;   // line and headers; 431 beyond
  Duration idle_max = seconds(30);         // between two requests of a connection
  Duration request_time_max = seconds(5);  // to send a request, and to take the answer
};

class HttpServer {
 public:
  // `address` as host:port; port 0 takes a free one. `world` outlives the server. Errors as
  // listen_on (asio_access.h).
  static Result<std::unique_ptr<HttpServer>> open(world::NetWorld& world,
                                                  const std::string& address, HttpLimits limits,
                                                  HttpHandler handler);
  ~HttpServer();  // closes all connections; not from within the handler

  uint16_t port() const;

 private:
  class Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace coterie::http
