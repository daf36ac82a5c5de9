// See output.h.
#include "coterie/server/client/output.h"

namespace coterie::server {

void Output::add(const Reply& canonical, resp::Protocol protocol) {
  if (canonical.size() > copied_bytes_max) return add_bytes(resp::convert(canonical, protocol));
  const size_t before = tail_.size();
  resp::append_converted(tail_, canonical.view(), protocol);
  total_bytes_ += tail_.size() - before;
}

void Output::add_bytes(const Payload& bytes) {
  total_bytes_ += bytes.size();
  if (bytes.size() <= copied_bytes_max) return tail_.append(bytes.view());
  close_tail();
  if (pieces_.empty()) pieces_bytes_ = 0;
  pieces_.push_back(bytes);
  pieces_bytes_ += bytes.size();
}

void Output::close_tail() {
  if (tail_.size() == 0) return;
  if (pieces_.empty()) pieces_bytes_ = 0;
  pieces_bytes_ += tail_.size();
  pieces_.push_back(tail_.take());
}

std::vector<Payload>& Output::pieces() {
  close_tail();
  return pieces_;
}

void Output::clear() {
  pieces_.clear();
  pieces_bytes_ = 0;
  tail_.clear();
}

}  // namespace coterie::server
