// See handlers.h.
#include "coterie/store/state/handlers.h"

#include <array>

#include <fmt/format.h>

#include "coterie/store/state/numbers.h"

namespace coterie::state {

namespace {

constexpr uint16_t numbers_max = 2048;
using HandlerIndex = std::array<Handler, numbers_max>;

void index_handlers(HandlerIndex& index, std::span<const NamedHandler> handlers) {
  for (const NamedHandler& named : handlers) {
    const CommandSpec* spec = find_command(named.name);
    COTERIE_ASSERT(spec != nullptr && spec->number < numbers_max && index[spec->number] == nullptr);
    index[spec->number] = named.handler;
  }
}

HandlerIndex build_handler_index() {
  HandlerIndex index{};
  for (const auto handlers :
       {string_handlers(), counter_handlers(), key_handlers(), expiry_handlers(), list_handlers(),
        blocking_handlers(), hash_handlers(), set_handlers()}) {
    index_handlers(index, handlers);
  }
  return index;
}

}  // namespace

Handler handler_for(uint16_t number) {
  static const HandlerIndex index = build_handler_index();
  return number < numbers_max ? index[number] : nullptr;
}

std::optional<const Record*> find_typed(Execution& execution, std::string_view key,
                                        ValueType type) {
  const Record* record = execution.find(key);
  if (record == nullptr || record->value.is(type)) return record;
  execution.reply().error(errors::wrong_type);
  return std::nullopt;
}

bool refuse_other_type(Execution& execution, const Edit& edit, ValueType type) {
  if (!edit || edit.is(type)) return false;
  execution.reply().error(errors::wrong_type);
  return true;
}

std::optional<int64_t> integer_arg(Execution& execution, size_t i, std::string_view complaint) {
  const auto value = parse_integer(execution.arg(i));
  if (!value) execution.reply().error(complaint);
  return value;
}

void reply_wrong_arity(Execution& execution) {
  execution.reply().error(
      fmt::format("ERR wrong number of arguments for '{}' command", execution.spec().name));
}

void reply_error(Execution& execution, const Error& error) {
  execution.reply().error(error.message);
}

Range clip_range(int64_t start, int64_t stop, uint64_t size) {
  const auto length = static_cast<int64_t>(size);
  if (start < 0) start = start < -length ? 0 : start + length;
  if (stop < 0) stop = stop < -length ? -1 : stop + length;
  if (stop >= length) stop = length - 1;
  if (start > stop) return {};
  return {static_cast<uint64_t>(start), static_cast<uint64_t>(stop - start + 1)};
}

std::optional<uint64_t> clip_index(int64_t index, uint64_t size) {
  const auto length = static_cast<int64_t>(size);
  if (index < 0) index = index < -length ? -1 : index + length;
  if (index < 0 || index >= length) return std::nullopt;
  return static_cast<uint64_t>(index);
}

}  // namespace coterie::state
