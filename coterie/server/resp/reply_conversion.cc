// See reply_conversion.h. Nesting does not matter to the conversion: every header is replaced by
// one header, so it is one walk over the tokens, without a stack.
#include "coterie/server/resp/reply_conversion.h"

#include <charconv>
#include <cstring>

#include "coterie/base/assert.h"

namespace coterie::resp {

namespace {

// One token: a scalar with its bytes, or the header of an aggregate.
struct Token {
  char type = 0;
  int64_t number = 0;        // the number of elements, pairs or bytes; of $ % * ~ > =
  std::string_view line;     // what stands between the type and the line end
  std::string_view payload;  // the bytes of a $ or =
  size_t size_bytes = 0;
};

Token token_at(std::string_view bytes) {
  const void* found = std::memchr(bytes.data(), '\r', bytes.size());
  COTERIE_ASSERT(found != nullptr);
  const size_t line_bytes = static_cast<size_t>(static_cast<const char*>(found) - bytes.data()) + 2;
  COTERIE_ASSERT(line_bytes >= 3 && line_bytes <= bytes.size());
  Token token;
  token.type = bytes[0];
  token.line = bytes.substr(1, line_bytes - 3);
  token.size_bytes = line_bytes;
  switch (token.type) {
    case '$':
    case '=':
    case '*':
    case '%':
    case '~':
    case '>':
      std::from_chars(token.line.data(), token.line.data() + token.line.size(), token.number);
      break;
    default:
      break;
  }
  if ((token.type == '$' || token.type == '=') && token.number >= 0) {
    const auto payload_bytes = static_cast<size_t>(token.number);
    COTERIE_ASSERT(payload_bytes + 2 <= bytes.size() - line_bytes);
    token.payload = bytes.substr(line_bytes, payload_bytes);
    token.size_bytes += payload_bytes + 2;
  }
  return token;
}

void append_header(PayloadBuilder& out, char type, uint64_t number) {
  char text[32];
  text[0] = type;
  char* end = std::to_chars(text + 1, text + sizeof text, number).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append({text, static_cast<size_t>(end - text)});
}

void append_bulk(PayloadBuilder& out, std::string_view bytes) {
  append_header(out, '$', bytes.size());
  out.append(bytes);
  out.append("\r\n");
}

bool is_null_array(const Token& token) { return token.type == '*' && token.number < 0; }

bool differs(const Token& token, Protocol protocol) {
  if (protocol == Protocol::resp3) return is_null_array(token);
  switch (token.type) {
    case '+':
    case '-':
    case ':':
    case '$':
    case '*':
      return false;
    default:
      return true;
  }
}

void append_token(PayloadBuilder& out, const Token& token, Protocol protocol) {
  if (protocol == Protocol::resp3) return out.append("_\r\n");
  const auto number = static_cast<uint64_t>(token.number);
  switch (token.type) {
    case '_':
      return out.append("$-1\r\n");
    case '%':
      return append_header(out, '*', number * 2);
    case '~':
    case '>':
      return append_header(out, '*', number);
    case '#':
      return out.append(token.line == "t" ? ":1\r\n" : ":0\r\n");
    case ',':
    case '(':
      return append_bulk(out, token.line);
    case '=':
      COTERIE_ASSERT(token.payload.size() >= 4);
      return append_bulk(out, token.payload.substr(4));
    default:
      COTERIE_ASSERT(!"a reply in canonical form");
  }
}

// Bytes from the start of `canonical` that are the same in `protocol`.
size_t same_bytes(std::string_view canonical, Protocol protocol) {
  size_t at = 0;
  while (at < canonical.size()) {
    const Token token = token_at(canonical.substr(at));
    if (differs(token, protocol)) return at;
    at += token.size_bytes;
  }
  return at;
}

// A scalar is one token: its first byte tells, without a look at the rest.
bool is_plain_scalar(std::string_view canonical) {
  if (canonical.empty()) return true;
  const char type = canonical[0];
  return type == '+' || type == '-' || type == ':' || type == '$';
}

}  // namespace

void append_converted(PayloadBuilder& out, std::string_view canonical, Protocol protocol) {
  if (is_plain_scalar(canonical)) return out.append(canonical);
  while (!canonical.empty()) {
    const size_t same = same_bytes(canonical, protocol);
    out.append(canonical.substr(0, same));
    canonical.remove_prefix(same);
    if (canonical.empty()) return;
    const Token token = token_at(canonical);
    append_token(out, token, protocol);
    canonical.remove_prefix(token.size_bytes);
  }
}

Payload convert(const Reply& canonical, Protocol protocol) {
  if (is_plain_scalar(canonical.view())) return canonical;
  if (same_bytes(canonical.view(), protocol) == canonical.size()) return canonical;
  PayloadBuilder out(canonical.size() + 16);
  append_converted(out, canonical.view(), protocol);
  return out.take();
}

size_t first_reply_bytes(std::string_view canonical) {
  size_t at = 0;
  uint64_t wanted = 1;
  while (wanted > 0) {
    const Token token = token_at(canonical.substr(at));
    at += token.size_bytes;
    --wanted;
    if (token.number <= 0) continue;
    if (token.type == '*' || token.type == '~' || token.type == '>')
      wanted += static_cast<uint64_t>(token.number);
    if (token.type == '%') wanted += static_cast<uint64_t>(token.number) * 2;
  }
  return at;
}

Reply reply_text(std::string_view text) {
  PayloadBuilder out(text.size() + 32);
  append_header(out, '=', text.size() + 4);
  out.append("txt:");
  out.append(text);
  out.append("\r\n");
  return out.take();
}

}  // namespace coterie::resp
