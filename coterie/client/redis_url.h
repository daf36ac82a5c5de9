// Where a node is and how to be let in: redis://[[user]:password@]host[:port], with port 7379 when
// none is given. A bare host:port is taken too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "coterie/base/result.h"

namespace coterie::client {

struct RedisUrl {
  std::string host = "127.0.0.1";  // without brackets
  uint16_t port = 7379;
  std::string password;  // empty: none

  std::string address() const;  // host:port, with brackets when the host has a colon
  bool operator==(const RedisUrl&) const = default;
};

// Fault::invalid says what is wrong with it. A password may be percent-encoded.
Result<RedisUrl> parse_redis_url(std::string_view text);

}  // namespace coterie::client
