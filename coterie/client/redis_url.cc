// See redis_url.h.
#include "coterie/client/redis_url.h"

#include <charconv>

#include <fmt/format.h>

namespace coterie::client {

namespace {

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr ==
            text.data() + i + 3) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace

std::string RedisUrl::address() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

Result<RedisUrl> parse_redis_url(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(
        Fault::invalid,
        fmt::format("'{}' is no address of a node: {} (write redis://HOST:PORT)", text, why));
  };
  constexpr std::string_view scheme = "redis://";
  std::string_view rest = text;
  if (rest.starts_with(scheme)) {
    rest.remove_prefix(scheme.size());
  } else if (rest.find("://") != std::string_view::npos) {
    return wrong("only redis:// is known");
  }
  rest = rest.substr(0, rest.find('/'));
  RedisUrl url;
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = rest.substr(0, at);
    const size_t colon = user.find(':');
    if (colon == std::string_view::npos)
      return wrong("a password follows a colon, as in redis://:PASSWORD@HOST");
    url.password = percent_decoded(user.substr(colon + 1));
    rest.remove_prefix(at + 1);
  }
  std::string_view host = rest, port;
  if (rest.starts_with('[')) {
    const size_t close = rest.find(']');
    if (close == std::string_view::npos) return wrong("the closing bracket is missing");
    host = rest.substr(1, close - 1);
    port = rest.substr(close + 1);
    if (!port.empty() && port.front() != ':') return wrong("a colon is missing behind the bracket");
  } else if (const size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    host = rest.substr(0, colon);
    port = rest.substr(colon);
    if (host.find(':') != std::string_view::npos) return wrong("an IPv6 address needs brackets");
  }
  if (host.empty()) return wrong("the host is missing");
  url.host = std::string(host);
  if (!port.empty()) {
    port.remove_prefix(1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc{} || end != port.data() + port.size() || url.port == 0) {
      return wrong("the port is not a number from 1 to 65535");
    }
  }
  return url;
}

}  // namespace coterie::client
