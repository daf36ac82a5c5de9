// Joins a client's socket (byte_stream.h) to the connection machine that understands its bytes
// (client/connection.h).
#pragma once

#include "coterie/server/byte_stream.h"
#include "coterie/server/client/hub.h"

namespace coterie::server {

// Makes the streams of the hub's connections. The hub outlives them.
StreamFactory client_streams(Hub& hub);

}  // namespace coterie::server
