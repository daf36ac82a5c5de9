// Commands on strings: SET and its kin, reading, appending. Counters are in commands_counter.cc.
#include "coterie/base/mutant.h"
#include "coterie/store/state/handlers.h"
#include "coterie/store/state/options.h"

namespace coterie::state {

namespace {

// Answers with the string at a key, or null. False: another type, which has been answered.
bool reply_string_at(Execution& x, std::string_view key) {
  const auto record = find_typed(x, key, ValueType::string);
  if (!record) return false;
  if (*record == nullptr) {
    x.reply().null();
  } else {
    x.reply().bulk((*record)->value.string().view());
  }
  return true;
}

void get(Execution& x) { reply_string_at(x, x.arg(0)); }

bool condition_holds(const SetOptions& options, const Record* old) {
  switch (options.condition) {
    case SetOptions::Condition::always:
      return true;
    case SetOptions::Condition::absent:
      return old == nullptr;
    case SetOptions::Condition::present:
      return old != nullptr;
    case SetOptions::Condition::equal:
      return old != nullptr && old->value.string().view() == options.expected;
  }
  return false;
}

// The answer of SET ... GET is the old value whether it sets or not; it is written before the key
// is changed.
void set(Execution& x) {
  const auto options = parse_set_options(x.args().subspan(2));
  if (!options) return x.reply().error(errors::syntax);
  const std::string_view key = x.arg(0);
  int64_t deadline = no_deadline;
  if (options->deadline) {
    const auto parsed = parse_deadline(*options->deadline, options->unit, options->base, true,
                                       x.now_ms(), x.spec().name);
    if (!parsed) return reply_error(x, parsed.error());
    deadline = *parsed;
  }
  const bool equal = options->condition == SetOptions::Condition::equal;
  if (options->get) {
    if (!reply_string_at(x, key)) return;
  } else if (equal && !find_typed(x, key, ValueType::string)) {
    return;
  }
  if (COTERIE_MUTANT("set-keeps-deadline")) {
    const Record* old = x.find(key);
    if (old != nullptr && old->deadline_ms != no_deadline) deadline = old->deadline_ms;
  }
  if (options->condition != SetOptions::Condition::always || options->keep_ttl) {
    const Record* old = x.find(key);
    if (!condition_holds(*options, old)) {
      if (!options->get) x.reply().null();
      return;
    }
    if (options->keep_ttl && old != nullptr) deadline = old->deadline_ms;
  }
  x.put(key, Value(x.arg(1)), deadline);
  if (options->token) return x.reply().integer(static_cast<int64_t>(x.take_revision().value));
  if (!options->get) x.reply().simple("OK");
}

void setnx(Execution& x) {
  if (x.find(x.arg(0)) != nullptr) return x.reply().integer(0);
  x.put(x.arg(0), Value(x.arg(1)));
  x.reply().integer(1);
}

void set_with_ttl(Execution& x, DeadlineUnit unit) {
  const auto deadline =
      parse_deadline(x.arg(1), unit, DeadlineBase::relative, true, x.now_ms(), x.spec().name);
  if (!deadline) return reply_error(x, deadline.error());
  x.put(x.arg(0), Value(x.arg(2)), *deadline);
  x.reply().simple("OK");
}
void setex(Execution& x) { set_with_ttl(x, DeadlineUnit::seconds); }
void psetex(Execution& x) { set_with_ttl(x, DeadlineUnit::milliseconds); }

void getset(Execution& x) {
  if (reply_string_at(x, x.arg(0))) x.put(x.arg(0), Value(x.arg(1)));
}

void getdel(Execution& x) {
  if (reply_string_at(x, x.arg(0))) x.erase(x.arg(0));
}

void mget(Execution& x) {
  x.reply().array(x.argc());
  for (std::string_view key : x.args()) {
    const Record* record = x.find(key);
    if (record != nullptr && record->value.is(ValueType::string)) {
      x.reply().bulk(record->value.string().view());
    } else {
      x.reply().null();
    }
  }
}

void mset(Execution& x) {
  if (x.argc() % 2 != 0) return reply_wrong_arity(x);
  for (size_t i = 0; i < x.argc(); i += 2) x.put(x.arg(i), Value(x.arg(i + 1)));
  x.reply().simple("OK");
}

void append(Execution& x) {
  const std::string_view more = x.arg(1);
  uint64_t size = more.size();
  if (Edit edit = x.edit(x.arg(0))) {
    if (refuse_other_type(x, edit, ValueType::string)) return;
    size += edit.record().value.string().size();
    if (size > Limits::value_bytes_max) return x.reply().error(errors::too_large);
    edit.change().string().append(more);
  } else {
    x.put(x.arg(0), Value(more));
  }
  x.reply().integer(static_cast<int64_t>(size));
}

void strlen(Execution& x) {
  const auto record = find_typed(x, x.arg(0), ValueType::string);
  if (!record) return;
  x.reply().integer(*record == nullptr ? 0
                                       : static_cast<int64_t>((*record)->value.string().size()));
}

void delifeq(Execution& x) {
  const auto record = find_typed(x, x.arg(0), ValueType::string);
  if (!record) return;
  const bool equal = *record != nullptr && ((*record)->value.string().view() == x.arg(1) ||
                                            COTERIE_MUTANT("delifeq-any-owner"));
  if (equal) x.erase(x.arg(0));
  x.reply().integer(equal ? 1 : 0);
}

constexpr NamedHandler handlers[] = {
    {"get", get},       {"set", set},       {"setnx", setnx},   {"setex", setex},
    {"psetex", psetex}, {"getset", getset}, {"getdel", getdel}, {"mget", mget},
    {"mset", mset},     {"append", append}, {"strlen", strlen}, {"delifeq", delifeq},
};

}  // namespace

std::span<const NamedHandler> string_handlers() { return handlers; }

}  // namespace coterie::state
