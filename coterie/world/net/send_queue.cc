// See send_queue.h.
#include "coterie/world/net/send_queue.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/uio.h>

namespace coterie::world {

namespace {

constexpr size_t small_bytes = 512;  // copying that much is cheaper than one more vector element
constexpr size_t scratch_bytes = 64 << 10;
constexpr size_t vector_elements = 256;
constexpr size_t kept_parts_max = 1024;  // capacity an idle queue keeps

// The bytes of one system call, by reference or gathered.
class Gathering {
 public:
  // False when it is full.
  bool add(std::string_view bytes) {
    if (bytes.size() >= small_bytes || scratch_used_ + bytes.size() > scratch_bytes) {
      if (count_ == vector_elements) return false;
      // The kernel does not write through it.
      vector_[count_++] = {const_cast<char*>(bytes.data()), bytes.size()};
    } else {
      char* place = scratch_.data() + scratch_used_;
      const bool follows = count_ > 0 && end_of(vector_[count_ - 1]) == place;
      if (!follows && count_ == vector_elements) return false;
      std::memcpy(place, bytes.data(), bytes.size());
      if (follows) {
        vector_[count_ - 1].iov_len += bytes.size();
      } else {
        vector_[count_++] = {place, bytes.size()};
      }
      scratch_used_ += bytes.size();
    }
    bytes_ += bytes.size();
    return true;
  }

  void clear() { count_ = scratch_used_ = bytes_ = 0; }
  size_t bytes() const { return bytes_; }

  ssize_t send(int fd) {
    constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    msghdr message{};
    message.msg_iov = vector_.data();
    message.msg_iovlen = count_;
    ssize_t sent = 0;
    do {
      sent = count_ == 1 ? ::send(fd, vector_[0].iov_base, vector_[0].iov_len, flags)
                         : ::sendmsg(fd, &message, flags);
    } while (sent < 0 && errno == EINTR);
    return sent;
  }

 private:
  static char* end_of(const iovec& element) {
    return static_cast<char*>(element.iov_base) + element.iov_len;
  }

  std::array<iovec, vector_elements> vector_;
  size_t count_ = 0;
  std::array<char, scratch_bytes> scratch_;
  size_t scratch_used_ = 0;
  size_t bytes_ = 0;
};

}  // namespace

void SendQueue::push(Payload part) {
  if (part.empty()) return;
  bytes_ += part.size();
  parts_.push_back(std::move(part));
}

SendQueue::Sent SendQueue::send(int fd) {
  static thread_local Gathering gathering;
  while (bytes_ > 0) {
    gathering.clear();
    size_t skip = offset_;
    for (size_t i = head_; i < parts_.size(); ++i) {
      if (!gathering.add(parts_[i].view().substr(skip))) break;
      skip = 0;
    }
    const ssize_t sent = gathering.send(fd);
    if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Sent::some : Sent::broken;
    drop(static_cast<size_t>(sent));
    if (static_cast<size_t>(sent) < gathering.bytes()) return Sent::some;
  }
  return Sent::all;
}

void SendQueue::drop(size_t sent_bytes) {
  bytes_ -= sent_bytes;
  while (sent_bytes > 0) {
    const size_t left = parts_[head_].size() - offset_;
    if (sent_bytes < left) {
      offset_ += sent_bytes;
      break;
    }
    sent_bytes -= left;
    offset_ = 0;
    parts_[head_++] = {};
  }
  if (bytes_ == 0) {
    clear();
  } else if (head_ > kept_parts_max && head_ * 2 > parts_.size()) {
    parts_.erase(parts_.begin(), parts_.begin() + static_cast<ptrdiff_t>(head_));
    head_ = 0;
  }
}

void SendQueue::clear() {
  parts_.clear();
  if (parts_.capacity() > kept_parts_max) parts_.shrink_to_fit();
  head_ = offset_ = bytes_ = 0;
}

}  // namespace coterie::world
