// See value.h.
#include "coterie/store/state/value.h"

#include <utility>

#include "coterie/base/assert.h"

namespace coterie::state {

const char* type_name(ValueType type) {
  switch (type) {
    case ValueType::string:
      return "string";
    case ValueType::list:
      return "list";
    case ValueType::hash:
      return "hash";
    case ValueType::set:
      return "set";
  }
  return "none";
}

void ListValue::insert(uint64_t rank, std::string_view element) {
  tree_.insert_at(rank, Bytes(element));
  bytes_ += element.size();
}

void ListValue::set(uint64_t rank, std::string_view element) {
  Bytes* place = tree_.at_for_write(rank);
  bytes_ += element.size() - place->size();
  *place = Bytes(element);
}

Bytes ListValue::erase(uint64_t rank) {
  Bytes gone = tree_.erase_at(rank);
  bytes_ -= gone.size();
  return gone;
}

uint64_t HashTraits::digest(const HashField& element) {
  return hash_of(element.value.view(), hash_of(element.field.view(), 2));
}

const Bytes* HashValue::find(std::string_view field) const {
  const HashField* found = tree_.find(field);
  return found == nullptr ? nullptr : &found->value;
}

bool HashValue::set(std::string_view field, std::string_view value) {
  const uint64_t place = HashTraits::place(field);
  if (HashField* old = tree_.find_for_write(field, place)) {
    bytes_ += value.size() - old->value.size();
    old->value = Bytes(value);
    return false;
  }
  tree_.insert({Bytes(field), Bytes(value)}, place);
  bytes_ += field.size() + value.size();
  return true;
}

bool HashValue::erase(std::string_view field) {
  const HashField* old = tree_.find(field);
  if (old == nullptr) return false;
  bytes_ -= old->field.size() + old->value.size();
  return tree_.erase(field);
}

bool SetValue::contains(std::string_view member) const { return tree_.find(member) != nullptr; }

bool SetValue::add(std::string_view member) {
  const uint64_t place = SetTraits::place(member);
  if (tree_.find(member, place) != nullptr) return false;
  tree_.insert(Bytes(member), place);
  bytes_ += member.size();
  return true;
}

bool SetValue::erase(std::string_view member) {
  if (!tree_.erase(member)) return false;
  bytes_ -= member.size();
  return true;
}

Value::Value(ValueType type) : type_(type) {
  switch (type_) {
    case ValueType::string:
      new (&string_) Bytes();
      break;
    case ValueType::list:
      new (&list_) ListValue();
      break;
    case ValueType::hash:
      new (&hash_) HashValue();
      break;
    case ValueType::set:
      new (&set_) SetValue();
      break;
  }
}

Value::Value(const Value& other) : type_(other.type_) {
  switch (type_) {
    case ValueType::string:
      new (&string_) Bytes(other.string_);
      break;
    case ValueType::list:
      new (&list_) ListValue(other.list_);
      break;
    case ValueType::hash:
      new (&hash_) HashValue(other.hash_);
      break;
    case ValueType::set:
      new (&set_) SetValue(other.set_);
      break;
  }
}

Value::Value(Value&& other) noexcept : type_(other.type_) {
  switch (type_) {
    case ValueType::string:
      new (&string_) Bytes(std::move(other.string_));
      break;
    case ValueType::list:
      new (&list_) ListValue(std::move(other.list_));
      break;
    case ValueType::hash:
      new (&hash_) HashValue(std::move(other.hash_));
      break;
    case ValueType::set:
      new (&set_) SetValue(std::move(other.set_));
      break;
  }
}

Value& Value::operator=(Value other) noexcept {
  destroy();
  new (this) Value(std::move(other));
  return *this;
}

void Value::destroy() {
  switch (type_) {
    case ValueType::string:
      string_.~Bytes();
      break;
    case ValueType::list:
      list_.~ListValue();
      break;
    case ValueType::hash:
      hash_.~HashValue();
      break;
    case ValueType::set:
      set_.~SetValue();
      break;
  }
}

void Value::wrong_type() {
  COTERIE_ASSERT(!"a value used as one of another type");
  __builtin_unreachable();
}

bool Value::is_empty_container() const { return type_ != ValueType::string && elements() == 0; }

uint64_t Value::elements() const {
  switch (type_) {
    case ValueType::string:
      return 1;
    case ValueType::list:
      return list_.size();
    case ValueType::hash:
      return hash_.size();
    case ValueType::set:
      return set_.size();
  }
  return 0;
}

uint64_t Value::content_bytes() const {
  switch (type_) {
    case ValueType::string:
      return string_.size() <= Bytes::inline_bytes_max ? 0 : string_.size() + sizeof(uint64_t);
    case ValueType::list:
      return list_.content_bytes() + list_.size() * sizeof(Bytes);
    case ValueType::hash:
      return hash_.content_bytes() + hash_.size() * (sizeof(HashField) + sizeof(uint64_t));
    case ValueType::set:
      return set_.content_bytes() + set_.size() * (sizeof(Bytes) + sizeof(uint64_t));
  }
  return 0;
}

uint64_t Value::digest() const {
  switch (type_) {
    case ValueType::string:
      return hash_of(string_.view(), 3);
    case ValueType::list:
      return list_.digest() + 1;
    case ValueType::hash:
      return hash_.digest() + 2;
    case ValueType::set:
      return set_.digest() + 3;
  }
  return 0;
}

}  // namespace coterie::state
