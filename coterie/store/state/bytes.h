// Bytes are a key, a string value or an element of a list, hash or set: 16 bytes that hold up to 15
// in place, and longer ones behind a counted reference. Copying never copies more than 16 bytes;
// append() to longer ones that nobody shares grows them in place, with room to spare.
//
// Not atomic: all copies belong to one thread. May be moved by memmove (the tables rely on it).
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace coterie::state {

class Bytes {
 public:
  static constexpr size_t inline_bytes_max = 15;

  Bytes() { raw_[tag_at] = 0; }
  explicit Bytes(std::string_view bytes);
  Bytes(const Bytes& other) {
    std::memcpy(raw_, other.raw_, sizeof raw_);
    if (is_long()) ++shared()->references;
  }
  Bytes(Bytes&& other) noexcept {
    std::memcpy(raw_, other.raw_, sizeof raw_);
    other.raw_[tag_at] = 0;
  }
  Bytes& operator=(Bytes other) noexcept {
    swap(other);
    return *this;
  }
  ~Bytes() {
    if (is_long()) drop();
  }
  void swap(Bytes& other) noexcept {
    char kept[sizeof raw_];
    std::memcpy(kept, raw_, sizeof raw_);
    std::memcpy(raw_, other.raw_, sizeof raw_);
    std::memcpy(other.raw_, kept, sizeof raw_);
  }

  // Valid until this object is changed or moved.
  std::string_view view() const {
    if (!is_long()) return {raw_, static_cast<size_t>(raw_[tag_at])};
    return {shared()->bytes(), long_size()};
  }
  size_t size() const { return is_long() ? long_size() : static_cast<size_t>(raw_[tag_at]); }
  bool empty() const { return size() == 0; }
  std::string text() const { return std::string(view()); }
  bool operator==(const Bytes& other) const { return view() == other.view(); }

  // REQUIRES: size() + more.size() < 2^32
  void append(std::string_view more);
  // The bytes for changing in place, copied first when they are shared. Valid until the next call
  // of another function.
  char* mutable_data();

 private:
  struct Shared {
    uint32_t references;
    uint32_t capacity_bytes;
    char* bytes() { return reinterpret_cast<char*>(this + 1); }
  };
  static constexpr size_t tag_at = 15;
  static constexpr char tag_long = 0x7f;

  static Shared* allocate(size_t capacity_bytes);
  bool is_long() const { return raw_[tag_at] == tag_long; }
  Shared* shared() const {
    Shared* pointer;
    std::memcpy(&pointer, raw_, sizeof pointer);
    return pointer;
  }
  uint32_t long_size() const {
    uint32_t size;
    std::memcpy(&size, raw_ + 8, sizeof size);
    return size;
  }
  void set_long(Shared* pointer, size_t size_bytes);
  void drop();

  alignas(8) char raw_[16];  // up to 15 bytes and their number; or pointer, u32 size, and tag_long
};

}  // namespace coterie::state
