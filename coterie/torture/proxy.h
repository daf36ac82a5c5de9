// The fault proxy stands between the nodes of a cluster: each link, from the node that dials to the
// one that listens, has a port of its own here, and its faults can be changed while connections
// are open. Without faults bytes pass as they come.
//
// One thread of its own moves the bytes; all functions may be called from any other. Loopback only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "coterie/base/result.h"
#include "coterie/torture/ports.h"
#include "coterie/torture/proxied_connection.h"

namespace coterie::torture {

// What has passed a link.
struct LinkCounts {
  size_t open = 0;        // connections
  uint64_t accepted = 0;  // connections, all that there were
};

class Proxy {
 public:
  static constexpr size_t connections_max = 64;  // of one link; more are reset

  static Result<std::unique_ptr<Proxy>> start(uint64_t seed);
  virtual ~Proxy() = default;  // closes all ports and connections

  // A link to a port of this machine. Returns the port of the link. Fault::io: none is free.
  virtual Result<uint16_t> add(Ports& ports, uint16_t target_port) = 0;

  // REQUIRES of all: `port` is of a link. Each holds from its return.
  virtual void set(uint16_t port, const LinkFaults& faults) = 0;
  virtual void kill_connections(uint16_t port) = 0;
  virtual LinkCounts counts(uint16_t port) const = 0;
};

}  // namespace coterie::torture
