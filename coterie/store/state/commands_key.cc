// Commands on keys of any type, and on whole databases. Deadlines are in commands_expiry.cc.
#include <algorithm>
#include <string>
#include <vector>

#include "coterie/base/random.h"
#include "coterie/store/state/glob.h"
#include "coterie/store/state/handlers.h"
#include "coterie/store/state/numbers.h"
#include "coterie/store/state/words.h"

namespace coterie::state {

namespace {

void del(Execution& x) {
  int64_t deleted = 0;
  for (std::string_view key : x.args()) deleted += x.erase(key);
  x.reply().integer(deleted);
}

void exists(Execution& x) {
  int64_t found = 0;
  for (std::string_view key : x.args()) found += x.find(key) != nullptr;
  x.reply().integer(found);
}

void type(Execution& x) {
  const Record* record = x.find(x.arg(0));
  x.reply().simple(record == nullptr ? "none" : type_name(record->value.type()));
}

// Moves value and deadline. A list that comes under a new name may be what a BLPOP waits for.
void move_key(Execution& x, std::string_view from, std::string_view to) {
  const Record* record = x.find(from);
  Value value = record->value;
  const int64_t deadline = record->deadline_ms;
  const bool list = value.is(ValueType::list);
  x.erase(from);
  x.put(to, std::move(value), deadline);
  if (list) x.pushed(to);
}

void rename(Execution& x) {
  if (x.find(x.arg(0)) == nullptr) return x.reply().error(errors::no_such_key);
  if (x.arg(0) != x.arg(1)) move_key(x, x.arg(0), x.arg(1));
  x.reply().simple("OK");
}

void renamenx(Execution& x) {
  if (x.find(x.arg(0)) == nullptr) return x.reply().error(errors::no_such_key);
  if (x.find(x.arg(1)) != nullptr) return x.reply().integer(0);  // itself too
  move_key(x, x.arg(0), x.arg(1));
  x.reply().integer(1);
}

void reply_keys(Execution& x, const std::vector<std::string_view>& keys) {
  x.reply().array(keys.size());
  for (std::string_view key : keys) x.reply().bulk(key);
}

void keys(Execution& x) {
  std::vector<std::string_view> found;
  uint64_t cursor = 0;
  do {
    cursor = x.keyspace().scan(x.db(), cursor, UINT64_MAX, x.now_ms(), [&](const Record& record) {
      if (glob_matches(x.arg(0), record.key.view())) found.push_back(record.key.view());
    });
  } while (cursor != 0);
  reply_keys(x, found);
}

struct ScanOptions {
  std::optional<std::string_view> pattern, type;
  uint64_t count = 10;
};

// One call looks at no more, so that no turn of the node takes long; the cursor goes on from there.
constexpr int64_t scan_count_max = 10'000;

// None: the error has been answered.
std::optional<ScanOptions> parse_scan_options(Execution& x) {
  ScanOptions options;
  const auto refuse = [&]() -> std::optional<ScanOptions> {
    x.reply().error(errors::syntax);
    return std::nullopt;
  };
  for (size_t i = 1; i < x.argc(); i += 2) {
    if (i + 1 == x.argc()) return refuse();
    if (same_word(x.arg(i), "COUNT")) {
      const auto count = integer_arg(x, i + 1);
      if (!count) return std::nullopt;
      if (*count < 1) return refuse();
      options.count = static_cast<uint64_t>(std::min(*count, scan_count_max));
    } else if (same_word(x.arg(i), "MATCH")) {
      options.pattern = x.arg(i + 1);
    } else if (same_word(x.arg(i), "TYPE")) {
      options.type = x.arg(i + 1);
    } else {
      return refuse();
    }
  }
  return options;
}

void scan(Execution& x) {
  const auto cursor = parse_cursor(x.arg(0));
  if (!cursor) return x.reply().error(errors::invalid_cursor);
  const auto options = parse_scan_options(x);
  if (!options) return;
  std::vector<std::string_view> found;
  const uint64_t next =
      x.keyspace().scan(x.db(), *cursor, options->count, x.now_ms(), [&](const Record& record) {
        if (options->type && !same_word(*options->type, type_name(record.value.type()))) return;
        if (options->pattern && !glob_matches(*options->pattern, record.key.view())) return;
        found.push_back(record.key.view());
      });
  x.reply().array(2);
  x.reply().bulk(std::to_string(next));
  reply_keys(x, found);
}

// By rank, from what every replica has alike: log time and the number of keys. Expired keys are
// passed over.
void randomkey(Execution& x) {
  const uint64_t records = x.keyspace().records(x.db());
  if (x.keyspace().size(x.db(), x.now_ms()) == 0) return x.reply().null();
  const uint64_t first = mix_seed(static_cast<uint64_t>(x.now_ms()), records) % records;
  for (uint64_t i = 0; i < records; ++i) {
    const Record* record = x.keyspace().at_rank(x.db(), (first + i) % records);
    if (!record->expired(x.now_ms())) return x.reply().bulk(record->key.view());
  }
  x.reply().null();
}

void dbsize(Execution& x) {
  x.reply().integer(static_cast<int64_t>(x.keyspace().size(x.db(), x.now_ms())));
}

// ASYNC and SYNC are the same here: freeing never makes a command wait.
bool flush_options_are_good(Execution& x) {
  if (x.argc() == 0) return true;
  if (x.argc() == 1 && (same_word(x.arg(0), "ASYNC") || same_word(x.arg(0), "SYNC"))) return true;
  x.reply().error(errors::syntax);
  return false;
}

void flushdb(Execution& x) {
  if (!flush_options_are_good(x)) return;
  x.flush(x.db());
  x.reply().simple("OK");
}

void flushall(Execution& x) {
  if (!flush_options_are_good(x)) return;
  for (uint8_t db = 0; db < databases; ++db) x.flush(db);
  x.reply().simple("OK");
}

// Subscribers are at every node, so their number is not known where the entry is applied: the
// connection that asked puts that of its own node in place of the zero.
void publish(Execution& x) {
  x.publish(x.arg(0), x.arg(1));
  x.reply().integer(0);
}

constexpr NamedHandler handlers[] = {
    {"del", del},         {"unlink", del},      {"exists", exists},
    {"type", type},       {"rename", rename},   {"renamenx", renamenx},
    {"keys", keys},       {"scan", scan},       {"randomkey", randomkey},
    {"dbsize", dbsize},   {"flushdb", flushdb}, {"flushall", flushall},
    {"publish", publish},
};

}  // namespace

std::span<const NamedHandler> key_handlers() { return handlers; }

}  // namespace coterie::state
