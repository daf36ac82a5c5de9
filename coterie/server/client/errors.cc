// See errors.h.
#include "coterie/server/client/errors.h"

#include <fmt/format.h>

namespace coterie::server {

namespace {

constexpr size_t shown_bytes_max = 128;

// As much of a word as fits, up to a zero byte: Redis prints it as a C string.
std::string_view shown(std::string_view word, size_t bytes_max) {
  return word.substr(0, bytes_max).substr(0, word.substr(0, bytes_max).find('\0'));
}

std::string upper(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

}  // namespace

std::string unknown_command_error(Words words) {
  std::string args;
  for (size_t i = 1; i < words.size() && args.size() < shown_bytes_max; ++i) {
    args += fmt::format("'{}' ", shown(words[i], shown_bytes_max - args.size()));
  }
  return fmt::format("ERR unknown command '{}', with args beginning with: {}",
                     shown(words[0], shown_bytes_max), args);
}

std::string unknown_subcommand_error(std::string_view command, std::string_view subcommand) {
  return fmt::format("ERR unknown subcommand '{}'. Try {} HELP.",
                     shown(subcommand, shown_bytes_max), upper(command));
}

std::string wrong_arity_error(std::string_view command) {
  return fmt::format("ERR wrong number of arguments for '{}' command", command);
}

std::string subscriber_error(std::string_view command) {
  return fmt::format(
      "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
      "allowed in this context",
      command);
}

}  // namespace coterie::server
