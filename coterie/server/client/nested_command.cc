// See nested_command.h.
#include "coterie/server/client/nested_command.h"

#include <fmt/format.h>

#include "coterie/server/client/errors.h"

namespace coterie::server {

namespace {

using state::CommandClass;
using state::CommandSpec;

constexpr size_t words_before_command =
    2;  // ONCE client number COMMAND, FENCE resource token COMMAND

bool carries_command(const CommandSpec& spec) {
  return spec.name == "once" || spec.name == "fence";
}

}  // namespace

std::string check_nested(const CommandSpec& spec, Words args) {
  const CommandSpec* outer = &spec;
  bool inside_once = false, inside_fence = false;
  while (carries_command(*outer)) {
    (outer->name == "once" ? inside_once : inside_fence) = true;
    const Words words = args.subspan(words_before_command);
    const CommandSpec* inner = state::find_command(words[0]);
    if (inner == nullptr || inner->kind == CommandClass::internal)
      return unknown_command_error(words);
    if (!state::arity_fits(*inner, words.size())) return wrong_arity_error(inner->name);
    const bool repeated =
        (inner->name == "once" && inside_once) || (inner->name == "fence" && inside_fence);
    if ((inner->kind != CommandClass::read && inner->kind != CommandClass::write) || repeated) {
      return fmt::format(
          "ERR '{}' cannot be carried by '{}': only commands that read or write keys, without "
          "waiting, can",
          inner->name, outer->name);
    }
    outer = inner;
    args = words.subspan(1);
  }
  return {};
}

}  // namespace coterie::server
