// What the files of handlers (commands_*.cc) share. Each has the commands of one type and lists
// them by name; handlers.cc puts the lists together.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "coterie/base/result.h"
#include "coterie/store/state/errors.h"
#include "coterie/store/state/execution.h"

namespace coterie::state {

struct NamedHandler {
  std::string_view name;
  Handler handler;
};

std::span<const NamedHandler> string_handlers();
std::span<const NamedHandler> counter_handlers();
std::span<const NamedHandler> key_handlers();
std::span<const NamedHandler> expiry_handlers();
std::span<const NamedHandler> list_handlers();
std::span<const NamedHandler> blocking_handlers();
std::span<const NamedHandler> hash_handlers();
std::span<const NamedHandler> set_handlers();

// The record at a key if it is of that type. A null pointer: the key is absent. None: it holds
// another type, and WRONGTYPE has been answered.
std::optional<const Record*> find_typed(Execution& execution, std::string_view key, ValueType type);

// True when the key is there with another type: WRONGTYPE has been answered.
bool refuse_other_type(Execution& execution, const Edit& edit, ValueType type);

// The argument as an integer. None: the error has been answered.
std::optional<int64_t> integer_arg(Execution& execution, size_t i,
                                   std::string_view complaint = errors::not_an_integer);

void reply_wrong_arity(Execution& execution);
void reply_error(Execution& execution, const Error& error);

// A range as Redis' clients give it, both ends included, negative ones counted from the end.
struct Range {
  uint64_t first = 0;
  uint64_t count = 0;
};
Range clip_range(int64_t start, int64_t stop, uint64_t size);
// The rank an index means, negative ones counted from the end. None: outside.
std::optional<uint64_t> clip_index(int64_t index, uint64_t size);

}  // namespace coterie::state
