// Commands that wait for a list: a waiter is state (waiters.h), and this handler is asked again
// when one of its keys has been pushed to.
#include "coterie/store/state/handlers.h"
#include "coterie/store/state/numbers.h"

namespace coterie::state {

namespace {

// The deadline of the command's last argument. None: the error has been answered.
std::optional<int64_t> wait_deadline(Execution& x) {
  const Timeout timeout = parse_timeout(x.arg(x.argc() - 1));
  const auto refuse = [&](std::string_view error) -> std::optional<int64_t> {
    x.reply().error(error);
    return std::nullopt;
  };
  switch (timeout.fault) {
    case TimeoutFault::not_a_float:
      return refuse(errors::timeout_not_a_float);
    case TimeoutFault::out_of_range:
      return refuse(errors::timeout_out_of_range);
    case TimeoutFault::negative:
      return refuse(errors::timeout_negative);
    case TimeoutFault::none:
      break;
  }
  if (timeout.ms == 0) return no_deadline;
  if (timeout.ms > INT64_MAX - x.now_ms()) return refuse(errors::timeout_out_of_range);
  return x.now_ms() + timeout.ms;
}

enum class End : uint8_t { left, right };

void pop_from(Execution& x, Edit& edit, std::string_view key, End end) {
  ListValue& list = edit.change().list();
  x.reply().array(2);
  x.reply().bulk(key);
  x.reply().bulk((end == End::left ? list.pop_front() : list.pop_back()).view());
}

// The first key that holds a list, in the order of the arguments, or a complaint about the first
// that holds another type.
void pop_now_or_wait(Execution& x, End end) {
  const auto deadline = wait_deadline(x);
  if (!deadline) return;
  const auto keys = x.args().first(x.argc() - 1);
  for (std::string_view key : keys) {
    Edit edit = x.edit(key);
    if (refuse_other_type(x, edit, ValueType::list)) return;
    if (edit) return pop_from(x, edit, key, end);
  }
  if (!x.block(keys, *deadline)) x.reply().null_array();
}

// The list may be gone again, or something else have taken its name: then the waiter waits on.
void serve(Execution& x, std::string_view key, End end) {
  {
    Edit edit = x.edit(key);
    if (edit.is(ValueType::list)) return pop_from(x, edit, key, end);
  }
  if (!x.block(x.args().first(x.argc() - 1), no_deadline)) x.reply().null_array();
}

void pop(Execution& x, End end) {
  if (const auto key = x.serving_key()) return serve(x, *key, end);
  pop_now_or_wait(x, end);
}
void blpop(Execution& x) { pop(x, End::left); }
void brpop(Execution& x) { pop(x, End::right); }

constexpr NamedHandler handlers[] = {{"blpop", blpop}, {"brpop", brpop}};

}  // namespace

std::span<const NamedHandler> blocking_handlers() { return handlers; }

}  // namespace coterie::state
