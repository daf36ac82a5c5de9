// How frames are told apart in a stream of bytes: u32 length, u32 CRC32C of the bytes, the bytes
// (docs/formats/frame.md). A break in the middle of a frame loses that frame; a wrong CRC or length
// means that the stream cannot be trusted any further. Both worlds use this decoder, the simulator
// by cutting the stream where it likes.
#pragma once

#include <optional>
#include <vector>

#include "coterie/base/payload.h"
#include "coterie/base/result.h"

namespace coterie::world {

inline constexpr size_t frame_header_bytes = 8;

// The header for a frame of these parts.
Payload frame_header(const std::vector<Payload>& parts);

class FrameDecoder {
 public:
  explicit FrameDecoder(size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  // Takes bytes as they arrive. Invalidates nothing that next() has returned.
  void feed(std::string_view bytes);
  // The next whole frame; nothing when more bytes are needed; Fault::corrupt when the stream is
  // broken: then close it.
  Result<std::optional<Payload>> next();

 private:
  size_t limit_bytes_;
  PayloadBuilder partial_;  // the bytes of one unfinished frame, and nothing behind it
  Payload ready_;           // fed bytes that hold whole frames, from `consumed_` on
  size_t consumed_ = 0;
};

}  // namespace coterie::world
