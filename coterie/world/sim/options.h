// What a simulated world is like, as plain values. The defaults are a healthy local network, a good
// disk and honest clocks; tests and fault plans change what they are about.
#pragma once

#include <cstdint>

#include "coterie/base/time.h"
#include "coterie/world/sim/delay.h"

namespace coterie::sim {

// What becomes of unsynced writes when the power goes.
enum class Survival : uint8_t {
  drawn,    // one of the others, by the weights of CrashOptions
  all,      // every write survives
  none,     // every one is lost
  prefix,   // of each file, those up to some moment survive
  mixture,  // each page, or each sector of it, is as one of the writes left it
};

enum class CrashKind : uint8_t {
  process,  // kill -9: the kernel keeps what was written, and closes the connections
  power,    // the machine stops: what was not synced is at the mercy of `survival`; peers hear
            // nothing
};

struct CrashOptions {
  CrashKind kind = CrashKind::power;
  Survival survival = Survival::drawn;
  double all_weight = 0.1;  // of `drawn`; the rest is mixture
  double none_weight = 0.1;
  double prefix_weight = 0.3;
  double torn_probability = 0.3;     // the sector being written keeps only a part of the new bytes
  double garbage_probability = 0.1;  // or holds neither the old nor the new ones
  uint64_t seed = 0;                 // of what is drawn in this crash; 0: the node's own stream
};

struct DiskOptions {
  uint64_t capacity_bytes = uint64_t{1} << 40;
  Delay write_delay = Delay::uniform(microseconds(5), microseconds(30));
  Delay sync_delay =
      Delay::uniform(microseconds(80), microseconds(300));  // added where data is made durable
  Delay read_delay = Delay::uniform(microseconds(10), microseconds(100));
  Delay name_delay =
      Delay::uniform(microseconds(100), microseconds(400));  // create, rename, remove
  uint64_t bytes_per_second = 500'000'000;                   // 0: no limit
  double write_failure_probability = 0;
  double sync_failure_probability = 0;
  double read_failure_probability = 0;
};

// Each kind of decision about frames draws from a stream of its own, and draws as often whatever it
// comes to. A seed that is not 0 begins that stream anew, so that what happens while a fault lasts
// does not depend on what the link has drawn before.
struct LinkOptions {
  Delay delay = Delay::uniform(microseconds(50), microseconds(150));
  double loss_probability = 0;
  double duplicate_probability = 0;
  double reorder_probability =
      0;  // such a frame takes `reorder_delay` more and is overtaken by others
  Delay reorder_delay = Delay::exponential({}, milliseconds(5));
  Delay late;  // on top of `delay`
  uint64_t loss_seed = 0, duplicate_seed = 0, reorder_seed = 0, late_seed = 0, break_seed = 0;
  uint64_t bytes_per_second = 0;         // 0: no limit
  uint64_t queue_bytes_max = 64u << 20;  // what waits at the sender; above it frames are dropped
  uint64_t window_bytes =
      4u << 20;         // what the receiver has not yet taken; above it the sender waits
  Duration break_mean;  // mean time between spontaneous breaks; 0: none
  Duration clog_mean;   // mean time between clogs, in which nothing moves; 0: none
  Delay clog_duration = Delay::exponential({}, milliseconds(500));
  Delay notice_delay = Delay::uniform(
      microseconds(50), milliseconds(2));  // until an end hears of a closed connection
  Delay silence_timeout =
      Delay::uniform(milliseconds(500), seconds(3));  // until it gives a silent one up
  Delay connect_delay = Delay::uniform(microseconds(100), milliseconds(1));
  Delay retry_delay =
      Delay::uniform(milliseconds(5), milliseconds(100));  // between attempts to connect
};

struct ClockOptions {
  WallTime start{1'700'000'000'000};  // what a right wall clock shows at the start
  Duration wall_offset_max;           // each wall clock starts that far off at most, either way
  int64_t drift_ppm_max =
      0;  // each clock runs that much fast or slow at most; both clocks of a node alike
  Duration step_mean;               // mean time between steps of the wall clock; 0: none
  Duration step_max = seconds(10);  // either way
};

// A turn takes what has come in while the node waited or worked, so that batches form as they do in
// life.
struct TurnOptions {
  Delay quantum =
      Delay::uniform(microseconds(1), microseconds(20));  // from the first thing due to the turn
  Duration cost = microseconds(5);                        // of virtual time, for any turn
  Duration cost_per_item = nanoseconds(500);              // frame, completion, poke
  Duration cost_per_kib = nanoseconds(200);               // of frames received and sent
  uint32_t items_max = 256;
  uint64_t bytes_max = 4u << 20;
};

struct SimOptions {
  uint64_t seed = 1;
  LinkOptions link;
  DiskOptions disk;
  ClockOptions clock;
  TurnOptions turn;
  uint32_t log_lines_max = 10'000;
};

}  // namespace coterie::sim
