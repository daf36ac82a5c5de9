// Commands on lists. Those that wait are in commands_blocking.cc.
#include <algorithm>
#include <vector>

#include "coterie/store/state/handlers.h"

namespace coterie::state {

namespace {

enum class End : uint8_t { left, right };

void push_all(Execution& x, Edit& edit, End end) {
  ListValue& list = edit.change().list();
  for (std::string_view element : x.args().subspan(1)) {
    if (end == End::left) {
      list.push_front(element);
    } else {
      list.push_back(element);
    }
  }
  x.reply().integer(static_cast<int64_t>(list.size()));
}

void push(Execution& x, End end) {
  {
    Edit edit = x.edit_or_create(x.arg(0), ValueType::list);
    if (refuse_other_type(x, edit, ValueType::list)) return;
    push_all(x, edit, end);
  }
  x.pushed(x.arg(0));
}
void lpush(Execution& x) { push(x, End::left); }
void rpush(Execution& x) { push(x, End::right); }

// Nobody waits for a key that has a list, so nobody is to be served.
void push_existing(Execution& x, End end) {
  Edit edit = x.edit(x.arg(0));
  if (refuse_other_type(x, edit, ValueType::list)) return;
  if (!edit) return x.reply().integer(0);
  push_all(x, edit, end);
}
void lpushx(Execution& x) { push_existing(x, End::left); }
void rpushx(Execution& x) { push_existing(x, End::right); }

void pop(Execution& x, End end) {
  if (x.argc() > 2) return reply_wrong_arity(x);
  const bool counted = x.argc() == 2;
  uint64_t count = 1;
  if (counted) {
    const auto asked = integer_arg(x, 1, errors::must_be_positive);
    if (!asked) return;
    if (*asked < 0) return x.reply().error(errors::must_be_positive);
    count = static_cast<uint64_t>(*asked);
  }
  Edit edit = x.edit(x.arg(0));
  if (refuse_other_type(x, edit, ValueType::list)) return;
  if (!edit) return counted ? x.reply().null_array() : x.reply().null();
  count = std::min(count, edit.record().value.list().size());
  if (counted) x.reply().array(count);
  if (count == 0) return;
  ListValue& list = edit.change().list();
  for (uint64_t i = 0; i < count; ++i) {
    x.reply().bulk((end == End::left ? list.pop_front() : list.pop_back()).view());
  }
}
void lpop(Execution& x) { pop(x, End::left); }
void rpop(Execution& x) { pop(x, End::right); }

void llen(Execution& x) {
  const auto record = find_typed(x, x.arg(0), ValueType::list);
  if (!record) return;
  x.reply().integer(*record == nullptr ? 0 : static_cast<int64_t>((*record)->value.list().size()));
}

void lrange(Execution& x) {
  const auto start = integer_arg(x, 1);
  if (!start) return;
  const auto stop = integer_arg(x, 2);
  if (!stop) return;
  const auto record = find_typed(x, x.arg(0), ValueType::list);
  if (!record) return;
  if (*record == nullptr) return x.reply().array(0);
  const ListValue& list = (*record)->value.list();
  const Range range = clip_range(*start, *stop, list.size());
  x.reply().array(range.count);
  list.visit(range.first, range.count,
             [&](const Bytes& element) { x.reply().bulk(element.view()); });
}

void lindex(Execution& x) {
  const auto record = find_typed(x, x.arg(0), ValueType::list);
  if (!record) return;
  if (*record == nullptr) return x.reply().null();
  const auto index = integer_arg(x, 1);
  if (!index) return;
  const ListValue& list = (*record)->value.list();
  const auto rank = clip_index(*index, list.size());
  if (!rank) return x.reply().null();
  x.reply().bulk(list.at(*rank).view());
}

void lset(Execution& x) {
  Edit edit = x.edit(x.arg(0));
  if (refuse_other_type(x, edit, ValueType::list)) return;
  if (!edit) return x.reply().error(errors::no_such_key);
  const auto index = integer_arg(x, 1);
  if (!index) return;
  const auto rank = clip_index(*index, edit.record().value.list().size());
  if (!rank) return x.reply().error(errors::index_out_of_range);
  edit.change().list().set(*rank, x.arg(2));
  x.reply().simple("OK");
}

// A positive count removes the first so many, a negative one the last so many, zero all.
std::vector<uint64_t> ranks_to_remove(const ListValue& list, std::string_view element,
                                      int64_t count) {
  std::vector<uint64_t> ranks;
  uint64_t rank = 0;
  list.visit(0, list.size(), [&](const Bytes& candidate) {
    if (candidate.view() == element) ranks.push_back(rank);
    ++rank;
  });
  const uint64_t most = count < 0 ? 0 - static_cast<uint64_t>(count) : static_cast<uint64_t>(count);
  if (count == 0 || ranks.size() <= most) return ranks;
  if (count > 0) {
    ranks.resize(most);
  } else {
    ranks.erase(ranks.begin(), ranks.end() - static_cast<int64_t>(most));
  }
  return ranks;
}

void lrem(Execution& x) {
  const auto count = integer_arg(x, 1);
  if (!count) return;
  Edit edit = x.edit(x.arg(0));
  if (refuse_other_type(x, edit, ValueType::list)) return;
  if (!edit) return x.reply().integer(0);
  const auto ranks = ranks_to_remove(edit.record().value.list(), x.arg(2), *count);
  x.reply().integer(static_cast<int64_t>(ranks.size()));
  if (ranks.empty()) return;
  ListValue& list = edit.change().list();
  for (size_t i = ranks.size(); i > 0; --i) list.erase(ranks[i - 1]);
}

void ltrim(Execution& x) {
  const auto start = integer_arg(x, 1);
  if (!start) return;
  const auto stop = integer_arg(x, 2);
  if (!stop) return;
  Edit edit = x.edit(x.arg(0));
  if (refuse_other_type(x, edit, ValueType::list)) return;
  x.reply().simple("OK");
  if (!edit) return;
  Value& value = edit.change();
  const Range kept = clip_range(*start, *stop, value.list().size());
  if (kept.count < value.list().size() / 2) {  // the less work is to build what is kept
    Value fresh(ValueType::list);
    value.list().visit(kept.first, kept.count,
                       [&](const Bytes& element) { fresh.list().push_back(element.view()); });
    value = std::move(fresh);
    return;
  }
  while (value.list().size() > kept.first + kept.count) value.list().pop_back();
  while (value.list().size() > kept.count) value.list().pop_front();
}

constexpr NamedHandler handlers[] = {
    {"lpush", lpush},   {"rpush", rpush}, {"lpushx", lpushx}, {"rpushx", rpushx},
    {"lpop", lpop},     {"rpop", rpop},   {"llen", llen},     {"lrange", lrange},
    {"lindex", lindex}, {"lset", lset},   {"lrem", lrem},     {"ltrim", ltrim},
};

}  // namespace

std::span<const NamedHandler> list_handlers() { return handlers; }

}  // namespace coterie::state
