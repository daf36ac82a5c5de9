// One direction of a connection that passes through the fault proxy: bytes go in at one end and
// come out at the other, later, slowly, or not at all. It is a machine over bytes and times and
// knows no socket; what it holds is bounded, so that a slow wire is felt by who sends.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "coterie/base/random.h"
#include "coterie/base/time.h"

namespace coterie::torture {

enum class Cut : uint8_t {
  none,
  held,       // what is sent waits, and arrives when the cut is over, as TCP sends again
  swallowed,  // what is sent is lost: the connection breaks when the cut is over
};

// What is wrong with one direction.
struct DirectionFaults {
  Duration delay{};               // of every byte
  Duration jitter{};              // besides, uniform in [0, jitter]; bytes keep their order
  uint64_t bytes_per_second = 0;  // 0: no limit
  Cut cut = Cut::none;

  bool operator==(const DirectionFaults&) const = default;
};

inline constexpr size_t pipe_bytes_max = 256u << 10;

class Pipe {
 public:
  explicit Pipe(uint64_t seed) : random_(seed) {}

  // From now on. What is under way starts anew under the new faults.
  void set(const DirectionFaults& faults, Instant now);

  // How many bytes can be taken now.
  size_t room() const { return pipe_bytes_max - held_bytes_; }
  // REQUIRES: bytes.size() <= room(), no end() before.
  void take(std::string_view bytes, Instant now);
  // No more bytes will come.
  void end() { ended_ = true; }

  // What has arrived and can be handed on; valid until the next call.
  std::string_view due(Instant now) const;
  // The first `count` bytes of due() were handed on.
  void handed_on(size_t count);
  // When due() will have something that it has not now; never: not without new bytes or faults.
  Instant next(Instant now) const;

  // All has been handed on and no more will come. While cut, nobody learns of it.
  bool finished() const { return ended_ && chunks_.empty() && faults_.cut == Cut::none; }
  bool ended() const { return ended_; }
  // Bytes were lost, and the cut that hid it is over.
  bool broken() const { return hole_ && faults_.cut != Cut::swallowed; }

 private:
  struct Chunk {
    Instant arrives;
    std::string bytes;
    size_t used = 0;
  };

  Instant arrival(size_t bytes, Instant now);

  DirectionFaults faults_;
  Random random_;
  std::deque<Chunk> chunks_;
  size_t held_bytes_ = 0;
  Instant wire_free_;     // when the last byte taken has left, with a limited bandwidth
  Instant last_arrival_;  // none arrives before
  bool ended_ = false;
  bool hole_ = false;
};

}  // namespace coterie::torture
