// What may become of a frame on a link besides arriving in its turn, as a value: drawn by the link
// while a fault lasts, or given to it for one frame. A listener hears of each, so that a run can be
// told again decision by decision.
#pragma once

#include <cstdint>
#include <vector>

#include "coterie/base/ids.h"
#include "coterie/base/payload.h"
#include "coterie/base/time.h"

namespace coterie::sim {

struct Fate {
  enum class Kind : uint8_t {
    lost,
    repeated,   // a copy arrives, `by` after it
    overtaken,  // arrives `by` later, and those behind do not wait for it
    late        // arrives `by` later, and those behind with it
  };
  Kind kind = Kind::lost;
  Duration by;
  uint64_t tag = 0;  // of whoever gave it; of a drawn one: the seed it was drawn from

  bool operator==(const Fate&) const = default;
};

// A frame departs, or a connection breaks.
struct LinkMoment {
  NodeId from, to;
  Instant when;             // virtual time
  uint64_t departures = 0;  // of this link so far, this one included
  bool broken = false;      // no frame: the connection broke, as was drawn from `break_seed`
  uint64_t break_seed = 0;
  std::vector<Fate> drawn, given;
  const std::vector<Payload>* parts = nullptr;  // of the frame; valid during the call
};

}  // namespace coterie::sim
