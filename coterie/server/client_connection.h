// One client's socket with its stream, for client_listener.cc only. It knows how to receive, hand
// over, collect output and send; when, is the listener's affair.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coterie/server/byte_stream.h"
#include "coterie/server/client_listener.h"
#include "coterie/world/net/asio_types.h"
#include "coterie/world/net/send_queue.h"

namespace coterie::server {

class ClientConnection;
using ClientConnectionPtr = std::shared_ptr<ClientConnection>;

// What connections tell their listener; it remembers them for the next phase of the turn.
class ConnectionEvents {
 public:
  virtual void received(const ClientConnectionPtr& connection) = 0;  // hand_over() is due
  virtual void changed(const ClientConnectionPtr& connection) = 0;   // settle() is due

 protected:
  ~ConnectionEvents() = default;
};

class ClientConnection final : public StreamHost,
                               public std::enable_shared_from_this<ClientConnection> {
 public:
  // What is to become of it.
  enum class Fate {
    goes_on,
    ended,   // its stream is closed() and all is sent
    lost,    // the client is gone
    choked,  // too much is unsent
  };

  ClientConnection(uint64_t its_id, world::TcpSocket socket, const ClientLimits& limits,
                   ConnectionEvents& events)
      : id(its_id), socket_(std::move(socket)), limits_(limits), events_(events) {}

  void set_stream(std::unique_ptr<ByteStream> stream) { stream_ = std::move(stream); }
  // Nothing more will be called of it; the caller calls on_disconnect() and destroys it.
  std::unique_ptr<ByteStream> take_stream() { return std::move(stream_); }
  bool has_stream() const { return stream_ != nullptr; }

  // Starts to receive unless it does already. REQUIRES: what was received before has been handed
  // over
  void receive();
  // Gives what was received to the stream; without a stream it is discarded.
  Fate hand_over();
  // Collects the stream's output, sends, and receives again if the stream wants input.
  Fate settle();
  // Says that nothing more will be sent, so that the client reads to the end.
  void shut_sending();
  void close();

  bool open() const { return open_; }
  // Input and output are both on their last way; a timer limits how long.
  bool leaving() const { return input_ended_ || (stream_ != nullptr && stream_->closed()); }
  bool has_unsent() const { return !queue_.empty(); }
  uint64_t take_bytes_in() { return std::exchange(bytes_in_, 0); }
  uint64_t take_bytes_out() { return std::exchange(bytes_out_, 0); }

  void touch() override;
  size_t unsent_bytes() const override { return queue_.bytes(); }

  const uint64_t id;
  world::TimerId timer = 0;     // the listener's: linger or drain
  bool listed_changed = false;  // the listener's: it is in its list already

 private:
  void on_received(world::ErrorCode error, size_t bytes);
  void await_writable();
  void fit_buffer();
  Fate send();

  world::TcpSocket socket_;
  const ClientLimits& limits_;
  ConnectionEvents& events_;
  std::unique_ptr<ByteStream> stream_;
  bool open_ = true;
  bool receiving_ = false;  // an operation is under way
  bool input_ended_ = false;
  bool writable_ = true;    // false: an operation waits for it
  world::ErrorCode error_;  // of the last receive
  size_t received_bytes_ = 0;
  size_t buffer_bytes_ = 0;
  unsigned small_reads_ = 0;  // in a row
  std::unique_ptr<char[]> buffer_;
  world::SendQueue queue_;
  uint64_t bytes_in_ = 0;
  uint64_t bytes_out_ = 0;
};

}  // namespace coterie::server
