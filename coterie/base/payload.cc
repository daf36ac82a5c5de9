// See payload.h.
#include "coterie/base/payload.h"

#include <algorithm>
#include <cstdlib>

#include "coterie/base/assert.h"

namespace coterie {

namespace payload_detail {

Slab* allocate(size_t capacity_bytes) {
  COTERIE_ASSERT(capacity_bytes <= payload_bytes_max);
  void* memory = std::malloc(sizeof(Slab) + capacity_bytes);
  COTERIE_ASSERT(memory != nullptr);
  return new (memory) Slab{1, static_cast<uint32_t>(capacity_bytes)};
}

void release(Slab* slab) { std::free(slab); }

}  // namespace payload_detail

Payload Payload::copy_of(std::string_view bytes) {
  Payload result;
  if (bytes.empty()) return result;
  result.slab_ = payload_detail::allocate(bytes.size());
  std::memcpy(result.slab_->bytes(), bytes.data(), bytes.size());
  result.data_ = result.slab_->bytes();
  result.size_ = static_cast<uint32_t>(bytes.size());
  return result;
}

Payload Payload::slice(size_t offset, size_t size_bytes) const {
  COTERIE_ASSERT(offset <= size_ && size_bytes <= size_ - offset);
  if (size_bytes == 0) return {};
  Payload result(*this);
  result.data_ = data_ + offset;
  result.size_ = static_cast<uint32_t>(size_bytes);
  return result;
}

Payload Payload::slice_of(std::string_view part) const {
  if (part.empty()) return {};
  COTERIE_ASSERT(part.data() >= data_ && part.data() + part.size() <= data_ + size_);
  return slice(static_cast<size_t>(part.data() - data_), part.size());
}

PayloadBuilder::PayloadBuilder(size_t expected_bytes) {
  if (expected_bytes > 0) slab_ = payload_detail::allocate(expected_bytes);
}

PayloadBuilder::~PayloadBuilder() {
  if (slab_ != nullptr) payload_detail::release(slab_);
}

char* PayloadBuilder::extend(size_t count) {
  if (slab_ == nullptr || slab_->capacity_bytes - size_ < count) grow(size_ + count);
  char* place = slab_->bytes() + size_;
  size_ += count;
  return place;
}

void PayloadBuilder::grow(size_t least) {
  const size_t doubled =
      slab_ == nullptr ? 64
                       : std::min<size_t>(size_t{slab_->capacity_bytes} * 2, payload_bytes_max);
  payload_detail::Slab* larger = payload_detail::allocate(std::max(least, doubled));
  if (slab_ != nullptr) {
    std::memcpy(larger->bytes(), slab_->bytes(), size_);
    payload_detail::release(slab_);
  }
  slab_ = larger;
}

void PayloadBuilder::overwrite(size_t offset, std::string_view bytes) {
  COTERIE_ASSERT(offset + bytes.size() <= size_);
  std::memcpy(slab_->bytes() + offset, bytes.data(), bytes.size());
}

Payload PayloadBuilder::take() {
  Payload result;
  if (size_ == 0) return result;
  result.slab_ = std::exchange(slab_, nullptr);
  result.data_ = result.slab_->bytes();
  result.size_ = static_cast<uint32_t>(std::exchange(size_, 0));
  return result;
}

}  // namespace coterie
