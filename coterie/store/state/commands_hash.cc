// Commands on hashes. Fields are answered in hash order, the same on every node.
#include "coterie/store/state/handlers.h"
#include "coterie/store/state/numbers.h"

namespace coterie::state {

namespace {

void reply_optional(Execution& x, const Bytes* value) {
  if (value == nullptr) {
    x.reply().null();
  } else {
    x.reply().bulk(value->view());
  }
}

// Sets the pairs from the second argument on. None: an error has been answered. Otherwise how many
// fields are new.
std::optional<int64_t> set_fields(Execution& x) {
  if (x.argc() % 2 == 0) {
    reply_wrong_arity(x);
    return std::nullopt;
  }
  Edit edit = x.edit_or_create(x.arg(0), ValueType::hash);
  if (refuse_other_type(x, edit, ValueType::hash)) return std::nullopt;
  HashValue& hash = edit.change().hash();
  int64_t fresh = 0;
  for (size_t i = 1; i < x.argc(); i += 2) fresh += hash.set(x.arg(i), x.arg(i + 1));
  return fresh;
}

void hset(Execution& x) {
  if (const auto fresh = set_fields(x)) x.reply().integer(*fresh);
}

void hmset(Execution& x) {
  if (set_fields(x)) x.reply().simple("OK");
}

void hsetnx(Execution& x) {
  Edit edit = x.edit_or_create(x.arg(0), ValueType::hash);
  if (refuse_other_type(x, edit, ValueType::hash)) return;
  if (edit.record().value.hash().find(x.arg(1)) != nullptr) return x.reply().integer(0);
  edit.change().hash().set(x.arg(1), x.arg(2));
  x.reply().integer(1);
}

void hget(Execution& x) {
  const auto record = find_typed(x, x.arg(0), ValueType::hash);
  if (!record) return;
  reply_optional(x, *record == nullptr ? nullptr : (*record)->value.hash().find(x.arg(1)));
}

void hmget(Execution& x) {
  const auto record = find_typed(x, x.arg(0), ValueType::hash);
  if (!record) return;
  x.reply().array(x.argc() - 1);
  for (std::string_view field : x.args().subspan(1)) {
    reply_optional(x, *record == nullptr ? nullptr : (*record)->value.hash().find(field));
  }
}

void hdel(Execution& x) {
  Edit edit = x.edit(x.arg(0));
  if (refuse_other_type(x, edit, ValueType::hash)) return;
  int64_t deleted = 0;
  if (edit) {
    for (std::string_view field : x.args().subspan(1)) {
      if (edit.record().value.hash().find(field) != nullptr)
        deleted += edit.change().hash().erase(field);
    }
  }
  x.reply().integer(deleted);
}

void hexists(Execution& x) {
  const auto record = find_typed(x, x.arg(0), ValueType::hash);
  if (!record) return;
  x.reply().integer(*record != nullptr && (*record)->value.hash().find(x.arg(1)) != nullptr ? 1
                                                                                            : 0);
}

void hlen(Execution& x) {
  const auto record = find_typed(x, x.arg(0), ValueType::hash);
  if (!record) return;
  x.reply().integer(*record == nullptr ? 0 : static_cast<int64_t>((*record)->value.hash().size()));
}

void hgetall(Execution& x) {
  const auto record = find_typed(x, x.arg(0), ValueType::hash);
  if (!record) return;
  if (*record == nullptr) return x.reply().map(0);
  const HashValue& hash = (*record)->value.hash();
  x.reply().map(hash.size());
  hash.visit(0, hash.size(), [&](const HashField& element) {
    x.reply().bulk(element.field.view());
    x.reply().bulk(element.value.view());
  });
}

void reply_part(Execution& x, Bytes HashField::*part) {
  const auto record = find_typed(x, x.arg(0), ValueType::hash);
  if (!record) return;
  if (*record == nullptr) return x.reply().array(0);
  const HashValue& hash = (*record)->value.hash();
  x.reply().array(hash.size());
  hash.visit(0, hash.size(),
             [&](const HashField& element) { x.reply().bulk((element.*part).view()); });
}
void hkeys(Execution& x) { reply_part(x, &HashField::field); }
void hvals(Execution& x) { reply_part(x, &HashField::value); }

void hincrby(Execution& x) {
  const auto amount = integer_arg(x, 2);
  if (!amount) return;
  const auto record = find_typed(x, x.arg(0), ValueType::hash);
  if (!record) return;
  int64_t value = 0;
  if (const Bytes* old = *record == nullptr ? nullptr : (*record)->value.hash().find(x.arg(1))) {
    const auto parsed = parse_integer(old->view());
    if (!parsed) return x.reply().error(errors::hash_not_an_integer);
    value = *parsed;
  }
  if (__builtin_add_overflow(value, *amount, &value))
    return x.reply().error(errors::would_overflow);
  Edit edit = x.edit_or_create(x.arg(0), ValueType::hash);
  edit.change().hash().set(x.arg(1), IntegerText(value).view());
  x.reply().integer(value);
}

constexpr NamedHandler handlers[] = {
    {"hset", hset},       {"hmset", hmset}, {"hsetnx", hsetnx},   {"hget", hget},
    {"hmget", hmget},     {"hdel", hdel},   {"hexists", hexists}, {"hlen", hlen},
    {"hgetall", hgetall}, {"hkeys", hkeys}, {"hvals", hvals},     {"hincrby", hincrby},
};

}  // namespace

std::span<const NamedHandler> hash_handlers() { return handlers; }

}  // namespace coterie::state
