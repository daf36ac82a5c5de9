// Accepts clients and carries bytes between their sockets and their streams (byte_stream.h): at
// most one receive and one send a connection a turn, whatever number of requests and replies they
// hold, since system calls are the largest part of what a request costs.
//
// A client cannot make the node hold more for it than the limits say: reading stops while much of
// its output is unsent or its stream has enough to do, and a client that lets too much pile up is
// cut off.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "coterie/base/result.h"
#include "coterie/base/time.h"
#include "coterie/server/byte_stream.h"
#include "coterie/world/net/net_world.h"

namespace coterie::server {

struct ClientLimits {
  size_t clients_max = 10'000;
  size_t read_bytes_max = 64u << 10;     // a connection a turn
  size_t unsent_pause_bytes = 1u << 20;  // more is unsent: its requests are not read
  size_t unsent_bytes_max = 256u << 20;  // more is unsent: it is cut off
  Duration hand_over_time_max =
      milliseconds(4);            // a turn; what is left is handed over in the next one
  Duration linger = seconds(15);  // for a stream to end, and its last output to leave
  Duration drain = seconds(1);    // for a client to read our last words and close
  size_t draining_max = 256;      // beyond: closed at once
};

struct ClientCounts {
  size_t connected = 0;
  uint64_t accepted = 0;
  uint64_t refused = 0;  // for there were clients_max
  uint64_t cut_off = 0;  // too much unsent, or lingering for too long
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
};

class ClientListener {
 public:
  // `address` as host:port; port 0 takes a free one. `world` outlives the listener. Errors as
  // listen_on (asio_access.h).
  static Result<std::unique_ptr<ClientListener>> open(world::NetWorld& world,
                                                      const std::string& address,
                                                      ClientLimits limits, StreamFactory factory);
  // Closes all connections; every stream gets on_disconnect(). Not from within a call of a stream
  // or a turn hook.
  ~ClientListener();

  uint16_t port() const;
  ClientCounts counts() const;
  void stop_accepting();
  // All that the streams have put out so far has been given to the clients' sockets: for a clean
  // end, after which the listener is destroyed.
  bool all_sent() const;

 private:
  class Impl;
  explicit ClientListener(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace coterie::server
