// See readable.h.
#include "coterie/picture/readable.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

namespace coterie::picture {

namespace {

struct Character {
  uint32_t code = 0;
  size_t bytes = 0;  // 0: no valid character begins here
};

// The UTF-8 character at the front (RFC 3629: no overlong forms, no surrogates).
Character first_character(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  if (lead < 0x80) return {lead, 1};
  constexpr std::array<uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (length == 0 || lead > 0xf4 || bytes.size() < length) return {};
  uint32_t code = lead & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(bytes[i]);
    if ((next & 0xc0) != 0x80) return {};
    code = code << 6 | (next & 0x3fu);
  }
  if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {code, length};
}

// Nothing to be seen, or it changes the order in which its neighbours are read.
bool must_be_escaped(uint32_t code) {
  struct Range {
    uint32_t first, last;
  };
  constexpr Range ranges[] = {
      {0, 0x1f},        {0x7f, 0xa0},     {0xad, 0xad},     {0x61c, 0x61c},   {0x115f, 0x1160},
      {0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x206f}, {0x3164, 0x3164},
      {0xe000, 0xf8ff}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xfff0, 0xffff}, {0xe0000, 0x10ffff}};
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [&](const Range& range) { return code >= range.first && code <= range.last; });
}

void append_escape(std::string& out, uint32_t code) {
  if (code == '\n') {
    out += "\\n";
  } else if (code == '\r') {
    out += "\\r";
  } else if (code == '\t') {
    out += "\\t";
  } else if (code < 0x80) {
    out += fmt::format("\\x{:02x}", code);
  } else {
    out += fmt::format("\\u{{{:x}}}", code);
  }
}

}  // namespace

std::string readable(std::string_view bytes, size_t bytes_max, Alphabet alphabet) {
  std::string out;
  size_t at = 0;
  while (at < bytes.size()) {
    const Character character = first_character(bytes.substr(at));
    const size_t length = std::max<size_t>(character.bytes, 1);
    if (at + length > bytes_max) break;
    if (character.bytes == 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes[at]));
    } else if (character.code == '\\') {
      out += "\\\\";
    } else if (must_be_escaped(character.code) ||
               (alphabet == Alphabet::ascii && character.code >= 0x80)) {
      append_escape(out, character.code);
    } else {
      out += bytes.substr(at, length);
    }
    at += length;
  }
  if (at < bytes.size()) out += fmt::format("... (+{} bytes)", bytes.size() - at);
  return out;
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '<' || c == '>' || c == '&' || static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

}  // namespace coterie::picture
