// For tests only: runs commands on a keyspace, without a log around it, at a log time that the test
// sets.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coterie/store/state/execution.h"
#include "coterie/store/state/reply_value.h"

namespace coterie::state {

class CommandRunner {
 public:
  using Words = std::vector<std::string>;

  int64_t now_ms = 1'700'000'000'000;
  uint8_t db = 0;
  bool may_block = true;
  Keyspace keyspace;
  Revision revision;
  std::vector<std::pair<uint8_t, Bytes>> pushed;
  std::vector<Published> published;
  bool waits = false;                  // the last command does
  int64_t wait_deadline_ms = 0;        // until then
  std::vector<std::string> wait_keys;  // for these

  // The canonical bytes of the reply; empty when the command waits.
  std::string run(const Words& words, std::optional<std::string_view> serving_key = std::nullopt) {
    const CommandSpec* spec = find_command(words.at(0));
    if (spec == nullptr) return "-no such command in the table\r\n";
    if (!arity_fits(*spec, words.size())) {
      return "-ERR wrong number of arguments for '" + std::string(spec->name) + "' command\r\n";
    }
    const bool reads = spec->kind == CommandClass::read;
    Execution::Context context;
    context.keyspace = &keyspace;
    context.writable = reads ? nullptr : &keyspace;
    context.revision = reads ? nullptr : &revision;
    context.published = &published;
    context.pushed = &pushed;
    context.now_ms = now_ms;
    context.may_block = may_block && !serving_key && spec->kind == CommandClass::blocking;
    context.serving_key = serving_key;
    const std::vector<std::string_view> args(words.begin() + 1, words.end());
    ReplyBuilder reply;
    Execution execution(context, *spec, db, args, reply);
    handler_for(spec->number)(execution);
    const auto& request = execution.block_request();
    waits = request.has_value();
    wait_deadline_ms = waits ? request->deadline_ms : 0;
    wait_keys.clear();
    if (waits) wait_keys.assign(request->keys.begin(), request->keys.end());
    return reply.take().text();
  }

  // The reply as a reader would write it: ":1", "$text", "-ERR ...", "_", "*[$a $b ]".
  std::string ask(const Words& words) { return ReplyValue::parse(run(words)).shown(); }
};

}  // namespace coterie::state
