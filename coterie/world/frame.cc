// See frame.h. What is fed is copied once, into a slab that the frames found in it are slices of.
#include "coterie/world/frame.h"

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/base/crc32c.h"

namespace coterie::world {

Payload frame_header(const std::vector<Payload>& parts) {
  uint32_t crc = 0;
  size_t size_bytes = 0;
  for (const Payload& part : parts) {
    crc = crc32c(part.view(), crc);
    size_bytes += part.size();
  }
  PayloadBuilder out(frame_header_bytes);
  store_le(out.extend(4), static_cast<uint32_t>(size_bytes));
  store_le(out.extend(4), crc);
  return out.take();
}

void FrameDecoder::feed(std::string_view bytes) {
  if (consumed_ < ready_.size()) partial_.append(ready_.view().substr(consumed_));
  ready_ = {};
  consumed_ = 0;
  partial_.append(bytes);
}

Result<std::optional<Payload>> FrameDecoder::next() {
  if (ready_.empty() && partial_.size() < frame_header_bytes) return std::optional<Payload>{};
  const std::string_view all = ready_.empty() ? partial_.view() : ready_.view();
  const std::string_view rest = all.substr(consumed_);
  if (rest.size() < frame_header_bytes) return std::optional<Payload>{};
  const auto size_bytes = load_le<uint32_t>(rest.data());
  if (size_bytes > limit_bytes_) return fail(Fault::corrupt, "frame larger than the limit");
  if (rest.size() - frame_header_bytes < size_bytes) return std::optional<Payload>{};
  if (ready_.empty()) ready_ = partial_.take();
  Payload frame = ready_.slice(consumed_ + frame_header_bytes, size_bytes);
  if (crc32c(frame.view()) != load_le<uint32_t>(ready_.data() + consumed_ + 4)) {
    return fail(Fault::corrupt, "frame fails its CRC");
  }
  consumed_ += frame_header_bytes + size_bytes;
  return std::optional<Payload>{std::move(frame)};
}

}  // namespace coterie::world
