// Ports of this machine that are free, below those that the kernel gives to clients: one that is
// found stays free while its server is being started again.
#pragma once

#include <cstdint>
#include <set>

#include "coterie/base/random.h"
#include "coterie/base/result.h"

namespace coterie::torture {

// A socket that listens on a loopback port and does not block.
struct Listener {
  int socket = -1;
  uint16_t port = 0;
};

// Gives no port twice.
class Ports {
 public:
  explicit Ports(uint64_t seed) : random_(seed) {}

  // The caller owns the socket. Fault::io: none of many ports was free.
  Result<Listener> listen();
  // One on which nobody listens.
  Result<uint16_t> free();

 private:
  Random random_;
  std::set<uint16_t> given_;
};

}  // namespace coterie::torture
