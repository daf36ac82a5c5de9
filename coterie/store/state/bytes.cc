// See bytes.h.
#include "coterie/store/state/bytes.h"

#include <cstdlib>
#include <new>

#include "coterie/base/assert.h"

namespace coterie::state {

Bytes::Bytes(std::string_view bytes) {
  if (bytes.size() <= inline_bytes_max) {
    if (!bytes.empty()) std::memcpy(raw_, bytes.data(), bytes.size());
    raw_[tag_at] = static_cast<char>(bytes.size());
    return;
  }
  Shared* pointer = allocate(bytes.size());
  std::memcpy(pointer->bytes(), bytes.data(), bytes.size());
  set_long(pointer, bytes.size());
}

Bytes::Shared* Bytes::allocate(size_t capacity_bytes) {
  COTERIE_ASSERT(capacity_bytes <= UINT32_MAX);
  void* memory = std::malloc(sizeof(Shared) + capacity_bytes);
  COTERIE_ASSERT(memory != nullptr);
  return new (memory) Shared{1, static_cast<uint32_t>(capacity_bytes)};
}

void Bytes::set_long(Shared* pointer, size_t size_bytes) {
  const auto size = static_cast<uint32_t>(size_bytes);
  std::memcpy(raw_, &pointer, sizeof pointer);
  std::memcpy(raw_ + 8, &size, sizeof size);
  raw_[tag_at] = tag_long;
}

void Bytes::drop() {
  if (--shared()->references == 0) std::free(shared());
}

void Bytes::append(std::string_view more) {
  const size_t old_size = size();
  const size_t new_size = old_size + more.size();
  COTERIE_ASSERT(new_size <= UINT32_MAX);
  if (new_size <= inline_bytes_max) {
    if (!more.empty()) std::memcpy(raw_ + old_size, more.data(), more.size());
    raw_[tag_at] = static_cast<char>(new_size);
    return;
  }
  if (!is_long() || shared()->references > 1 || shared()->capacity_bytes < new_size) {
    // Half as much again, so that many small appends cost little each.
    const size_t capacity = new_size + (old_size > 0 ? new_size / 2 : 0);
    Shared* larger = allocate(capacity < UINT32_MAX ? capacity : new_size);
    std::memcpy(larger->bytes(), view().data(), old_size);
    std::memcpy(larger->bytes() + old_size, more.data(),
                more.size());  // `more` may lie within the old bytes
    if (is_long()) drop();
    set_long(larger, new_size);
    return;
  }
  std::memcpy(shared()->bytes() + old_size, more.data(), more.size());
  set_long(shared(), new_size);
}

char* Bytes::mutable_data() {
  if (!is_long()) return raw_;
  if (shared()->references > 1) *this = Bytes(view());
  return shared()->bytes();
}

}  // namespace coterie::state
