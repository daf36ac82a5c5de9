// A connection through the fault proxy: two sockets, and a pipe for each direction between them.
#pragma once

#include <cstdint>

#include "coterie/torture/pipe.h"

namespace coterie::torture {

// What is wrong with a link, seen from the side that dials: forward is what that side sends.
struct LinkFaults {
  DirectionFaults forward{};
  DirectionFaults backward{};
  bool refuse = false;  // new connections are refused; those that are there stay

  bool operator==(const LinkFaults&) const = default;
};

class ProxiedConnection {
 public:
  // Owns both sockets, which are non-blocking; the one to the target is still connecting.
  ProxiedConnection(int dialler, int target, uint64_t seed);
  ~ProxiedConnection();
  ProxiedConnection(const ProxiedConnection&) = delete;
  ProxiedConnection& operator=(const ProxiedConnection&) = delete;

  void set(const LinkFaults& faults, Instant now);
  // Reads and writes what can be without waiting. False: it is over, or broken; destroy it.
  bool work(Instant now);
  // At its destruction both sides see a reset, instead of an end.
  void reset_both() { reset_ = true; }

  int dialler() const { return dialler_; }
  int target() const { return target_; }
  // What poll() is to wait for; 0: not to be asked.
  int16_t dialler_events(Instant now) const;
  int16_t target_events(Instant now) const;
  // When there is work without an event of a socket.
  Instant next(Instant now) const;

 private:
  bool connected();
  bool move(int from, Pipe& pipe, int to, bool& shut, Instant now);

  int dialler_;
  int target_;
  Pipe forward_;
  Pipe backward_;
  bool connecting_ = true;
  bool forward_shut_ = false, backward_shut_ = false;  // the end was handed on
  bool reset_ = false;
};

}  // namespace coterie::torture
