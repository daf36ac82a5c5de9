// The keyspace: for each of 16 databases an array of 16384 hash slots, each a table of records
// ordered by the hash of the key, then the key. A copy shares everything; a write copies what it
// touches: the page of slot references, and the path to the record inside the slot's table
// (cow_tree.h), so that even a slot with a million keys (hash tags) costs only a path.
//
// Expired means deadline_ms <= now_ms. Expired records are not found; they are removed a few at
// each applied entry, in order of their deadlines. Nobody can tell whether an expired record is
// still there: it counts as absent everywhere, its revision as 0, and its removal is no change: it
// takes no revision.
//
// Order of keys: slot, hash, key. It is the same on every node and is not disturbed by changes of
// other keys, so a SCAN cursor is a position in it: u14 slot, then the upper 48 bits of the hash.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "coterie/base/ids.h"
#include "coterie/store/state/batch.h"
#include "coterie/store/state/bytes.h"
#include "coterie/store/state/cow_tree.h"
#include "coterie/store/state/slot.h"
#include "coterie/store/state/value.h"

namespace coterie::state {

inline constexpr int64_t no_deadline = INT64_MAX;

struct Record {
  Bytes key;
  Value value;
  Revision revision;  // of the command that changed it last
  int64_t deadline_ms = no_deadline;

  bool expired(int64_t now_ms) const { return deadline_ms <= now_ms; }
};

struct RecordTraits {
  using Element = Record;
  static constexpr bool ordered = true;
  static constexpr unsigned leaf_max = 64;
  using Probe = std::string_view;
  static Probe probe(const Record& record) { return record.key.view(); }
  static uint64_t place(Probe key) { return hash_of(key); }
  static uint64_t digest(const Record& record);
};

// A key by its deadline.
struct Deadline {
  int64_t deadline_ms = 0;
  Bytes key;
};

struct DeadlineTraits {
  using Element = Deadline;
  static constexpr bool ordered = true;
  static constexpr unsigned leaf_max = 64;
  struct Probe {
    int64_t deadline_ms;
    std::string_view key;
    auto operator<=>(const Probe&) const = default;
  };
  static Probe probe(const Deadline& deadline) {
    return {deadline.deadline_ms, deadline.key.view()};
  }
  static uint64_t place(const Probe& probe) {
    return static_cast<uint64_t>(probe.deadline_ms) ^ (uint64_t{1} << 63);
  }
  static uint64_t digest(const Deadline&) { return 0; }  // follows from the records
};

// Where a key is: computed once for several uses.
struct KeyPlace {
  std::string_view key;
  uint64_t hash = 0;
  uint16_t slot = 0;

  KeyPlace() = default;
  explicit KeyPlace(std::string_view k) : key(k), hash(hash_of(k)), slot(key_slot(k)) {}
};

class Keyspace {
 public:
  Keyspace();
  Keyspace(const Keyspace&);
  Keyspace& operator=(const Keyspace&);
  Keyspace(Keyspace&&) noexcept;
  Keyspace& operator=(Keyspace&&) noexcept;
  ~Keyspace();

  // The record when it is there and not expired. Valid until the next change.
  const Record* find(uint8_t db, const KeyPlace& place, int64_t now_ms) const;
  Revision revision(uint8_t db, const KeyPlace& place, int64_t now_ms) const;  // 0: absent

  // Inserts or overwrites. The deadline is as given: what was there before is forgotten.
  void put(uint8_t db, const KeyPlace& place, Value value, Revision revision, int64_t deadline_ms);
  // The record for changing its value or revision, not its key or deadline. After the change,
  // settle() with the value's content_bytes() of before. nullptr: absent or expired. Valid until
  // the next change.
  Record* find_for_write(uint8_t db, const KeyPlace& place, int64_t now_ms);
  void settle(uint8_t db, const Record& record, uint64_t content_bytes_before);
  // False: absent (an expired record is removed all the same, and false is returned).
  bool erase(uint8_t db, const KeyPlace& place, int64_t now_ms);
  bool set_deadline(uint8_t db, const KeyPlace& place, int64_t deadline_ms, Revision revision,
                    int64_t now_ms);
  void flush(uint8_t db);  // removes all keys

