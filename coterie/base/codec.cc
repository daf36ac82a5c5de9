// See codec.h.
#include "coterie/base/codec.h"

namespace coterie {

std::string_view WireReader::take(size_t count) {
  if (!ok_ || count > rest_.size()) {
    latch_failure();
    return {};
  }
  const std::string_view bytes = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return bytes;
}

Payload WireReader::take_payload(size_t count) {
  const std::string_view bytes = take(count);
  return bytes.empty() ? Payload{} : whole_.slice_of(bytes);
}

std::string_view WireReader::narrow(size_t count) {
  if (!ok_ || count > rest_.size()) {
    latch_failure();
    return {};
  }
  const std::string_view after = rest_.substr(count);
  rest_ = rest_.substr(0, count);
  return after;
}

}  // namespace coterie
