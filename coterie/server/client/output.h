// The bytes a connection has to send: small replies are gathered into one piece, large ones go by
// reference.
#pragma once

#include <string_view>
#include <vector>

#include "coterie/base/payload.h"
#include "coterie/server/resp/reply_conversion.h"

namespace coterie::server {

class Output {
 public:
  // Appends a reply, converted.
  void add(const Reply& canonical, resp::Protocol protocol);
  // Appends bytes as they are.
  void add_bytes(const Payload& bytes);

  size_t size_bytes() const { return (pieces_.empty() ? 0 : pieces_bytes_) + tail_.size(); }
  bool empty() const { return size_bytes() == 0; }
  // All of it. The taker removes pieces and leaves none.
  std::vector<Payload>& pieces();
  void clear();
  uint64_t total_bytes() const { return total_bytes_; }  // ever added

 private:
  static constexpr size_t copied_bytes_max = 4'096;
  void close_tail();

  std::vector<Payload> pieces_;
  size_t pieces_bytes_ = 0;  // of what was there at the last look; the taker empties pieces_
  PayloadBuilder tail_;
  uint64_t total_bytes_ = 0;
};

}  // namespace coterie::server
