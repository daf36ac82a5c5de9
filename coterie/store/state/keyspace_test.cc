#include "coterie/store/state/keyspace.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coterie/base/random.h"

namespace coterie::state {
namespace {

KeyPlace at(const std::string& key) { return KeyPlace(key); }

TEST(Slot, IsThatOfRedisCluster) {
  // From the specification of Redis Cluster, and checked against CLUSTER KEYSLOT.
  EXPECT_EQ(key_slot("123456789"), 0x31c3 % slots);
  EXPECT_EQ(key_slot("foo"), 12182);
  EXPECT_EQ(key_slot("{user1000}.following"), key_slot("{user1000}.followers"));
  EXPECT_EQ(key_slot("foo{}{bar}"), 8363);
  EXPECT_EQ(key_slot("foo{{bar}}zap"), key_slot("{bar"));
  EXPECT_EQ(key_slot("foo{bar}{zap}"), key_slot("bar"));
  EXPECT_EQ(key_slot(""), 0);
  EXPECT_EQ(key_slot("{"), key_slot("{"));
}

struct Model {
  std::string value;
  int64_t deadline_ms;
};

// A keyspace under random changes, and a map that says what must be there.
class ChangingKeyspace {
 public:
  void change() {
    db_ = static_cast<uint8_t>(random.below(3));
    // A tag puts many keys into one slot.
    key_ = (random.chance(0.5) ? "{t}" : "") + std::to_string(random.below(300));
    now_ms += static_cast<int64_t>(random.below(3));
    const auto found = model.find({db_, key_});
    const bool live = found != model.end() && found->second.deadline_ms > now_ms;
    switch (random.below(6)) {
      case 0:
      case 1:
        return put();
      case 2:
        ASSERT_EQ(keyspace.erase(db_, at(key_), now_ms), live);
        model.erase({db_, key_});
        return;
      case 3: {
        const int64_t deadline = now_ms + 1 + static_cast<int64_t>(random.below(100));
        ASSERT_EQ(keyspace.set_deadline(db_, at(key_), deadline, Revision(++revision_), now_ms),
                  live);
        if (live) found->second.deadline_ms = deadline;
        return;
      }
      case 4:
        return append(live ? &found->second : nullptr);
      default: {
        const Record* record = keyspace.find(db_, at(key_), now_ms);
        ASSERT_EQ(record != nullptr, live);
        if (!live) return;
        ASSERT_EQ(record->value.string().view(), found->second.value);
      }
    }
  }

  uint64_t expiring(uint8_t db) const {
    uint64_t count = 0;
    for (const auto& [key, value] : model) {
      count += key.first == db && value.deadline_ms > now_ms && value.deadline_ms != no_deadline;
    }
    return count;
  }
  uint64_t live() const {
    uint64_t count = 0;
    for (const auto& [key, value] : model) count += value.deadline_ms > now_ms;
    return count;
  }

  Random random{11};
  Keyspace keyspace;
  std::map<std::pair<uint8_t, std::string>, Model> model;
  int64_t now_ms = 0;

 private:
  void put() {
    const int64_t deadline =
        random.chance(0.5) ? no_deadline : now_ms + static_cast<int64_t>(random.below(500));
    const std::string value(random.below(40), 'v');
    keyspace.put(db_, at(key_), Value(value), Revision(++revision_), deadline);
    model[{db_, key_}] = {value, deadline};
  }

  void append(Model* expected) {
    Record* record = keyspace.find_for_write(db_, at(key_), now_ms);
    ASSERT_EQ(record != nullptr, expected != nullptr);
    if (record == nullptr) return;
    const uint64_t before = record->value.content_bytes();
    record->value.string().append("+");
    keyspace.settle(db_, *record, before);
    expected->value += "+";
  }

