// InputBudget bounds what all clients together may have sent of requests that are not complete yet.
// Imagine a cloakroom that is full: who carries little still walks through, and of those with heavy
// luggage one at a time is served, in turn, until there is room again. So memory is bounded and no
// two wait for each other: the one whose turn it is can complete its request, which is then carried
// out and gone. Who does not bring the rest in its turn loses its connection.
//
// It knows connections by their numbers only; the hub does what it decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>

#include "coterie/base/time.h"
#include "coterie/server/client/subscriptions.h"

namespace coterie::server {

struct InputLimits {
  size_t total_bytes_max = 256u << 20;  // of all clients; beyond: one at a time
  size_t free_bytes = 16u << 10;        // a client that holds no more may always send
  Duration turn_max = seconds(15);      // to complete a request, while the others wait
};

class InputBudget {
 public:
  explicit InputBudget(const InputLimits& limits) : limits_(limits) {}

  // The bytes that a connection holds have changed. `incomplete`: it needs more of them to go on.
  void update(ClientId id, size_t bytes_before, size_t bytes, bool incomplete);
  // A request of it was complete: it has had its turn.
  void completed(ClientId id) {
    if (reader_ == id) reader_ = 0;
  }
  bool may_read(ClientId id, size_t bytes) const {
    return !full_ || bytes <= limits_.free_bytes || id == reader_;
  }

  struct Decision {
    ClientId late = 0;    // has not completed its request in its turn: is to be closed
    ClientId reader = 0;  // it is its turn now: may_read() has become true for it
  };
  // Once a turn of the loop.
  Decision decide(Instant now);
  // Room again since the last call: those that may_read() again. Otherwise empty.
  std::set<ClientId> take_released();

  bool full() const { return full_; }
  uint64_t total_bytes() const { return total_bytes_; }
  uint64_t times_full() const { return times_full_; }

 private:
  const InputLimits limits_;
  uint64_t total_bytes_ = 0;
  bool full_ = false;
  bool released_ = false;
  uint64_t times_full_ = 0;
  std::set<ClientId> large_;  // those that need more and hold more than free_bytes
  ClientId reader_ = 0;       // while full: whose turn it is; 0: nobody's
  ClientId last_reader_ = 0;
  Instant reader_since_;
};

}  // namespace coterie::server
