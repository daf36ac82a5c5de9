// See history.h.
#include "coterie/proof/history.h"

#include <fmt/format.h>

namespace coterie::proof {

namespace {

constexpr size_t shown_bytes_max = 40;  // of one word

std::string short_of(const std::string& word) {
  if (word.size() <= shown_bytes_max) return word;
  return fmt::format("{}... ({} bytes)", word.substr(0, shown_bytes_max / 2), word.size());
}

std::string describe_call(const Call& call) {
  std::string text = call.name;
  if (!call.key.empty()) text += " " + short_of(call.key);
  for (const std::string& argument : call.args) text += " " + short_of(argument);
  return text;
}

}  // namespace

std::string describe(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      return "nothing";
    case Value::Kind::text:
      return short_of(value.text);
    case Value::Kind::list: {
      std::string text = "[";
      for (const Value& part : value.list) {
        if (text.size() > 1) text += ", ";
        text += describe(part);
      }
      return text + "]";
    }
  }
  return "";
}

std::string describe(const Operation& operation) {
  std::string calls;
  for (const Call& call : operation.calls) {
    if (!calls.empty()) calls += "; ";
    calls += describe_call(call);
  }
  const double called_ms = static_cast<double>(operation.called_ns) / 1e6;
  if (operation.outcome == Outcome::unknown) {
    return fmt::format("client {}: {} -> unknown [{:.3f}, ...] ms", operation.client, calls,
                       called_ms);
  }
  return fmt::format(
      "client {}: {} -> {} [{:.3f}, {:.3f}] ms", operation.client, calls,
      operation.outcome == Outcome::ok ? describe(operation.result) : std::string("failed"),
      called_ms, static_cast<double>(operation.returned_ns) / 1e6);
}

}  // namespace coterie::proof
