// host:port as people write it: "10.0.0.1:7379", "db1.example:7579", "[::1]:7379".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "coterie/base/result.h"

namespace coterie::world {

struct HostPort {
  std::string host;  // without brackets; a name or a numeric address
  uint16_t port = 0;

  bool operator==(const HostPort&) const = default;
  std::string text() const;  // with brackets when the host has a colon
};

// Fault::invalid says what is wrong with it. Port 0 is allowed: where one listens it means any free
// one.
Result<HostPort> parse_host_port(std::string_view text);

// True for numeric loopback addresses and for "localhost".
bool is_loopback(std::string_view host);

}  // namespace coterie::world
