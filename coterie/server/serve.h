// A node as a process: what it is told at its start, and the call that runs it until it is told to
// stop.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "coterie/base/ids.h"
#include "coterie/base/time.h"
#include "coterie/store/log/log.h"
#include "coterie/world/net/address.h"
#include "coterie/world/world.h"

namespace coterie::server {

enum class LogFormat : uint8_t { text, json };

// Checked as a whole by the command line (cli/serve_options.h): `cluster` names `node`, what
// listens beyond loopback was allowed to.
struct ServeOptions {
  NodeId node{1};
  // Where the nodes hear each other, this one's own address included; empty: a single node, which
  // listens to no peer.
  std::map<NodeId, world::HostPort> cluster;
  world::HostPort listen{"127.0.0.1", 7379};  // clients
  world::HostPort http{"127.0.0.1", 7479};    // health, status; an empty host: no HTTP
  // How clients and people elsewhere reach this node: the above, with this node's host of `cluster`
  // in place of a wildcard. Told to the other nodes.
  world::HostPort advertised_listen{"127.0.0.1", 7379};
  world::HostPort advertised_http{"127.0.0.1", 7479};
  std::string data = "./coterie-data/1";  // made when it is not there
  store::FsyncMode fsync = store::FsyncMode::always;
  Duration request_timeout = seconds(10);
  std::string password;  // empty: none is asked for, and clients beyond loopback are refused
  world::LogLevel log_level = world::LogLevel::info;
  LogFormat log_format = LogFormat::text;
};

// Runs the node. Returns the exit code: 0 after TERM or INT (leadership is handed over and clients
// are drained first), otherwise as in sysexits, after one line on standard error that says what to
// do.
int run_server(const ServeOptions& options);

}  // namespace coterie::server