  // Removes up to `most` records whose deadline has passed, the earliest first. Returns how many.
  uint64_t remove_expired(int64_t now_ms, uint64_t most);
  int64_t next_deadline_ms() const;  // of any record, no_deadline: none

  uint64_t size(uint8_t db, int64_t now_ms) const;      // without the expired
  uint64_t expiring(uint8_t db, int64_t now_ms) const;  // of them those that have a deadline
  uint64_t memory_bytes() const;  // an estimate that depends on keys and values alone
  uint64_t slot_size(uint8_t db, uint16_t slot) const;  // with the expired not yet removed

  // Calls visit(const Record&) for live records in order, from a cursor (0: the start), until
  // `count` records were looked at and all of the last one's position. Returns the cursor to go on
  // from, 0 at the end. Besides the records it walks over at most 4096 slots, those in empty pages
  // not counted.
  template <class Visit>
  uint64_t scan(uint8_t db, uint64_t cursor, uint64_t count, int64_t now_ms, Visit&& visit) const;
  // Calls visit(const Record&) -> bool for all records of a slot, the expired too, from a rank on,
  // until it returns false.
  template <class Visit>
  void visit_slot(uint8_t db, uint16_t slot, uint64_t first, Visit&& visit) const {
    if (const SlotTable* table = slot_table(db, slot)) table->visit(first, visit);
  }
  // The record of a rank in the order of keys, the expired not yet removed included. nullptr: rank
  // too high.
  const Record* at_rank(uint8_t db, uint64_t rank) const;
  uint64_t records(uint8_t db) const {
    return databases_[db].records;
  }  // the expired not yet removed included

  uint64_t digest() const;
  uint64_t slot_digest(uint16_t slot) const;

 private:
  using SlotTable = CowTree<RecordTraits>;
  static constexpr unsigned page_slots = 128;
  static constexpr unsigned pages = slots / page_slots;
  struct Page;
  struct Directory;
  struct Database {
    Directory* directory = nullptr;  // counted
    CowTree<DeadlineTraits> deadlines;
    uint64_t records = 0;
    uint64_t memory_bytes = 0;
  };

  const SlotTable* slot_table(uint8_t db, uint16_t slot) const;  // nullptr: empty
  bool page_empty(uint8_t db, uint16_t slot) const;
  Page& page_for_write(uint8_t db, uint16_t slot);
  static void release(Directory* directory);
  void forget_deadline(uint8_t db, const Record& record);
  void note_deadline(uint8_t db, const Record& record);
  static uint64_t record_bytes(const Record& record);
  static uint64_t page_digest(const Page& page);

  std::array<Database, databases> databases_;
};

template <class Visit>
uint64_t Keyspace::scan(uint8_t db, uint64_t cursor, uint64_t count, int64_t now_ms,
                        Visit&& visit) const {
  constexpr unsigned position_bits = 48;
  constexpr uint64_t position_mask = (uint64_t{1} << position_bits) - 1;
  constexpr uint64_t slots_walked_max = 4096;
  uint64_t slot = cursor >> position_bits;
  uint64_t position = cursor & position_mask;
  uint64_t looked_at = 0, walked = 0;
  for (; slot < slots; ++slot, position = 0) {
    if (looked_at >= count) return slot << position_bits;
    if (page_empty(db, static_cast<uint16_t>(slot))) {
      slot |= page_slots - 1;  // the page's last
      continue;
    }
    if (walked++ >= slots_walked_max) return slot << position_bits;
    const SlotTable* table = slot_table(db, static_cast<uint16_t>(slot));
    if (table == nullptr) continue;
    std::optional<uint64_t> stop;  // the position of the record that used up `count`
    uint64_t last = 0;
    bool more = false;
    table->visit(table->rank_of_place(position << (64 - position_bits)), [&](const Record& record) {
      const uint64_t here = hash_of(record.key.view()) >> (64 - position_bits);
      if (stop && here != *stop) return more = true, false;
      last = here;
      if (!record.expired(now_ms)) visit(record);
      if (++looked_at >= count) stop = last;
      return true;
    });
    if (more) return (slot << position_bits) | (last + 1);
  }
  return 0;
}

}  // namespace coterie::state
