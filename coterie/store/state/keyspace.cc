// See keyspace.h.
#include "coterie/store/state/keyspace.h"

#include <algorithm>
#include <utility>

#include "coterie/base/assert.h"
#include "coterie/store/state/reclaim.h"

namespace coterie::state {

// The tables of 128 neighbouring slots; shared between copies.
struct Keyspace::Page {
  uint32_t references = 1;
  bool digest_known = false;
  uint64_t digest = 0;
  uint64_t records = 0;
  SlotTable tables[page_slots];
};

struct Keyspace::Directory {
  uint32_t references = 1;
  Page* entries[pages] = {};
};

uint64_t RecordTraits::digest(const Record& record) {
  Digest digest;
  digest.add(record.key.view());
  digest.add(record.revision.value);
  digest.add(static_cast<uint64_t>(record.deadline_ms));
  digest.add(record.value.digest());
  return digest.value();
}

Keyspace::Keyspace() = default;
Keyspace::Keyspace(const Keyspace& other) : databases_(other.databases_) {
  for (Database& database : databases_) {
    if (database.directory != nullptr) ++database.directory->references;
  }
}
Keyspace::Keyspace(Keyspace&& other) noexcept : databases_(std::move(other.databases_)) {
  for (Database& database : other.databases_) database = Database{};
}
Keyspace& Keyspace::operator=(const Keyspace& other) {
  Keyspace copy(other);
  return *this = std::move(copy);
}
Keyspace& Keyspace::operator=(Keyspace&& other) noexcept {
  std::swap(databases_, other.databases_);
  return *this;
}
Keyspace::~Keyspace() {
  for (Database& database : databases_) release(database.directory);
}

void Keyspace::release(Directory* directory) {
  if (directory == nullptr || --directory->references > 0) return;
  for (Page* page : directory->entries) {
    if (page == nullptr || --page->references > 0) continue;
    reclaim_later(page, [](void* garbage) { delete static_cast<Page*>(garbage); });
  }
  delete directory;
}

auto Keyspace::slot_table(uint8_t db, uint16_t slot) const -> const SlotTable* {
  const Directory* directory = databases_[db].directory;
  if (directory == nullptr) return nullptr;
  const Page* page = directory->entries[slot / page_slots];
  if (page == nullptr) return nullptr;
  const SlotTable& table = page->tables[slot % page_slots];
  return table.empty() ? nullptr : &table;
}

bool Keyspace::page_empty(uint8_t db, uint16_t slot) const {
  const Directory* directory = databases_[db].directory;
  const Page* page = directory == nullptr ? nullptr : directory->entries[slot / page_slots];
  return page == nullptr || page->records == 0;
}

auto Keyspace::page_for_write(uint8_t db, uint16_t slot) -> Page& {
  Directory*& directory = databases_[db].directory;
  if (directory == nullptr) {
    directory = new Directory;
  } else if (directory->references > 1) {
    auto* copy = new Directory(*directory);
    for (Page* page : copy->entries) {
      if (page != nullptr) ++page->references;
    }
    --directory->references;
    copy->references = 1;
    directory = copy;
  }
  Page*& page = directory->entries[slot / page_slots];
  if (page == nullptr) {
    page = new Page;
  } else if (page->references > 1) {
    auto* copy = new Page(*page);
    --page->references;
    copy->references = 1;
    page = copy;
  }
  page->digest_known = false;
  return *page;
}

const Record* Keyspace::find(uint8_t db, const KeyPlace& place, int64_t now_ms) const {
  const SlotTable* table = slot_table(db, place.slot);
  if (table == nullptr) return nullptr;
  const Record* record = table->find(place.key, place.hash);
  return record == nullptr || record->expired(now_ms) ? nullptr : record;
}

Revision Keyspace::revision(uint8_t db, const KeyPlace& place, int64_t now_ms) const {
  const Record* record = find(db, place, now_ms);
  return record == nullptr ? Revision{} : record->revision;
}

void Keyspace::put(uint8_t db, const KeyPlace& place, Value value, Revision revision,
                   int64_t deadline_ms) {
  Page& page = page_for_write(db, place.slot);
  SlotTable& table = page.tables[place.slot % page_slots];
  Record* record = table.find_for_write(place.key, place.hash);
  if (record != nullptr) {
    databases_[db].memory_bytes -= record_bytes(*record);
    if (record->deadline_ms != deadline_ms) forget_deadline(db, *record);
    record->value = std::move(value);
    record->revision = revision;
    if (std::exchange(record->deadline_ms, deadline_ms) != deadline_ms) note_deadline(db, *record);
  } else {
    Record made{Bytes(place.key), std::move(value), revision, deadline_ms};
    record = table.insert(std::move(made), place.hash).first;
    ++page.records;
    ++databases_[db].records;
    note_deadline(db, *record);
  }
  databases_[db].memory_bytes += record_bytes(*record);
}

Record* Keyspace::find_for_write(uint8_t db, const KeyPlace& place, int64_t now_ms) {
  if (slot_table(db, place.slot) == nullptr) return nullptr;
  SlotTable& table = page_for_write(db, place.slot).tables[place.slot % page_slots];
  Record* record = table.find_for_write(place.key, place.hash);
  return record == nullptr || record->expired(now_ms) ? nullptr : record;
}

void Keyspace::settle(uint8_t db, const Record& record, uint64_t content_bytes_before) {
  databases_[db].memory_bytes += record.value.content_bytes() - content_bytes_before;
}

bool Keyspace::erase(uint8_t db, const KeyPlace& place, int64_t now_ms) {
  const SlotTable* table = slot_table(db, place.slot);
  const Record* record = table == nullptr ? nullptr : table->find(place.key, place.hash);
  if (record == nullptr) return false;
  const bool live = !record->expired(now_ms);
  databases_[db].memory_bytes -= record_bytes(*record);
  forget_deadline(db, *record);
  Page& page = page_for_write(db, place.slot);
  page.tables[place.slot % page_slots].erase(place.key);
  --page.records;
  --databases_[db].records;
  return live;
}

bool Keyspace::set_deadline(uint8_t db, const KeyPlace& place, int64_t deadline_ms,
                            Revision revision, int64_t now_ms) {
  Record* record = find_for_write(db, place, now_ms);
  if (record == nullptr) return false;
  databases_[db].memory_bytes -= record_bytes(*record);
  forget_deadline(db, *record);
  record->deadline_ms = deadline_ms;
  record->revision = revision;
  note_deadline(db, *record);
  databases_[db].memory_bytes += record_bytes(*record);
  return true;
}

void Keyspace::flush(uint8_t db) {
  release(databases_[db].directory);
  databases_[db] = Database{};
}

uint64_t Keyspace::memory_bytes() const {
  uint64_t sum = 0;
  for (const Database& database : databases_) sum += database.memory_bytes;
  return sum;
}

void Keyspace::forget_deadline(uint8_t db, const Record& record) {
  if (record.deadline_ms == no_deadline) return;
  databases_[db].deadlines.erase(DeadlineTraits::Probe{record.deadline_ms, record.key.view()});
}

void Keyspace::note_deadline(uint8_t db, const Record& record) {
  if (record.deadline_ms == no_deadline) return;
  databases_[db].deadlines.insert({record.deadline_ms, record.key});
}

uint64_t Keyspace::remove_expired(int64_t now_ms, uint64_t most) {
  uint64_t removed = 0;
  for (; removed < most; ++removed) {
    unsigned earliest = databases;
    int64_t deadline_ms = now_ms;
    for (unsigned db = databases; db-- > 0;) {  // of equal deadlines the lowest database goes first
      const auto& deadlines = databases_[db].deadlines;
      if (deadlines.empty() || deadlines.at(0)->deadline_ms > deadline_ms) continue;
      deadline_ms = deadlines.at(0)->deadline_ms;
      earliest = db;
    }
    if (earliest == databases) return removed;
    const Bytes key = databases_[earliest].deadlines.at(0)->key;
    erase(static_cast<uint8_t>(earliest), KeyPlace(key.view()), now_ms);
  }
  return removed;
}

int64_t Keyspace::next_deadline_ms() const {
  int64_t next = no_deadline;
  for (const Database& database : databases_) {
    if (!database.deadlines.empty()) next = std::min(next, database.deadlines.at(0)->deadline_ms);
  }
  return next;
}

uint64_t Keyspace::size(uint8_t db, int64_t now_ms) const {
  const Database& database = databases_[db];
  if (now_ms == INT64_MAX) return 0;
  return database.records -
         database.deadlines.rank_of_place(DeadlineTraits::place({now_ms + 1, {}}));
}

uint64_t Keyspace::expiring(uint8_t db, int64_t now_ms) const {
  const Database& database = databases_[db];
  if (now_ms == INT64_MAX) return 0;
  return database.deadlines.size() -
         database.deadlines.rank_of_place(DeadlineTraits::place({now_ms + 1, {}}));
}

uint64_t Keyspace::slot_size(uint8_t db, uint16_t slot) const {
  const SlotTable* table = slot_table(db, slot);
  return table == nullptr ? 0 : table->size();
}

const Record* Keyspace::at_rank(uint8_t db, uint64_t rank) const {
  const Directory* directory = databases_[db].directory;
  if (directory == nullptr || rank >= databases_[db].records) return nullptr;
  for (const Page* page : directory->entries) {
    if (page == nullptr) continue;
    if (rank >= page->records) {
      rank -= page->records;
      continue;
    }
    for (const SlotTable& table : page->tables) {
      if (rank < table.size()) return table.at(rank);
      rank -= table.size();
    }
  }
  return nullptr;
}

uint64_t Keyspace::record_bytes(const Record& record) {
  const uint64_t key_bytes =
      record.key.size() <= Bytes::inline_bytes_max ? 0 : record.key.size() + sizeof(uint64_t);
  const uint64_t deadline_bytes =
      record.deadline_ms == no_deadline ? 0 : sizeof(Deadline) + sizeof(uint64_t);
  return sizeof(Record) + sizeof(uint64_t) + key_bytes + record.value.content_bytes() +
         deadline_bytes;
}

uint64_t Keyspace::page_digest(const Page& page) {
  if (page.digest_known) return page.digest;
  uint64_t sum = 0;
  for (unsigned i = 0; i < page_slots; ++i) {
    if (page.tables[i].empty()) continue;
    Digest digest;
    digest.add(i);
    digest.add(page.tables[i].digest());
    sum += digest.value();
  }
  auto& cached = const_cast<Page&>(page);
  cached.digest = sum;
  cached.digest_known = true;
  return sum;
}

uint64_t Keyspace::digest() const {
  Digest digest;
  for (const Database& database : databases_) {
    digest.add(database.records);
    if (database.records == 0) continue;
    for (const Page* page : database.directory->entries)
      digest.add(page == nullptr ? 0 : page_digest(*page));
  }
  return digest.value();
}

uint64_t Keyspace::slot_digest(uint16_t slot) const {
  Digest digest;
  for (unsigned db = 0; db < databases; ++db) {
    const SlotTable* table = slot_table(static_cast<uint8_t>(db), slot);
    if (table == nullptr) continue;
    digest.add(db);
    digest.add(table->digest());
  }
  return digest.value();
}

}  // namespace coterie::state
