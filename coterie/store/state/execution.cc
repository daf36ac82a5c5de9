// See execution.h.
#include "coterie/store/state/execution.h"

#include <utility>

namespace coterie::state {

Edit::Edit(Execution* execution, const KeyPlace& place, Record* record, bool created)
    : execution_(execution), place_(place), record_(record), created_(created) {
  if (record_ == nullptr) return;
  COTERIE_ASSERT(!execution_->editing_);
  execution_->editing_ = true;
  bytes_before_ = record_->value.content_bytes();
}

Edit::Edit(Edit&& other) noexcept
    : execution_(other.execution_),
      place_(other.place_),
      record_(std::exchange(other.record_, nullptr)),
      bytes_before_(other.bytes_before_),
      created_(other.created_),
      changed_(other.changed_) {}

Value& Edit::change() {
  COTERIE_ASSERT(record_ != nullptr);
  if (!changed_) record_->revision = execution_->take_revision();
  changed_ = true;
  return record_->value;
}

Edit::~Edit() {
  if (record_ == nullptr) return;
  execution_->editing_ = false;
  Keyspace& keyspace = execution_->writable();
  keyspace.settle(execution_->db_, *record_, bytes_before_);
  if ((created_ && !changed_) || record_->value.is_empty_container()) {
    keyspace.erase(execution_->db_, place_, execution_->now_ms());
  }
}

KeyPlace Execution::place(std::string_view key) const {
  if (key.data() != last_place_.key.data() || key.size() != last_place_.key.size()) {
    // Only an argument is sure to stay as it is while this lives.
    if (args_.empty() || key.data() != args_[0].data()) return KeyPlace(key);
    last_place_ = KeyPlace(key);
  }
  return last_place_;
}

const Record* Execution::find(std::string_view key) const {
  return keyspace().find(db_, place(key), now_ms());
}

Edit Execution::edit(std::string_view key) {
  const KeyPlace at = place(key);
  return Edit(this, at, writable().find_for_write(db_, at, now_ms()), false);
}

Edit Execution::edit_or_create(std::string_view key, ValueType type) {
  COTERIE_ASSERT(!editing_);
  const KeyPlace at = place(key);
  if (Record* record = writable().find_for_write(db_, at, now_ms()))
    return Edit(this, at, record, false);
  writable().put(db_, at, Value(type), Revision{}, no_deadline);
  return Edit(this, at, writable().find_for_write(db_, at, now_ms()), true);
}

void Execution::put(std::string_view key, Value value, int64_t deadline_ms) {
  COTERIE_ASSERT(!editing_);
  writable().put(db_, place(key), std::move(value), take_revision(), deadline_ms);
}

bool Execution::erase(std::string_view key) {
  COTERIE_ASSERT(!editing_);
  if (!writable().erase(db_, place(key), now_ms())) return false;
  take_revision();
  return true;
}

bool Execution::set_deadline(std::string_view key, int64_t deadline_ms) {
  COTERIE_ASSERT(!editing_);
  const KeyPlace at = place(key);
  if (deadline_ms <= now_ms()) return erase(key);
  if (writable().find(db_, at, now_ms()) == nullptr) return false;
  return writable().set_deadline(db_, at, deadline_ms, take_revision(), now_ms());
}

void Execution::flush(uint8_t db) {
  COTERIE_ASSERT(!editing_);
  if (writable().size(db, now_ms()) > 0) take_revision();
  writable().flush(db);
}

Revision Execution::take_revision() {
  COTERIE_ASSERT(context_.revision != nullptr);
  if (!taken_) taken_ = *context_.revision = context_.revision->next();
  return taken_;
}

void Execution::pushed(std::string_view key) {
  COTERIE_ASSERT(context_.writable != nullptr);
  if (context_.pushed == nullptr) return;  // nobody waits for anything
  auto& pushed = *context_.pushed;
  if (!pushed.empty() && pushed.back().first == db_ && pushed.back().second.view() == key) return;
  pushed.emplace_back(db_, Bytes(key));
}

void Execution::publish(std::string_view channel, std::string_view message) {
  COTERIE_ASSERT(context_.published != nullptr);
  context_.published->push_back({Payload::copy_of(channel), Payload::copy_of(message)});
}

bool Execution::block(std::span<const std::string_view> keys, int64_t deadline_ms) {
  would_block_ = true;
  if (!context_.may_block) return false;
  block_request_ = BlockRequest{{keys.begin(), keys.end()}, deadline_ms};
  return true;
}

}  // namespace coterie::state
