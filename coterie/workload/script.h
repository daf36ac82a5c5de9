// A script is what one client does: a pure machine that says which command comes next and turns
// each answer into operations of a history. It knows no simulator and no socket, so that the same
// clients work in the simulator, against real processes, and against other stores that speak RESP.
//
//   Script::Step step = script.next();          // wait step.pause, send step.words
//   script.answered(answer, called_ns, returned_ns);   // exactly once per step, then next() again
//
// A script draws the n-th step from a stream of its own, so that leaving one out moves no other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/base/time.h"
#include "coterie/proof/history.h"
#include "coterie/server/resp/value.h"

namespace coterie::workload {

// What came of a command.
struct Answer {
  std::optional<resp::Value>
      value;         // none: the connection ended, or time was over, with the command under way
  bool sent = true;  // false: it cannot have reached a node
};

struct Step {
  Duration pause;                  // before it is sent
  std::vector<std::string> words;  // the command; never empty
  Duration patience;               // give up after that: the answer has no value then
  bool hang_up = false;            // close the connection while it is under way, after `patience`
};

class Script {
 public:
  virtual ~Script() = default;
  // The next command. Empty when the client has come to its end: only after finish().
  virtual std::optional<Step> next() = 0;
  // REQUIRES: a step is under way. Times are of one clock for all clients, in nanoseconds.
  virtual void answered(const Answer& answer, int64_t called_ns, int64_t returned_ns) = 0;
  // Start nothing new; next() ends what is begun (a transaction half sent, a request that is
  // repeated until it is answered) and then gives nothing.
  virtual void finish() = 0;
  // What has been seen since the last call, to be appended to the history, in the order of returns.
  // An operation whose outcome is not known is among them at once.
  virtual proof::History take() = 0;
  // For messages: "INCR once3, for the 4th time".
  virtual std::string describe() const = 0;
};

// The kinds of clients there are; docs/explanation/how-we-test.md has them in words.
enum class Kind : uint8_t {
  strings,   // GET, SET, DEL, INCR, APPEND, CAS (SET IFEQ) on few keys
  sets,      // SADD, SREM, SISMEMBER, SMEMBERS
  hashes,    // HSET, HGET, HDEL, HGETALL
  queue,     // RPUSH of unique items, LPOP, BLPOP
  once,      // ONCE client n INCR, repeated until it is answered
  lock,      // SET NX PX TOKEN, FENCE, DELIFEQ
  transfer,  // WATCH, GET, MULTI, EXEC between accounts
  expiry,    // SET PX and GET: gone when its time is over, not before
  pubsub,    // SUBSCRIBE here, PUBLISH there: what arrives comes in one order
};
inline constexpr size_t kinds = static_cast<size_t>(Kind::pubsub) + 1;
std::string_view kind_name(Kind kind);
std::optional<Kind> kind_of(std::string_view name);

struct ScriptOptions {
  Kind kind = Kind::strings;
  uint32_t client = 0;
  uint64_t seed = 0;
  Duration pause_mean = milliseconds(20);
  Duration patience = seconds(12);  // above the node's own request timeout
  bool plain_redis = false;  // only what every Redis has: no ONCE, no TOKEN, no FENCE, no IFEQ
};

std::unique_ptr<Script> make_script(const ScriptOptions& options);

}  // namespace coterie::workload
