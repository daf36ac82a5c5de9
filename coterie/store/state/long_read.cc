// See long_read.h. The frozen copy is of the keyspace or of one value alone: it shares everything.
#include "coterie/store/state/long_read.h"

#include <algorithm>
#include <string>
#include <vector>

#include "coterie/base/codec.h"
#include "coterie/store/state/glob.h"
#include "coterie/store/state/handlers.h"
#include "coterie/store/state/numbers.h"
#include "coterie/store/state/state_data.h"

namespace coterie::state {

namespace {

constexpr uint64_t elements_of_a_turn_max = 10'000;  // what State::read() may look at
constexpr uint64_t bytes_of_a_turn_max = 4u << 20;

// What of a value a command answers.
enum class Part : uint8_t { none, elements, fields, values, fields_and_values };

struct Answer {
  ValueType type = ValueType::list;
  Part part = Part::none;
};

Answer answer_of(std::string_view command) {
  if (command == "lrange") return {ValueType::list, Part::elements};
  if (command == "smembers") return {ValueType::set, Part::elements};
  if (command == "hkeys") return {ValueType::hash, Part::fields};
  if (command == "hvals") return {ValueType::hash, Part::values};
  if (command == "hgetall") return {ValueType::hash, Part::fields_and_values};
  return {};
}

// Of LRANGE the range asked for, of others all. None: the arguments are no integers.
std::optional<Range> range_of(const Answer& answer, std::span<const std::string_view> args,
                              uint64_t size) {
  if (answer.type != ValueType::list) return Range{0, size};
  const auto start = parse_integer(args[1]);
  const auto stop = parse_integer(args[2]);
  if (!start || !stop) return std::nullopt;
  return clip_range(*start, *stop, size);
}

const Record* find_answering(const Keyspace& keyspace, int64_t now_ms, const CommandSpec& spec,
                             uint8_t db, std::span<const std::string_view> args) {
  const Answer answer = answer_of(spec.name);
  if (answer.part == Part::none || !arity_fits(spec, args.size() + 1)) return nullptr;
  const Record* record = keyspace.find(db, KeyPlace(args[0]), now_ms);
  return record != nullptr && record->value.is(answer.type) ? record : nullptr;
}

}  // namespace

bool is_long_read(const State& state, const CommandSpec& spec, uint8_t db,
                  std::span<const std::string_view> args) {
  const Keyspace& keyspace = state.data().keyspace;
  if (spec.name == "keys") {
    return arity_fits(spec, args.size() + 1) && keyspace.records(db) > elements_of_a_turn_max;
  }
  const Record* record = find_answering(keyspace, state.now_ms(), spec, db, args);
  if (record == nullptr) return false;
  const uint64_t size = record->value.elements();
  const auto range = range_of(answer_of(spec.name), args, size);
  if (!range) return false;
  if (range->count > elements_of_a_turn_max) return true;
  return range->count > 1 &&
         record->value.content_bytes() / size * range->count > bytes_of_a_turn_max;
}

struct LongRead::Impl {
  Answer answer;
  bool keys = false;
  Keyspace keyspace;  // of KEYS
  uint8_t db = 0;
  int64_t now_ms = 0;
  std::string pattern;
  uint64_t cursor = 0;
  uint64_t found = 0;
  Value value;  // of the others
  Range range;
  ReplyBuilder reply;
  std::optional<Reply> short_reply;

  bool advance_keys(size_t elements);
  bool advance_value(size_t elements);
  void begin_value();
  Reply take_keys();
};

LongRead::LongRead(const State& state, const CommandSpec& spec, uint8_t db,
                   std::span<const std::string_view> args)
    : impl_(std::make_unique<Impl>()) {
  impl_->answer = answer_of(spec.name);
  impl_->db = db;
  impl_->now_ms = state.now_ms();
  if (spec.name == "keys" && args.size() == 1) {
    impl_->keys = true;
    impl_->keyspace = state.data().keyspace;
    impl_->pattern = args[0];
    return;
  }
  const Record* record = find_answering(state.data().keyspace, impl_->now_ms, spec, db, args);
  const auto range =
      record == nullptr ? std::nullopt : range_of(impl_->answer, args, record->value.elements());
  if (!range) {
    impl_->short_reply = state.read(spec, db, args);
    return;
  }
  impl_->value = record->value;
  impl_->range = *range;
  impl_->begin_value();
}

LongRead::~LongRead() = default;
LongRead::LongRead(LongRead&&) noexcept = default;
LongRead& LongRead::operator=(LongRead&&) noexcept = default;

std::optional<Reply> LongRead::advance(size_t elements) {
  if (impl_->short_reply) return impl_->short_reply;
  elements = std::max<size_t>(elements, 1);
  if (impl_->keys)
    return impl_->advance_keys(elements) ? std::optional(impl_->take_keys()) : std::nullopt;
  return impl_->advance_value(elements) ? std::optional(impl_->reply.take()) : std::nullopt;
}

void LongRead::Impl::begin_value() {
  switch (answer.type) {
    case ValueType::set:
      return reply.set(range.count);
    case ValueType::hash:
      return answer.part == Part::fields_and_values ? reply.map(range.count)
                                                    : reply.array(range.count);
    default:
      return reply.array(range.count);
  }
}

bool LongRead::Impl::advance_value(size_t elements) {
  const uint64_t count = std::min<uint64_t>(elements, range.count);
  const auto bulk = [&](const Bytes& element) { reply.bulk(element.view()); };
  if (answer.type == ValueType::list) value.list().visit(range.first, count, bulk);
  if (answer.type == ValueType::set) value.set().visit(range.first, count, bulk);
  if (answer.type == ValueType::hash) {
    value.hash().visit(range.first, count, [&](const HashField& element) {
      if (answer.part != Part::values) reply.bulk(element.field.view());
      if (answer.part != Part::fields) reply.bulk(element.value.view());
    });
  }
  range.first += count;
  range.count -= count;
  return range.count == 0;
}

bool LongRead::Impl::advance_keys(size_t elements) {
  cursor = keyspace.scan(db, cursor, elements, now_ms, [&](const Record& record) {
    if (!glob_matches(pattern, record.key.view())) return;
    reply.bulk(record.key.view());
    ++found;
  });
  return cursor == 0;
}

// How many there are is known only now, and stands first.
Reply LongRead::Impl::take_keys() {
  ReplyBuilder whole(reply.size() + 24);
  whole.array(found);
  whole.raw(reply.view());
  return whole.take();
}

}  // namespace coterie::state
