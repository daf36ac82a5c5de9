// See client_connection.h.
#include "coterie/server/client_connection.h"

#include <algorithm>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <sys/socket.h>

#include "coterie/base/assert.h"
#include "coterie/base/reached.h"

namespace coterie::server {

namespace {

// An idle client's buffer is small; it grows while the client fills it and shrinks again after a
// while.
constexpr size_t buffer_bytes_least = 4u << 10;
constexpr unsigned small_reads_before_shrinking = 256;

}  // namespace

void ClientConnection::fit_buffer() {
  size_t wanted = buffer_bytes_;
  if (buffer_ == nullptr) {
    wanted = std::min(buffer_bytes_least, limits_.read_bytes_max);
  } else if (received_bytes_ == buffer_bytes_) {
    wanted = std::min(buffer_bytes_ * 4, limits_.read_bytes_max);
  } else if (small_reads_ >= small_reads_before_shrinking) {
    wanted = std::min(buffer_bytes_least, buffer_bytes_);
  }
  if (wanted == buffer_bytes_) return;
  buffer_.reset(new char[wanted]);
  buffer_bytes_ = wanted;
  small_reads_ = 0;
}

void ClientConnection::receive() {
  if (receiving_ || input_ended_ || !open_) return;
  COTERIE_ASSERT(received_bytes_ == 0 || buffer_ != nullptr);
  fit_buffer();
  received_bytes_ = 0;
  receiving_ = true;
  socket_.async_receive(boost::asio::buffer(buffer_.get(), buffer_bytes_),
                        [self = shared_from_this()](world::ErrorCode error, size_t bytes) {
                          self->on_received(error, bytes);
                        });
}

void ClientConnection::on_received(world::ErrorCode error, size_t bytes) {
  receiving_ = false;
  if (!open_) return;
  error_ = error;
  received_bytes_ = bytes;
  bytes_in_ += bytes;
  small_reads_ = bytes < buffer_bytes_ / 16 ? small_reads_ + 1 : 0;
  events_.received(shared_from_this());
}

ClientConnection::Fate ClientConnection::hand_over() {
  if (error_ && error_ != boost::asio::error::eof) return Fate::lost;
  if (error_) {
    input_ended_ = true;
    if (stream_ == nullptr) return Fate::lost;  // it has read our last words
    if (!stream_->closed()) stream_->on_end_of_input();
  } else if (stream_ != nullptr && !stream_->closed()) {
    stream_->on_bytes({buffer_.get(), received_bytes_});
  }
  events_.changed(shared_from_this());
  return Fate::goes_on;
}

ClientConnection::Fate ClientConnection::settle() {
  if (stream_ != nullptr) {
    std::vector<Payload>& output = stream_->output();
    for (Payload& part : output) queue_.push(std::move(part));
    output.clear();
  }
  if (queue_.bytes() > 0) {
    const Fate fate = send();
    if (fate != Fate::goes_on) return fate;
  }
  if (stream_ != nullptr && stream_->closed()) return queue_.empty() ? Fate::ended : Fate::goes_on;
  const bool may_read = stream_ == nullptr ||
                        (stream_->wants_input() && queue_.bytes() <= limits_.unsent_pause_bytes);
  if (may_read) receive();
  return Fate::goes_on;
}

ClientConnection::Fate ClientConnection::send() {
  if (writable_) {
    const size_t before = queue_.bytes();
    const world::SendQueue::Sent sent = queue_.send(socket_.native_handle());
    bytes_out_ += before - queue_.bytes();
    if (sent == world::SendQueue::Sent::broken) return Fate::lost;
    if (sent == world::SendQueue::Sent::some) await_writable();
  }
  if (queue_.bytes() > limits_.unsent_bytes_max) {
    COTERIE_REACHED("client's output limit");
    return Fate::choked;
  }
  return Fate::goes_on;
}

void ClientConnection::await_writable() {
  writable_ = false;
  socket_.async_wait(world::TcpSocket::wait_write, [self = shared_from_this()](world::ErrorCode) {
    self->writable_ = true;  // an error shows itself at the next send
    if (self->open_) self->events_.changed(self);
  });
}

void ClientConnection::shut_sending() { ::shutdown(socket_.native_handle(), SHUT_WR); }

void ClientConnection::close() {
  open_ = false;
  world::ErrorCode ignored;
  socket_.close(ignored);
  queue_.clear();
}

void ClientConnection::touch() {
  if (open_) events_.changed(shared_from_this());
}

}  // namespace coterie::server
