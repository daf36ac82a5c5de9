// What world/net is to be told: where this node lives and who its peers are, and the limits it
// keeps. Plain values; the defaults are those of the product, tests set others.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "coterie/base/ids.h"
#include "coterie/base/time.h"
#include "coterie/world/net/log_sink.h"

namespace coterie::world {

struct PeerLimits {
  Duration backoff_least = milliseconds(20);  // before the first new attempt to reach a peer
  Duration backoff_most = seconds(1);
  Duration attempt_timeout = seconds(2);  // to resolve, connect and be welcomed
  Duration silent_timeout =
      seconds(5);  // a connection whose other side is silent for so long is given up
  uint64_t queue_bytes_max = 65u << 20;  // waiting for one peer, room for the largest frame;
                                         // beyond it the link is broken
  int unidentified_max = 32;             // accepted connections that have not yet said who they are
  Duration identify_timeout = seconds(5);  // to say so
  // Of two processes that say they are one node, the one that is connected and was heard so lately
  // stays. More than the interval of the nodes' hellos.
  Duration alive_within = seconds(3);
  // A process whose id is taken for so long, and that no peer welcomes, ends. More than
  // alive_within, so that a node that comes back after a loss of power outlasts its own old
  // connections.
  Duration taken_patience = seconds(6);
};

struct DiskLimits {
  Duration slow_sync =
      milliseconds(5);  // a sync that takes longer moves the work to the helper thread ...
  Duration helper_least =
      milliseconds(250);  // ... at least for so long; twice that when it soon happens again
  Duration helper_most = seconds(8);
  Duration noted_sync = milliseconds(100);  // a sync that takes longer is a line in the log
  uint64_t inline_bytes_max = 256u << 10;   // larger writes are the helper's
  bool write_and_sync_in_one = true;        // pwritev2 with RWF_DSYNC where the kernel has it
};

struct NetOptions {
  NodeId self;
  // Where peers reach this node, as host:port. Port 0 takes a free one (see NetWorld::peer_port).
  // Empty: no peers.
  std::string listen;
  // host:port of every node, its own included or not: a node never dials itself.
  std::map<NodeId, std::string> nodes;
  std::string data_dir;  // made if it is not there
  LogSettings log;
  PeerLimits peers;
  DiskLimits disk;
};

}  // namespace coterie::world
