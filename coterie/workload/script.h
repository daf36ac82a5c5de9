// A script is what one client does: a pure machine that says which command comes next and turns
// each answer into operations of a history. It knows no simulator and no socket, so that the same
// clients work in the simulator, against real processes, and against other stores that speak RESP.
//
//   std::optional<Step> step = script.next();   // wait step->pause, send step->words
//   script.answered(answer, called_ns, returned_ns);   // exactly once per step, then next() again
//
// A script is a row of conversations: a command, or a few that belong together (WATCH ... EXEC).
// The n-th draws from a stream of its own, so that leaving one out moves no other.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/time.h"
#include "coterie/proof/history.h"
#include "coterie/server/resp/value.h"

namespace coterie::workload {

struct Step {
  Duration pause;                  // before it is sent
  std::optional<Duration> start;   // instead of that: when, since the client began; or at once
  std::vector<std::string> words;  // the command; never empty
  Duration patience;  // after that the client closes its connection: the answer has no value
  // On the connection of the last answer or not at all: when that has ended, the answer is not
  // sent.
  bool same_connection = false;
};

// What came of a command.
struct Answer {
  std::optional<resp::Value>
      value;         // none: the connection ended, or time was over, with the command under way
  bool sent = true;  // false: it cannot have reached a node
  uint64_t connection = 0;  // counts the client's connections: what belongs to one ends with it
  std::vector<resp::Value> pushed;  // messages (is_message) that came before it on this connection
};

// A message of a subscription, which answers no command. Subscribers speak RESP3.
bool is_message(const resp::Value& value);

class Script {
 public:
  virtual ~Script() = default;
  // The next command. None when the client has come to its end: after finish(), or when it has had
  // its ScriptOptions::conversations_max.
  virtual std::optional<Step> next() = 0;
  // REQUIRES: a step is under way. Times are of one clock for all clients, in nanoseconds.
  virtual void answered(const Answer& answer, int64_t called_ns, int64_t returned_ns) = 0;
  // Begin nothing new; next() ends what has begun (a transaction half sent, a request that is
  // repeated until it is answered) and then gives nothing.
  virtual void finish() = 0;
  // The client ends where it stands. REQUIRES: no step is under way. What has begun and is not yet
  // in the history comes into it as unknown; next() gives nothing more.
  virtual void abandon() = 0;
  // What has been seen since the last call, in the order in which it ended. An operation whose
  // outcome is not known is among it at once.
  virtual proof::History take() = 0;
  // A reply that no store of this kind should ever give, the first there was.
  virtual std::optional<std::string> surprise() const = 0;
  // For messages: the command under way, or the last.
  virtual std::string describe() const = 0;
  // Conversations begun, those left out included: what ScriptOptions::left_out counts, from 1.
  virtual uint64_t conversations() const = 0;
};

// The kinds of clients there are; docs/explanation/how-we-test.md has them in words.
enum class Kind : uint8_t {
  strings,   // GET, SET, DEL, INCR, APPEND, SETNX, SET IFEQ on few keys
  sets,      // SADD, SREM, SISMEMBER, SMEMBERS
  hashes,    // HSET, HGET, HDEL, HGETALL
  queue,     // RPUSH of unique items, LPOP, BLPOP
  once,      // ONCE client n INCR, repeated until it is answered
  lock,      // SET NX PX TOKEN, FENCE, DELIFEQ
  transfer,  // WATCH, GET, MULTI, EXEC between accounts
  expiry,    // SET PX and GET: there until its time is over, then gone
  pubsub,    // SUBSCRIBE by some, PUBLISH by others: what arrives comes in one order
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
  double hurry = 0;                 // so often a client has the patience of some milliseconds only
  uint32_t keys = 6;                // of each kind; fewer: more contention
  uint32_t value_bytes = 0;         // values are padded to that length
  bool plain_redis = false;  // only what every Redis has: no ONCE, TOKEN, FENCE, IFEQ, DELIFEQ
  uint64_t conversations_max = UINT64_MAX;
  std::set<uint64_t> left_out;  // conversations that are drawn and not held
  // When there are some, just these conversations are held, each at its time since the client began
  // or as soon as the one before it is over; the two above count for nothing.
  std::map<uint64_t, Duration> starts;
};

// Whether there are clients of this kind with those options: some need more than every Redis has.
bool offered(Kind kind, bool plain_redis);
// REQUIRES: offered(options.kind, options.plain_redis)
std::unique_ptr<Script> make_script(const ScriptOptions& options);

// Reads all that the other scripts may have written, once; for the end, when all is quiet: what was
// acknowledged must be there.
std::unique_ptr<Script> closing_reads(const ScriptOptions& options, uint32_t clients);

}  // namespace coterie::workload
