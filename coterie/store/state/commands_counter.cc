// Commands on integers that are kept as strings. They keep the key's deadline.
#include "coterie/store/state/handlers.h"
#include "coterie/store/state/numbers.h"

namespace coterie::state {

namespace {

void add(Execution& x, int64_t amount) {
  int64_t value = 0;
  Edit edit = x.edit(x.arg(0));
  if (refuse_other_type(x, edit, ValueType::string)) return;
  if (edit) {
    const auto old = parse_integer(edit.record().value.string().view());
    if (!old) return x.reply().error(errors::not_an_integer);
    value = *old;
  }
  if (__builtin_add_overflow(value, amount, &value)) return x.reply().error(errors::would_overflow);
  const IntegerText text(value);
  if (edit) {
    edit.change().string() = Bytes(text.view());
  } else {
    x.put(x.arg(0), Value(text.view()));
  }
  x.reply().integer(value);
}

void incr(Execution& x) { add(x, 1); }
void decr(Execution& x) { add(x, -1); }

void incrby(Execution& x) {
  if (const auto amount = integer_arg(x, 1)) add(x, *amount);
}

void decrby(Execution& x) {
  const auto amount = integer_arg(x, 1);
  if (!amount) return;
  if (*amount == INT64_MIN) return x.reply().error(errors::decrement_would_overflow);
  add(x, -*amount);
}

constexpr NamedHandler handlers[] = {
    {"incr", incr}, {"decr", decr}, {"incrby", incrby}, {"decrby", decrby}};

}  // namespace

std::span<const NamedHandler> counter_handlers() { return handlers; }

}  // namespace coterie::state
