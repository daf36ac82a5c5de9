// Any bytes as the body of an entry, as guards, and applied to a state: a state that has applied
// them twice over is the same state.
#include <string>

#include "coterie/base/assert.h"
#include "coterie/base/codec.h"
#include "coterie/store/state/batch.h"
#include "coterie/store/state/state.h"
#include "coterie/store/state/transaction.h"

namespace {

using namespace coterie;
using namespace coterie::state;

void check_views(std::string_view bytes) {
  if (const auto command = CommandView::check(bytes)) {
    COTERIE_ASSERT(command->size_bytes() <= bytes.size() && command->db() < databases);
    size_t total = 0;
    std::vector<std::string_view> args;
    for (uint32_t i = 0; i < command->argc(); ++i)
      args.push_back(command->arg(i)), total += args.back().size();
    COTERIE_ASSERT(total <= bytes.size());
    PayloadBuilder again;
    encode_command(again, command->command(), command->db(), args);
    COTERIE_ASSERT(CommandView::check(again.view()).has_value());
  }
  if (const auto block = BlockView::check(bytes)) {
    uint64_t count = 0, next = block->header().first_number;
    block->each([&](uint64_t number, const CommandView&) {
      COTERIE_ASSERT(number == next);
      ++next, ++count;
    });
    COTERIE_ASSERT(count == block->header().count && block->size_bytes() <= bytes.size());
  }
  if (const auto guards = decode_guards(bytes))
    COTERIE_ASSERT(decode_guards(encode_guards(*guards)).has_value());
}

State with_session() {
  const std::string_view args[] = {"1", "000000000000000000000000000000aa", "1"};
  PayloadBuilder command, body;
  encode_command(command, number::open_session, 0, args);
  encode_block_header(body, {.session = {}, .first_number = 1, .acknowledged = 0, .count = 1},
                      command.size());
  body.append(command.view());
  State state;
  ApplyEffects effects;
  state.apply(make_entry({.group = GroupId(1),
                          .kind = EntryKind::commands,
                          .feature_level = 1,
                          .term = Term(1),
                          .index = Index(1),
                          .stamp_ms = 1'000,
                          .bytes = {}},
                         body.view()),
              effects);
  COTERIE_ASSERT(effects.opened.size() == 1 && effects.opened[0].session == SessionId(1));
  return state;
}

void apply(State& state, std::string_view body) {
  ApplyEffects effects;
  state.apply(make_entry({.group = GroupId(1),
                          .kind = EntryKind::commands,
                          .feature_level = 1,
                          .term = Term(1),
                          .index = state.applied().next(),
                          .stamp_ms = 2'000,
                          .bytes = {}},
                         body),
              effects);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_views(bytes);
  static const State empty = with_session();
  State one = empty, two = empty;
  // As it is, and as commands in a block that is right.
  apply(one, bytes);
  apply(two, bytes);
  for (State* state : {&one, &two}) {
    PayloadBuilder body;
    uint32_t count = 0;
    for (std::string_view rest = bytes; !rest.empty(); ++count) {
      const auto command = CommandView::check(rest);
      if (!command) break;
      rest.remove_prefix(command->size_bytes());
    }
    encode_block_header(
        body, {.session = SessionId(1), .first_number = 1, .acknowledged = 0, .count = count},
        bytes.size());
    body.append(bytes);
    apply(*state, body.view());
  }
  COTERIE_ASSERT(one.digest() == two.digest());
  return 0;
}