  uint8_t db_ = 0;
  std::string key_;
  uint64_t revision_ = 0;
};

TEST(Keyspace, IsAMapWithDeadlinesUnderRandomChanges) {
  ChangingKeyspace changing;
  Keyspace& keyspace = changing.keyspace;
  std::vector<std::pair<Keyspace, std::pair<uint64_t, uint64_t>>> copies;
  for (int step = 0; step < 40'000; ++step) {
    changing.change();
    if (testing::Test::HasFatalFailure()) return;
    if (step % 10 == 0) keyspace.remove_expired(changing.now_ms, changing.random.below(4));
    if (step % 4'000 == 0)
      copies.push_back({keyspace, {keyspace.digest(), keyspace.memory_bytes()}});
  }
  const int64_t now_ms = changing.now_ms;
  const uint64_t live = changing.live();
  EXPECT_EQ(keyspace.size(0, now_ms) + keyspace.size(1, now_ms) + keyspace.size(2, now_ms), live);
  for (uint8_t db = 0; db < 3; ++db)
    EXPECT_EQ(keyspace.expiring(db, now_ms), changing.expiring(db)) << int(db);
  while (keyspace.remove_expired(now_ms, 64) > 0) continue;
  EXPECT_GT(keyspace.next_deadline_ms(), now_ms);
  EXPECT_EQ(keyspace.records(0) + keyspace.records(1) + keyspace.records(2), live);

  // The same contents put in another order: same digest, same estimate of memory.
  Keyspace anew;
  for (auto it = changing.model.rbegin(); it != changing.model.rend(); ++it) {
    const auto& [db, key] = it->first;
    const Record* record = keyspace.find(db, at(key), now_ms);
    if (record != nullptr)
      anew.put(db, at(key), record->value, record->revision, record->deadline_ms);
  }
  EXPECT_EQ(anew.digest(), keyspace.digest());
  EXPECT_EQ(anew.memory_bytes(), keyspace.memory_bytes());
  for (const auto& [copy, expected] : copies) {
    EXPECT_EQ(copy.digest(), expected.first);
    EXPECT_EQ(copy.memory_bytes(), expected.second);
  }
  for (uint8_t db = 0; db < 3; ++db) keyspace.flush(db);
  EXPECT_EQ(keyspace.memory_bytes(), 0u);
  EXPECT_EQ(keyspace.digest(), Keyspace().digest());
}

TEST(Keyspace, DigestNamesTheSlotThatChanged) {
  Keyspace keyspace;
  for (int i = 0; i < 1'000; ++i) {
    keyspace.put(0, at("key" + std::to_string(i)), Value("v"), Revision(1), no_deadline);
  }
  Keyspace copy = keyspace;
  ASSERT_EQ(copy.digest(), keyspace.digest());
  copy.put(0, at("key7"), Value("w"), Revision(1), no_deadline);
  EXPECT_NE(copy.digest(), keyspace.digest());
  unsigned differing = 0;
  for (unsigned slot = 0; slot < slots; ++slot) {
    if (copy.slot_digest(static_cast<uint16_t>(slot)) ==
        keyspace.slot_digest(static_cast<uint16_t>(slot)))
      continue;
    ++differing;
    EXPECT_EQ(slot, key_slot("key7"));
  }
  EXPECT_EQ(differing, 1u);
  keyspace.put(1, at("key7"), Value("v"), Revision(1), no_deadline);
  Keyspace other;
  other.put(2, at("key7"), Value("v"), Revision(1), no_deadline);
  EXPECT_NE(keyspace.slot_digest(key_slot("key7")), copy.slot_digest(key_slot("key7")));
}

// What is there from the first call to the last is seen once at least, whatever comes and goes
// meanwhile.
TEST(KeyspaceScan, SeesAllThatStays) {
  Random random(12);
  for (int round = 0; round < 10; ++round) {
    Keyspace keyspace;
    std::set<std::string> stays;
    for (int i = 0; i < 2'000; ++i) {
      const std::string key = (i % 2 == 0 ? "{t}" : "") + std::to_string(i);
      keyspace.put(0, at(key), Value("v"), Revision(1), no_deadline);
      if (i % 3 != 0) stays.insert(key);
    }
    std::map<std::string, int> seen;
    uint64_t cursor = 0;
    int calls = 0;
    do {
      cursor = keyspace.scan(0, cursor, 1 + random.below(50), 0,
                             [&](const Record& record) { ++seen[record.key.text()]; });
      const std::string key = std::to_string(random.below(2'000) / 3 * 3);
      keyspace.erase(0, at(random.chance(0.5) ? "{t}" + key : key), 0);
      const std::string added = "{t}new" + std::to_string(random.below(1'000));
      keyspace.put(0, at(added), Value("v"), Revision(1), no_deadline);
      ASSERT_LT(++calls, 100'000);
    } while (cursor != 0);
    for (const std::string& key : stays) ASSERT_EQ(seen[key], 1) << key;
  }
}

// Whether a page was never used or has become empty makes no difference: replicas that came to the
// same state in different ways give the same cursors.
TEST(KeyspaceScan, ASmallDatabaseIsOneCallWhateverWasThereBefore) {
  Keyspace never, emptied;
  for (int i = 0; i < 5'000; ++i)
    emptied.put(0, at(std::to_string(i)), Value("v"), Revision(1), no_deadline);
  for (int i = 0; i < 5'000; ++i) {
    if (i % 250 != 0) {
      emptied.erase(0, at(std::to_string(i)), 0);
    } else {
      never.put(0, at(std::to_string(i)), Value("v"), Revision(1), no_deadline);
    }
  }
  const auto calls = [](const Keyspace& keyspace, uint64_t count) {
    std::vector<uint64_t> cursors;
    uint64_t seen = 0;
    do {
      const uint64_t from = cursors.empty() ? 0 : cursors.back();
      cursors.push_back(keyspace.scan(0, from, count, 0, [&](const Record&) { ++seen; }));
    } while (cursors.back() != 0);
    EXPECT_EQ(seen, 20u);
    return cursors;
  };
  EXPECT_EQ(calls(never, 100).size(), 1u);
  EXPECT_LE(calls(never, 10).size(), 3u);
  for (uint64_t count : {1, 3, 100}) EXPECT_EQ(calls(never, count), calls(emptied, count)) << count;
}

// However empty the slots are, a call ends: here each 128th holds a key that is not asked for.
TEST(KeyspaceScan, WalksOverABoundedNumberOfSlots) {
  Keyspace keyspace;
  std::set<uint16_t> taken;
  for (int i = 0; taken.size() < slots / 128; ++i) {
    const std::string key = std::to_string(i);
    if (taken.insert(key_slot(key) / 128).second)
      keyspace.put(0, at(key), Value("v"), Revision(1), no_deadline);
  }
  std::vector<uint64_t> visited;
  uint64_t cursor = 0;
  do {
    visited.push_back(0);
    cursor = keyspace.scan(0, cursor, 1'000, 0, [&](const Record&) { ++visited.back(); });
  } while (cursor != 0);
  EXPECT_EQ(visited, std::vector<uint64_t>(4, 32));
}

TEST(KeyspaceScan, PassesOverTheExpired) {
  Keyspace keyspace;
  keyspace.put(0, at("a"), Value("v"), Revision(1), 10);
  keyspace.put(0, at("b"), Value("v"), Revision(1), no_deadline);
  int seen = 0;
  uint64_t cursor = 0;
  do {
    cursor = keyspace.scan(0, cursor, 100, 10, [&](const Record& record) {
      ++seen;
      EXPECT_EQ(record.key.view(), "b");
    });
  } while (cursor != 0);
  EXPECT_EQ(seen, 1);
}

TEST(Keyspace, FindsEveryRank) {
  Keyspace keyspace;
  for (int i = 0; i < 500; ++i) {
    keyspace.put(3, at((i < 100 ? "{t}" : "") + std::to_string(i)), Value("v"), Revision(1),
                 no_deadline);
  }
  std::set<std::string> found;
  for (uint64_t rank = 0; rank < 500; ++rank) found.insert(keyspace.at_rank(3, rank)->key.text());
  EXPECT_EQ(found.size(), 500u);
  EXPECT_EQ(keyspace.at_rank(3, 500), nullptr);
  EXPECT_EQ(keyspace.at_rank(0, 0), nullptr);
}

TEST(Keyspace, RemovesTheExpiredInOrderOfTheirDeadlines) {
  Keyspace keyspace;
  for (int i = 0; i < 100; ++i) {
    keyspace.put(static_cast<uint8_t>(i % 16), at(std::to_string(i)), Value("v"), Revision(1),
                 1'000 - i);
  }
  EXPECT_EQ(keyspace.next_deadline_ms(), 901);
  EXPECT_EQ(keyspace.remove_expired(900, 64), 0u);
  EXPECT_EQ(keyspace.remove_expired(950, 20), 20u);
  EXPECT_EQ(keyspace.next_deadline_ms(), 921);
  EXPECT_EQ(keyspace.remove_expired(950, 64), 30u);
  EXPECT_EQ(keyspace.remove_expired(INT64_MAX - 1, 64), 50u);
  EXPECT_EQ(keyspace.next_deadline_ms(), no_deadline);
  EXPECT_EQ(keyspace.memory_bytes(), 0u);
}

// A write to a large value that a copy shares must copy a path and not the value. Copying it all
// would take the whole loop more than a second; sharing it takes milliseconds.
TEST(Keyspace, WritesToASharedLargeValueCopyAPath) {
  Keyspace keyspace;
  Value list(ValueType::list);
  for (int i = 0; i < 300'000; ++i)
    list.list().push_back("an element that is long enough to be apart");
  keyspace.put(0, at("list"), std::move(list), Revision(1), no_deadline);
  std::vector<Keyspace> copies;
  for (int i = 0; i < 100; ++i) {
    copies.push_back(keyspace);
    Record* record = keyspace.find_for_write(0, at("list"), 0);
    const uint64_t before = record->value.content_bytes();
    record->value.list().set(static_cast<uint64_t>(i) * 2'500, "changed");
    keyspace.settle(0, *record, before);
  }
  for (int i = 0; i < 100; ++i) {
    const ListValue& was = copies[static_cast<size_t>(i)].find(0, at("list"), 0)->value.list();
    EXPECT_NE(was.at(static_cast<uint64_t>(i) * 2'500).view(), "changed");
    const auto last_change = static_cast<uint64_t>(std::max(i - 1, 0)) * 2'500;
    EXPECT_EQ(was.at(last_change).view() == "changed", i > 0);
  }
}

}  // namespace
}  // namespace coterie::state
