// See serve.h. Nothing happens here: the parts are made, told of each other, and given their turns.
#include "coterie/server/serve.h"

#include <cstdio>
#include <memory>
#include <utility>

#include <unistd.h>

#include "coterie/node/node.h"
#include "coterie/server/client/hub.h"
#include "coterie/server/client/status_json.h"
#include "coterie/server/client_listener.h"
#include "coterie/server/client_stream.h"
#include "coterie/server/http/health_pages.h"
#include "coterie/server/http/http_server.h"
#include "coterie/world/net/net_world.h"

namespace coterie::server {

namespace {

constexpr int exit_unavailable = 69;   // sysexits: EX_UNAVAILABLE, a port or a directory is in use
constexpr int exit_data = 65;          // EX_DATAERR: the data directory is not this node's
constexpr int exit_input_output = 74;  // EX_IOERR
constexpr Duration end_patience = milliseconds(500);  // for the last replies to leave

int exit_code_of(Fault fault) {
  switch (fault) {
    case Fault::refused:
      return exit_unavailable;
    case Fault::io:
    case Fault::no_space:
      return exit_input_output;
    default:
      return exit_data;
  }
}

const char* fsync_name(store::FsyncMode mode) {
  switch (mode) {
    case store::FsyncMode::always:
      return "always";
    case store::FsyncMode::interval:
      return "everysec";
    case store::FsyncMode::never:
      return "no";
  }
  return "?";
}

world::NetOptions net_options(const ServeOptions& options) {
  world::NetOptions net;
  net.self = options.node;
  for (const auto& [node, address] : options.cluster) net.nodes[node] = address.text();
  if (!options.cluster.empty()) net.listen = net.nodes[options.node];
  net.data_dir = options.data;
  net.log.level = options.log_level;
  net.log.format =
      options.log_format == LogFormat::json ? world::LogFormat::json : world::LogFormat::text;
  return net;
}

node::NodeOptions node_options(const ServeOptions& options) {
  node::NodeOptions node;
  node.node = options.node;
  for (const auto& [id, address] : options.cluster) node.named[id] = address.text();
  if (options.cluster.empty()) node.named[options.node] = "";
  node.process_id = getpid();
  node.log.fsync = options.fsync;
  node.replica.request_timeout = options.request_timeout;
  return node;
}

// One node of this process, from its parts to its end.
class Server {
 public:
  explicit Server(const ServeOptions& options) : options_(options) {}

  Result<void> open() {
    COTERIE_TRY(world, world::NetWorld::open(net_options(options_)));
    world_ = std::move(world);
    hub_ = std::make_unique<Hub>(settings());
    COTERIE_TRY(node, node::Node::start(*world_, node_options(options_), *hub_));
    node_ = std::move(node);
    hub_->attach(*node_);
    COTERIE_TRY(listener,
                ClientListener::open(*world_, options_.listen.text(), {}, client_streams(*hub_)));
    listener_ = std::move(listener);
    if (!options_.http.host.empty()) {
      COTERIE_TRY(http, http::HttpServer::open(*world_, options_.http.text(), {}, pages()));
      http_ = std::move(http);
    }
    advertise();
    return {};
  }

  int run() {
    world_->add_hooks({.before_tenant =
                           [this] {
                             hub_->turn(world_->now());
                             if (hub_->has_work()) world_->want_turn();
                           },
                       .after_tenant = {}});
    world_->on_signal([this](int) { begin_end(); });
    const world::End end = world_->run(*node_);
    if (!end.reason.empty()) std::fprintf(stderr, "coterie serve: %s\n", end.reason.c_str());
    return node_->misplaced() ? exit_data : end.exit_code;
  }

 private:
  Settings settings() {
    Settings settings;
    settings.password = options_.password;
    settings.listen = options_.listen.text();
    settings.want_turn = [this] { world_->want_turn(); };
    settings.config = [this] {
      return ConfigTable{
          {"appendonly", "yes"},
          {"appendfsync", fsync_name(options_.fsync)},
          {"bind", options_.listen.host},
          {"databases", "16"},
          {"dir", options_.data},
          {"maxmemory", "0"},
          {"maxmemory-policy", "noeviction"},
          {"port", std::to_string(listener_ ? listener_->port() : options_.listen.port)},
          {"requirepass", options_.password.empty() ? "" : "(hidden)"},
          {"save", ""},
          {"timeout", "0"}};
    };
    return settings;
  }

  http::HttpHandler pages() {
    return http::health_handler({.not_ready_reason = [this]() -> std::optional<std::string> {
                                   std::string reason = node_->not_ready_reason();
                                   if (reason.empty()) return {};
                                   return reason;
                                 },
                                 .status_json = [this] { return status_json(node_->status()); }});
  }

  // Others are told the ports that were really taken.
  void advertise() {
    world::HostPort listen = options_.advertised_listen;
    if (listen.port == 0) listen.port = listener_->port();
    world::HostPort http = options_.advertised_http;
    if (http_ && http.port == 0) http.port = http_->port();
    node_->set_addresses(listen.text(), http_ ? http.text() : "");
  }

  // TERM: no new clients, leadership handed over, what is under way answered, the log ended
  // cleanly.
  void begin_end() {
    if (std::exchange(ending_, true)) return;
    world_->log(world::LogLevel::info, "stopping: handing over and draining");
    listener_->stop_accepting();
    node_->shut_down([this] { await_last_replies(world_->now().monotonic + end_patience); });
  }

  void await_last_replies(Instant give_up) {
    if (listener_->all_sent() || world_->now().monotonic >= give_up) return world_->finish(0);
    world_->call_at(world_->now().monotonic + milliseconds(5),
                    [this, give_up] { await_last_replies(give_up); });
  }

  ServeOptions options_;
  std::unique_ptr<world::NetWorld> world_;
  std::unique_ptr<Hub> hub_;
  std::unique_ptr<node::Node> node_;
  std::unique_ptr<ClientListener> listener_;
  std::unique_ptr<http::HttpServer> http_;
  bool ending_ = false;
};

}  // namespace

int run_server(const ServeOptions& options) {
  Server server(options);
  if (auto opened = server.open(); !opened) {
    std::fprintf(stderr, "coterie serve: %s\n", opened.error().message.c_str());
    return exit_code_of(opened.error().fault);
  }
  return server.run();
}

}  // namespace coterie::server
