// What waits to be sent on one connection. A turn's output leaves in one system call: small parts
// are gathered in a scratch buffer, large ones are sent from where they are.
#pragma once

#include <cstddef>
#include <vector>

#include "coterie/base/payload.h"

namespace coterie::world {

class SendQueue {
 public:
  enum class Sent {
    all,     // nothing is left
    some,    // the socket is full: wait until it is writable
    broken,  // the connection is lost; errno says why
  };

  void push(Payload part);
  // Gives the socket as much as it takes, without waiting. REQUIRES: fd is a connected stream
  // socket
  Sent send(int fd);
  void clear();

  size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }

 private:
  void drop(size_t sent_bytes);

  std::vector<Payload> parts_;
  size_t head_ = 0;    // the first part not wholly sent
  size_t offset_ = 0;  // sent of it
  size_t bytes_ = 0;   // not yet sent
};

}  // namespace coterie::world
