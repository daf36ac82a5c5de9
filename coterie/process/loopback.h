// Sockets that listen on this machine alone: to find a port that is free, or to be a server.
#pragma once

#include <cstdint>

#include "coterie/base/result.h"

namespace coterie::process {

// Listens on 127.0.0.1; the caller owns the socket, which does not block. `waiting_max`:
// connections that were not yet accepted. Fault::io: somebody has the port, or no socket was to be
// had.
Result<int> listen_on_loopback(uint16_t port, int waiting_max);

}  // namespace coterie::process
