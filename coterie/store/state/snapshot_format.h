// The form of a snapshot of the state (docs/formats/state-snapshot.md): frames, each a u32 size of
// what follows, a u8 kind, and fields; all little-endian. Byte strings are a u32 size and the
// bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "coterie/base/codec.h"
#include "coterie/base/payload.h"
#include "coterie/store/state/bytes.h"

namespace coterie::state::snapshot {

inline constexpr uint32_t format_version = 1;

enum class FrameKind : uint8_t {
  header = 1,       // version and counters; the first frame
  record = 2,       // a key, with as many of its elements as the frame has
  elements = 3,     // more elements of the record before
  session = 4,      // a session
  kept_reply = 5,   // replies kept for the session before, in order; empty: the request waits
  late_reply = 6,   // a late reply of the session before
  waiter = 7,       // a waiting request
  once_client = 8,  // a client of ONCE
  once_reply = 9,   // a reply kept for the client before
  fence = 10,       // a resource of FENCE
  end = 255,        // u64 bytes before this frame, u32 CRC32C of them; the last frame
};

inline constexpr size_t frame_size_bytes = 4;

// Builds frames. Of a large byte string at the end of a frame only a reference is kept: it is
// streamed (tail).
class FrameWriter {
 public:
  // A byte string from this size on ends its frame and is streamed.
  static constexpr size_t tail_bytes_least = 64 * 1024;

  explicit FrameWriter(PayloadBuilder& out) : out_(out) {}

  void begin(FrameKind kind) {
    start_ = out_.size();
    out_.extend(frame_size_bytes);
    out_.push(static_cast<char>(kind));
  }
  template <class T>
  void put(T value) {
    store_le(out_.extend(sizeof value), value);
  }
  void put_bytes(std::string_view bytes) {
    put(static_cast<uint32_t>(bytes.size()));
    out_.append(bytes);
  }
  // Like put_bytes, but of large ones only the size; then the frame must be ended with
  // end_with_tail(). True: so it is.
  bool put_bytes_or_tail(std::string_view bytes) {
    if (bytes.size() < tail_bytes_least) return put_bytes(bytes), false;
    put(static_cast<uint32_t>(bytes.size()));
    return true;
  }
  size_t frame_bytes() const { return out_.size() - start_; }
  void end(size_t tail_bytes = 0) {
    char size[frame_size_bytes];
    store_le(size, static_cast<uint32_t>(frame_bytes() - frame_size_bytes + tail_bytes));
    out_.overwrite(start_, {size, sizeof size});
  }

 private:
  PayloadBuilder& out_;
  size_t start_ = 0;
};

// Reads the fields of a frame. The first failure is latched; ok() is asked at the end.
class FrameReader {
 public:
  explicit FrameReader(std::string_view fields) : rest_(fields) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  template <class T>
  T get() {
    const std::string_view bytes = take(sizeof(T));
    return bytes.size() == sizeof(T) ? load_le<T>(bytes.data()) : T{};
  }
  std::string_view get_bytes() { return take(get<uint32_t>()); }

 private:
  std::string_view take(size_t count) {
    if (!ok_ || count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace coterie::state::snapshot
