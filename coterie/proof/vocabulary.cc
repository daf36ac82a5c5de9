// Whether a model can read a history at all: known operations, arguments and results of the right
// form. See judge.h.
#include <algorithm>

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>

#include "coterie/proof/judge.h"
#include "coterie/proof/words.h"

namespace coterie::proof {

namespace {

bool is_number(const Value& value) {
  return value.kind == Value::Kind::text && number_of(value.text).has_value();
}

bool is_list_of_texts(const Value& value) {
  return value.kind == Value::Kind::list &&
         std::all_of(value.list.begin(), value.list.end(),
                     [](const Value& part) { return part.kind == Value::Kind::text; });
}

bool fits(Shape shape, const Value& value) {
  const bool null = value.is_null();
  const bool text = value.kind == Value::Kind::text;
  switch (shape) {
    case Shape::done:
      return true;
    case Shape::flag:
      return text && (value.text == "0" || value.text == "1");
    case Shape::number:
      return is_number(value);
    case Shape::text:
      return text;
    case Shape::text_or_null:
      return text || null;
    case Shape::number_or_null:
      return null || is_number(value) || (text && value.text == "OK");
    case Shape::list:
    case Shape::unordered:
      return is_list_of_texts(value);
    case Shape::pairs:
      return is_list_of_texts(value) && value.list.size() % 2 == 0;
  }
  return false;
}

std::string_view shape_text(Shape shape) {
  switch (shape) {
    case Shape::done:
      return "anything";
    case Shape::flag:
      return "\"1\" or \"0\"";
    case Shape::number:
      return "a number";
    case Shape::text:
      return "a text";
    case Shape::text_or_null:
      return "a text or null";
    case Shape::number_or_null:
      return "a token, \"OK\" or null";
    case Shape::list:
    case Shape::unordered:
      return "a list of texts";
    case Shape::pairs:
      return "a list of fields and values";
  }
  return "";
}

// Empty: the call is right.
std::string wrong_with(const Call& call, const Value* result, Model model) {
  const WordInfo* info = word_of(call.name);
  if (info == nullptr) return fmt::format("there is no operation '{}'", call.name);
  if ((info->models >> static_cast<uint32_t>(model) & 1) == 0)
    return fmt::format("the model {} does not know '{}'", model_name(model), call.name);
  if (call.args.size() < info->args_min ||
      (info->args_max != any_number && call.args.size() > info->args_max)) {
    return fmt::format(
        "'{}' takes {}{} arguments besides its key, not {}", call.name,
        info->args_min == info->args_max ? "" : fmt::format("{} to ", info->args_min),
        info->args_max, call.args.size());
  }
  if (info->number_arg >= 0 && call.args.size() > static_cast<size_t>(info->number_arg)) {
    const std::string& text = call.args[static_cast<size_t>(info->number_arg)];
    const auto number = number_of(text);
    if (!number) return fmt::format("'{}' takes a number, not '{}'", call.name, text);
    const bool counts = info->word == Word::incr || info->word == Word::decr;
    const int64_t least = info->word == Word::setpx ? 1 : 0;
    if (counts ? *number == INT64_MIN : *number < least)
      return fmt::format("'{}' takes no {}", call.name, text);
  }
  if (result != nullptr && !fits(info->shape, *result))
    return fmt::format("'{}' returns {}, not {}", call.name, shape_text(info->shape),
                       result->is_null() ? "null" : describe(*result));
  return "";
}

std::string wrong_with(const Operation& operation, Model model) {
  const bool known = operation.outcome == Outcome::ok;
  if (operation.calls.empty()) return "a transaction without an operation";
  if (known && operation.returned_ns < operation.called_ns) return "it returns before it is called";
  if (operation.calls.size() == 1)
    return wrong_with(operation.calls[0], known ? &operation.result : nullptr, model);
  if (known && (operation.result.kind != Value::Kind::list ||
                operation.result.list.size() != operation.calls.size())) {
    return fmt::format("a transaction of {} operations returns a list of as many results",
                       operation.calls.size());
  }
  for (size_t i = 0; i < operation.calls.size(); ++i) {
    const Call& call = operation.calls[i];
    const WordInfo* info = word_of(call.name);
    if (info != nullptr && info->kind == Kind::channel)
      return fmt::format("'{}' cannot be in a transaction", call.name);
    std::string wrong = wrong_with(call, known ? &operation.result.list[i] : nullptr, model);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

}  // namespace

Result<void> check_initial(const History& history) {
  for (size_t i = 0; i < history.size(); ++i) {
    if (history[i].outcome == Outcome::failed) continue;
    for (const Call& call : history[i].calls) {
      const std::string_view n = call.name;
      if (n == "get" || n == "set" || n == "getset" || n == "incr" || n == "decr" || n == "del" ||
          n == "getdel")
        continue;
      return fail(Fault::invalid,
                  fmt::format("operation {}: '{}' cannot be judged when it is not known what the "
                              "keys held at the start; get, set, getset, getdel, del, incr and "
                              "decr can",
                              i, call.name));
    }
  }
  return {};
}

Result<void> check_vocabulary(const History& history, Model model) {
  if (history.size() >= UINT32_MAX / 4)
    return fail(Fault::invalid, "more than a thousand million operations");
  boost::unordered_flat_map<std::string_view, bool> channels;
  for (size_t i = 0; i < history.size(); ++i) {
    const Operation& operation = history[i];
    if (operation.outcome == Outcome::failed) continue;
    std::string wrong = wrong_with(operation, model);
    for (size_t c = 0; wrong.empty() && c < operation.calls.size(); ++c) {
      // Only where channels may occur: the others are spared the look-up.
      if (model != Model::automatic && model != Model::pubsub) break;
      const bool channel = word_of(operation.calls[c].name)->kind == Kind::channel;
      const auto [place, added] = channels.try_emplace(operation.calls[c].key, channel);
      if (place->second != channel)
        wrong = fmt::format("'{}' is a channel and a key", operation.calls[c].key);
    }
    if (!wrong.empty()) return fail(Fault::invalid, fmt::format("operation {}: {}", i, wrong));
  }
  return {};
}

}  // namespace coterie::proof
