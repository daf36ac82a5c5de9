// Waiters are blocking requests (BLPOP ...) whose reply is still to come. They are state: in line
// by their place in the log, on every replica the same; a change of leader leaves them waiting.
//
// A waiter holds its whole command: when one of its keys is pushed to, the command's handler is
// asked again.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "coterie/base/digest.h"
#include "coterie/base/ids.h"
#include "coterie/base/payload.h"
#include "coterie/store/state/bytes.h"
#include "coterie/store/state/cow_tree.h"

namespace coterie::state {

struct Waiter {
  uint64_t id = 0;  // from 1, in log order
  SessionId session;
  uint64_t number = 0;
  int64_t deadline_ms = 0;  // INT64_MAX: never
  Payload command;          // its encoding (batch.h)
  std::vector<Bytes> keys;  // without repetitions, in the command's database
  uint8_t db = 0;
};

struct WaiterTraits {
  using Element = Waiter;
  static constexpr bool ordered = true;
  static constexpr unsigned leaf_max = 32;
  using Probe = uint64_t;
  static Probe probe(const Waiter& waiter) { return waiter.id; }
  static uint64_t place(Probe id) { return id; }
  static uint64_t digest(const Waiter& waiter);
};

// The indexes: by key (then id), by deadline, by request.
struct WaiterOfKey {
  Bytes key;
  uint64_t id = 0;
  uint8_t db = 0;
};
struct WaiterOfKeyTraits {
  using Element = WaiterOfKey;
  static constexpr bool ordered = true;
  static constexpr unsigned leaf_max = 32;
  struct Probe {
    uint8_t db;
    std::string_view key;
    uint64_t id;
    auto operator<=>(const Probe&) const = default;
  };
  static Probe probe(const WaiterOfKey& of) { return {of.db, of.key.view(), of.id}; }
  static uint64_t place(const Probe& probe) { return hash_of(probe.key, probe.db); }
  static uint64_t digest(const WaiterOfKey&) { return 0; }
};

struct WaiterPair {  // (deadline, id), or (session, number) and its id
  uint64_t first = 0, second = 0;
  uint64_t id = 0;
};
struct WaiterPairTraits {
  using Element = WaiterPair;
  static constexpr bool ordered = true;
  static constexpr unsigned leaf_max = 32;
  struct Probe {
    uint64_t first, second;
    auto operator<=>(const Probe&) const = default;
  };
  static Probe probe(const WaiterPair& pair) { return {pair.first, pair.second}; }
  static uint64_t place(const Probe& probe) { return probe.first; }
  static uint64_t digest(const WaiterPair&) { return 0; }
};

class Waiters {
 public:
  bool empty() const { return waiters_.empty(); }
  uint64_t size() const { return waiters_.size(); }

  // Puts it at the end of the line of each of its keys. Its id is given here.
  void add(Waiter waiter);
  void remove(uint64_t id);
  // The first in the line of a key whose id is above `after`. nullptr: none. Valid until the next
  // change.
  const Waiter* next(uint8_t db, std::string_view key, uint64_t after) const;
  std::optional<uint64_t> of_request(SessionId session, uint64_t number) const;
  std::vector<uint64_t> of_session(SessionId session) const;
  const Waiter* find(uint64_t id) const { return waiters_.find(id); }
  std::optional<uint64_t> due(int64_t now_ms) const;  // the first whose deadline has passed
  int64_t next_deadline_ms() const;
  void add_to(Digest& digest) const;

  // For a snapshot.
  template <class Visit>
  void visit(uint64_t first, Visit&& visit) const {  // in order of ids, until it returns false
    waiters_.visit(first, visit);
  }
  uint64_t last_id() const { return last_id_; }
  bool restore(
      Waiter waiter);  // with its id. False: not above the ids so far, or its request waits already
  void restore_last_id(uint64_t id) { last_id_ = id; }

 private:
  void insert(Waiter waiter);

  CowTree<WaiterTraits> waiters_;
  CowTree<WaiterOfKeyTraits> by_key_;
  CowTree<WaiterPairTraits> by_deadline_;
  CowTree<WaiterPairTraits> by_request_;
  uint64_t last_id_ = 0;
};

}  // namespace coterie::state
