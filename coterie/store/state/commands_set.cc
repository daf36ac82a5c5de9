// Commands on sets. Members are answered in hash order, the same on every node.
#include "coterie/store/state/handlers.h"

namespace coterie::state {

namespace {

void sadd(Execution& x) {
  Edit edit = x.edit_or_create(x.arg(0), ValueType::set);
  if (refuse_other_type(x, edit, ValueType::set)) return;
  int64_t added = 0;
  for (std::string_view member : x.args().subspan(1)) {
    if (!edit.record().value.set().contains(member)) added += edit.change().set().add(member);
  }
  x.reply().integer(added);
}

void srem(Execution& x) {
  Edit edit = x.edit(x.arg(0));
  if (refuse_other_type(x, edit, ValueType::set)) return;
  int64_t removed = 0;
  if (edit) {
    for (std::string_view member : x.args().subspan(1)) {
      if (edit.record().value.set().contains(member)) removed += edit.change().set().erase(member);
    }
  }
  x.reply().integer(removed);
}

int64_t is_member(const Record* record, std::string_view member) {
  return record != nullptr && record->value.set().contains(member) ? 1 : 0;
}

void sismember(Execution& x) {
  const auto record = find_typed(x, x.arg(0), ValueType::set);
  if (record) x.reply().integer(is_member(*record, x.arg(1)));
}

void smismember(Execution& x) {
  const auto record = find_typed(x, x.arg(0), ValueType::set);
  if (!record) return;
  x.reply().array(x.argc() - 1);
  for (std::string_view member : x.args().subspan(1)) x.reply().integer(is_member(*record, member));
}

void smembers(Execution& x) {
  const auto record = find_typed(x, x.arg(0), ValueType::set);
  if (!record) return;
  if (*record == nullptr) return x.reply().set(0);
  const SetValue& set = (*record)->value.set();
  x.reply().set(set.size());
  set.visit(0, set.size(), [&](const Bytes& member) { x.reply().bulk(member.view()); });
}

void scard(Execution& x) {
  const auto record = find_typed(x, x.arg(0), ValueType::set);
  if (!record) return;
  x.reply().integer(*record == nullptr ? 0 : static_cast<int64_t>((*record)->value.set().size()));
}

constexpr NamedHandler handlers[] = {{"sadd", sadd},           {"srem", srem},
                                     {"sismember", sismember}, {"smismember", smismember},
                                     {"smembers", smembers},   {"scard", scard}};

}  // namespace

std::span<const NamedHandler> set_handlers() { return handlers; }

}  // namespace coterie::state
