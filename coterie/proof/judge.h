// The judge: is there an order of the operations of a history in which each takes effect at one
// instant between its call and its return, and each result is what the object gives at that
// instant? It knows nothing of the store that was used, so it can judge any.
//
//   Ruling ruling = judge(history, Model::automatic);
//
// Operations on different keys are judged apart, those joined by a transaction together (Herlihy &
// Wing, "Linearizability", 1990: locality). Each part goes to the fastest judge that is exact for
// its operations: zones of a register (register_zones.h), queue accounting (queue_accounting.h),
// holds of a lock (mutex.h), one order of messages (pubsub.h); all others, and all that these
// cannot decide, to the general search (search.h). docs/formats/history.md has the operations.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "coterie/base/result.h"
#include "coterie/proof/history.h"
#include "coterie/proof/ruling.h"

namespace coterie::proof {

// What the keys of a history are. A model is a vocabulary: the operations that may occur. The first
// eight ask for linearizability.
enum class Model : uint8_t {
  automatic,       // every operation there is; each key gets the judge that its operations call for
  plain_register,  // get, set
  cas_register,    // and setnx, cas, del
  counter,         // get, incr, decr
  set,             // sadd, srem, sismember, smembers, scard
  queue,           // rpush, lpush, lpop, rpop, llen, lrange: a list
  hash,            // hset, hget, hdel, hgetall, ...
  lock,            // acquire, release, use: leases end by time, tokens grow
  kv,              // all of these on many keys, with transactions over several
  queue_accounting,  // rpush, lpop only counted: lost, duplicated, out of order
  mutex,             // acquire, release, use: no two hold at once, no stale token is accepted
  expiry,            // setpx, get, set, del: gone when its time is over, not before
  pubsub,            // publish, received: one order for all subscribers
};
std::string_view model_name(Model model);
std::optional<Model> model_of(std::string_view name);
// All names, in the order of the enumeration.
std::span<const std::string_view> model_names();

// By how much the time by which a store lets things expire may differ from the time of the
// history. A lease of `ttl` that was asked for between t1 and t2 ends no earlier than
// t1 + ttl - slack and no later than t2 + ttl + slack, slack = ttl * ppm / 10^6 + absolute.
struct ExpirySlack {
  uint64_t ppm = 10'000;
  int64_t absolute_ns = 100'000'000;
  // False: nothing is asked of the end, only that it does not come too early.
  bool ends = true;
};

struct Bounds {
  uint64_t steps_max = 500'000'000;
  uint64_t memory_bytes_max = uint64_t{1} << 30;
  uint64_t open_max = 1'024;
  // Tries to shorten the explanation of a violation, and the steps of each.
  uint64_t explain_tries_max = 2'000;
  // False: the searches that only look for an order are left out. Slower, with the same verdicts.
  bool narrow_sweeps = true;
  ExpirySlack slack;
  // True: what each key held at the start is not known, but one thing. Only of operations that
  // check_initial passes.
  bool initial_unknown = false;
};

// Fault::invalid with the index of the operation and the reason, when `model` does not know an
// operation of `history`, an operation has not the arguments or the result that it must have, or
// a key is used in two ways that no judge can judge together.
Result<void> check_vocabulary(const History& history, Model model);

// Fault::invalid with the index of the first operation that Bounds::initial_unknown does not allow:
// one that tells of a key only what it does not hold (a cas that failed), or that is of no text.
Result<void> check_initial(const History& history);

// Failed operations say nothing and are passed over. A history that check_vocabulary refuses is not
// judged: Bound::vocabulary. Memory is within bounds.memory_bytes_max plus some 100 bytes an
// operation for the parts.
Ruling judge(const History& history, Model model, const Bounds& bounds = {});

}  // namespace coterie::proof
