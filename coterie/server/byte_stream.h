// A client's connection as the socket code sees it: a machine that takes bytes and gives bytes.
// What the bytes mean is not known here (server/client implements it); sockets are not known there.
//
// In a turn of the loop every connection is read at most once and written at most once. Bytes that
// came in are handed over before the node's turn ends; output is collected after it, so that all
// replies of a turn leave in one send:
//
//     on_bytes(...)   ->   the node's end_turn()   ->   output() is sent
//
// Output may come into being at any time (a reply, a published message): the stream then calls
// touch() of its host, once or more often, and is looked at before the turn ends. What a call of
// on_bytes or on_end_of_input brings about is noticed without it.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "coterie/base/payload.h"

namespace coterie::server {

// The socket side of one connection. Outlives its stream's last call: valid until on_disconnect()
// has returned.
class StreamHost {
 public:
  // Something of wants_input(), closed() or output() has changed: look at it before this turn ends.
  // Cheap; from the loop's thread.
  virtual void touch() = 0;
  // Bytes taken from output() that the client's socket has not taken yet.
  virtual size_t unsent_bytes() const = 0;

 protected:
  ~StreamHost() = default;
};

class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // What the client sent: at least one byte, at most 64 KiB (ClientLimits::read_bytes_max), cut
  // anywhere. Valid during the call only. Not called after on_end_of_input(), on_disconnect() or
  // once closed() is true.
  virtual void on_bytes(std::string_view bytes) = 0;

  // The client sends no more: it has closed its side, and may be gone or may still read. What was
  // asked is still to be answered, except for what would wait for others (BLPOP): that is
  // withdrawn. Then the stream is to be closed(), at once if nothing is under way; the host closes
  // it anyway after ClientLimits::linger.
  virtual void on_end_of_input() = 0;

  // False: do not read from the client now (too much of it is under way). To read again the stream
  // calls touch(). A client that leaves in the meantime is noticed late, so the waiting for a BLPOP
  // alone is no reason to say false.
  virtual bool wants_input() const = 0;

  // True: send what output() holds, then close. Never becomes false again.
  virtual bool closed() const = 0;

  // What is to be sent, in order. The host takes the elements and leaves it empty.
  virtual std::vector<Payload>& output() = 0;

  // The last call, exactly once, also after closed(): the socket is closed and nothing will be
  // sent. The stream is destroyed after the turn.
  virtual void on_disconnect() = 0;
};

// Makes the stream of a new connection. `remote` is the client's address as "127.0.0.1:50412" or
// "[::1]:50412". Not null.
using StreamFactory =
    std::function<std::unique_ptr<ByteStream>(std::string_view remote, StreamHost& host)>;

}  // namespace coterie::server
