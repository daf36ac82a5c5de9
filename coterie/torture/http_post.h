// Posts small documents to an HTTP/1.1 server, one after the other on one connection: as much of
// HTTP as a driver needs, and no more. What the answer may look like is bounded.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "coterie/base/result.h"
#include "coterie/base/time.h"

namespace coterie::torture {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// The bytes of an answer, as they come. Fault::corrupt: they are none, or beyond a limit.
class HttpAnswerParser {
 public:
  static constexpr size_t head_bytes_max = 16u << 10, body_bytes_max = 4u << 20;

  void feed(std::string_view bytes) { bytes_ += bytes; }
  // True when answer() is complete. The server must say how long a body is, or send it in chunks.
  Result<bool> complete();
  const HttpAnswer& answer() const { return answer_; }
  // The connection can be used for another request.
  bool keeps_alive() const { return keeps_alive_; }

 private:
  Result<bool> read_head();
  Result<bool> read_chunks();

  std::string bytes_;
  HttpAnswer answer_;
  bool head_read_ = false, chunked_ = false, keeps_alive_ = true;
  size_t length_ = 0;
};

class HttpConnection {
 public:
  explicit HttpConnection(uint16_t port) : port_(port) {}  // of this machine
  ~HttpConnection() { close(); }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Fault::io: not connected, nothing was sent. Fault::outcome_unknown: sent, and no whole answer
  // came within `patience`, or before `stopping` said true. The connection is closed then.
  Result<HttpAnswer> post(std::string_view path, std::string_view json, Duration patience,
                          const std::function<bool()>& stopping);

 private:
  Result<void> connect(Instant deadline);
  Result<void> send(std::string_view bytes, Instant deadline);
  Result<HttpAnswer> receive(Instant deadline, const std::function<bool()>& stopping);
  void close();

  uint16_t port_;
  int socket_ = -1;
};

}  // namespace coterie::torture
