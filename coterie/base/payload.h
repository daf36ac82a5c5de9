// A Payload is an immutable slice of a reference-counted slab of bytes. An entry is encoded once
// into a slab; the log record, the frames to the followers and the values in the state are slices
// of it. Copying a machine copies references.
//
// The counts are not atomic: a world is confined to one thread. Another thread may read the bytes
// of a Payload that the owning thread keeps alive (the disk borrows until completion), but may
// neither copy nor drop it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace coterie {

namespace payload_detail {
struct Slab {
  uint32_t references;
  uint32_t capacity_bytes;
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
};
Slab* allocate(size_t capacity_bytes);
void release(Slab* slab);
}  // namespace payload_detail

inline constexpr size_t payload_bytes_max = size_t{1} << 31;

class Payload {
 public:
  Payload() = default;
  // Copies the bytes into a slab of their own. REQUIRES: bytes.size() <= payload_bytes_max
  static Payload copy_of(std::string_view bytes);

  Payload(const Payload& other) : slab_(other.slab_), data_(other.data_), size_(other.size_) {
    if (slab_ != nullptr) ++slab_->references;
  }
  Payload(Payload&& other) noexcept
      : slab_(std::exchange(other.slab_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Payload& operator=(Payload other) noexcept {
    std::swap(slab_, other.slab_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Payload() {
    if (slab_ != nullptr && --slab_->references == 0) payload_detail::release(slab_);
  }

  const char* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {data_, size_}; }
  std::string text() const { return std::string(view()); }

  // A slice of the same slab. REQUIRES: offset + size_bytes <= size()
  Payload slice(size_t offset, size_t size_bytes) const;
  // The slice that `part` is. REQUIRES: part lies within view()
  Payload slice_of(std::string_view part) const;
  // Bytes of the slab this slice keeps alive; to decide whether a small slice of a large slab is
  // worth a copy.
  size_t slab_bytes() const { return slab_ == nullptr ? 0 : slab_->capacity_bytes; }

  bool operator==(const Payload& other) const { return view() == other.view(); }
  auto operator<=>(const Payload& other) const { return view() <=> other.view(); }

 private:
  friend class PayloadBuilder;
  payload_detail::Slab* slab_ = nullptr;
  const char* data_ = nullptr;
  uint32_t size_ = 0;
};

// Appends bytes to a growing slab; take() ends it without a copy.
class PayloadBuilder {
 public:
  explicit PayloadBuilder(size_t expected_bytes = 0);
  ~PayloadBuilder();
  PayloadBuilder(const PayloadBuilder&) = delete;
  PayloadBuilder& operator=(const PayloadBuilder&) = delete;

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
  }
  void push(char byte) { *extend(1) = byte; }
  // Room for `count` bytes, to be filled by the caller. Valid until the next append, extend or
  // take.
  char* extend(size_t count);
  // Overwrites bytes that are already there. REQUIRES: offset + bytes.size() <= size()
  void overwrite(size_t offset, std::string_view bytes);

  size_t size() const { return size_; }
  std::string_view view() const {
    return slab_ == nullptr ? std::string_view{} : std::string_view{slab_->bytes(), size_};
  }
  Payload take();  // leaves the builder empty
  void clear() { size_ = 0; }

 private:
  void grow(size_t least);

  payload_detail::Slab* slab_ = nullptr;
  size_t size_ = 0;
};

}  // namespace coterie
