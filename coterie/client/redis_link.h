// A connection to one node, for programs that wait for their answers: blocking, every wait with an
// end. What failed before anything was sent did not happen; what failed later may have, and says
// so.
//
// One thread uses a link at a time.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "coterie/base/result.h"
#include "coterie/base/time.h"
#include "coterie/client/redis_url.h"
#include "coterie/server/resp/value.h"

namespace coterie::client {

struct LinkTimeouts {
  Duration connect = seconds(2);
  Duration reply = seconds(5);
};

class RedisLink {
 public:
  // Connects, and authenticates when the url has a password. Fault::timed_out, or Fault::io with
  // the system's reason; Fault::refused: the node does not accept the password.
  static Result<RedisLink> connect(const RedisUrl& url, LinkTimeouts timeouts = {});

  RedisLink(RedisLink&& other) noexcept;
  RedisLink& operator=(RedisLink&& other) noexcept;
  ~RedisLink();

  // The reply; an error that the node answered with is a value (Value::is_error), for it is an
  // answer. Fault::io: the link was broken before and nothing was sent. Fault::outcome_unknown: the
  // connection broke, or the time was up, before the reply was there. The link is broken after any
  // failure: connect a new one.
  Result<resp::Value> command(std::span<const std::string_view> words);
  Result<resp::Value> command(std::initializer_list<std::string_view> words) {
    return command(std::span(words.begin(), words.size()));
  }
  // The same for commands that wait at the node, as BLPOP does: at most `patience` for the reply.
  Result<resp::Value> command_within(Duration patience,
                                     std::initializer_list<std::string_view> words);
  // The request alone; its reply is the next that receive() gives. Fault::outcome_unknown as above.
  Result<void> send(std::span<const std::string_view> words);
  Result<void> send(std::initializer_list<std::string_view> words) {
    return send(std::span(words.begin(), words.size()));
  }
  // The next reply or pushed message, for subscribers. Fault::timed_out leaves the link whole.
  Result<resp::Value> receive(Duration patience);

  bool broken() const { return socket_ < 0; }

 private:
  RedisLink(int socket, LinkTimeouts timeouts) : socket_(socket), timeouts_(timeouts) {}
  Result<void> send_all(std::string_view bytes, Instant deadline);
  void close();

  int socket_ = -1;
  LinkTimeouts timeouts_;
  resp::ReplyParser parser_;
};

}  // namespace coterie::client
