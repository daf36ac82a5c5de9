// The words of an inline command. See request_parser.h.
#include "coterie/server/resp/request_parser.h"

namespace coterie::resp {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char escaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Appends what stands between the quote at line[at] and its partner, and moves `at` past that one.
// False when there is no partner, or when something other than white space follows it.
bool take_quoted(std::string_view line, size_t& at, std::string& out) {
  const char quote = line[at++];
  while (at < line.size() && line[at] != quote) {
    const size_t left = line.size() - at;
    if (line[at] == '\\' && left >= 2 && quote == '\'') {
      if (line[at + 1] == '\'') ++at;
      out.push_back(line[at++]);
    } else if (line[at] == '\\' && left >= 4 && line[at + 1] == 'x' &&
               hex_digit(line[at + 2]) >= 0 && hex_digit(line[at + 3]) >= 0) {
      out.push_back(static_cast<char>(hex_digit(line[at + 2]) * 16 + hex_digit(line[at + 3])));
      at += 4;
    } else if (line[at] == '\\' && left >= 2) {
      out.push_back(escaped(line[at + 1]));
      at += 2;
    } else {
      out.push_back(line[at++]);
    }
  }
  if (at == line.size()) return false;
  ++at;
  return at == line.size() || is_space(line[at]);
}

}  // namespace

bool split_words(std::string_view line, std::vector<std::string_view>& words,
                 std::deque<std::string>& unescaped) {
  line = line.substr(0, line.find('\0'));  // Redis takes the line for a C string
  size_t at = 0;
  while (true) {
    while (at < line.size() && is_space(line[at])) ++at;
    if (at == line.size()) return true;
    const size_t begin = at;
    while (at < line.size() && !is_space(line[at]) && line[at] != '"' && line[at] != '\'') ++at;
    if (at == line.size() || is_space(line[at])) {
      words.push_back(line.substr(begin, at - begin));
      continue;
    }
    std::string& word = unescaped.emplace_back(line.substr(begin, at - begin));
    if (!take_quoted(line, at, word)) return false;
    words.push_back(word);
  }
}

}  // namespace coterie::resp
