// For the few parts that have sockets of their own in the loop of a NetWorld (the clients'
// listener, HTTP). Everything else includes net_world.h, which knows nothing of Asio.
#pragma once

#include "coterie/base/result.h"
#include "coterie/world/net/address.h"
#include "coterie/world/net/asio_types.h"
#include "coterie/world/net/net_world.h"

namespace coterie::world {

// Handlers run in the turns of `world`, before its before_tenant hooks. Valid as long as the world.
boost::asio::io_context& io_context_of(NetWorld& world);

// Binds and listens. `what` names the purpose for messages: "clients", "peers". Fault::refused: the
// port is in use; Fault::invalid: no such address here. A name is resolved at once, so this is for
// the start only.
Result<void> listen_on(TcpAcceptor& acceptor, const HostPort& address, std::string_view what);

}  // namespace coterie::world
