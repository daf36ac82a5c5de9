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
  while (carries_command(*outer)) {
    const Words words = args.subspan(words_before_command);
    const CommandSpec* inner = state::find_command(words[0]);
    if (inner == nullptr || inner->kind == CommandClass::internal)
      return unknown_command_error(words);
    if (!state::arity_fits(*inner, words.size())) return wrong_arity_error(inner->name);
    if (inner->name == "once" || inner->name == outer->name) {
      return fmt::format("ERR '{}' cannot hold '{}': ONCE stands outside, FENCE within it",
                         outer->name, inner->name);
    }
    if (inner->kind == CommandClass::blocking) {
      return fmt::format("ERR '{}' cannot hold '{}', which waits: use its form that does not wait",
                         outer->name, inner->name);
    }
    if (inner->kind != CommandClass::read && inner->kind != CommandClass::write) {
      return fmt::format("ERR '{}' cannot hold '{}': it takes commands that read or write data",
                         outer->name, inner->name);
    }
    outer = inner;
    args = words.subspan(1);
  }
  return {};
}

}  // namespace coterie::server
