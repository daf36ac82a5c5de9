// See json_lines.h.
#include "coterie/proof/json_lines.h"

#include <algorithm>
#include <istream>
#include <optional>
#include <ostream>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace coterie::proof {

namespace {

namespace json = boost::json;

constexpr size_t list_depth_max = 4;

Error invalid(std::string message) { return {Fault::invalid, std::move(message)}; }
tl::unexpected<Error> refuse(std::string message) {
  return fail(Fault::invalid, std::move(message));
}

std::optional<std::string> of_hex(std::string_view hex) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string bytes;
  if (hex.size() % 2 != 0) return {};
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = digit(hex[i]), low = digit(hex[i + 1]);
    if (high < 0 || low < 0) return {};
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

// A text, or a number as its decimal digits.
std::optional<std::string> text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_uint64()) return std::to_string(value.get_uint64());
  if (value.is_bool()) return std::string(value.get_bool() ? "1" : "0");
  if (value.is_object() && value.get_object().size() == 1) {
    const json::value* hex = value.get_object().if_contains("hex");
    if (hex != nullptr && hex->is_string()) return of_hex(hex->get_string());
  }
  return {};
}

Result<Value> value_of(const json::value& given, size_t depth = 0) {
  if (given.is_null()) return Value();
  if (given.is_array()) {
    if (depth == list_depth_max) return refuse("\"result\" has lists in lists in lists");
    std::vector<Value> list;
    list.reserve(given.get_array().size());
    for (const json::value& part : given.get_array()) {
      COTERIE_TRY(value, value_of(part, depth + 1));
      list.push_back(std::move(value));
    }
    return Value::of(std::move(list));
  }
  auto text = text_of(given);
  if (!text) return refuse("\"result\" is a text, a whole number, null or a list of these");
  return Value::of(*std::move(text));
}

Result<std::string> text_field(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return refuse(fmt::format("\"{}\" is missing", name));
  auto text = text_of(*value);
  if (!text) return refuse(fmt::format("\"{}\" is no text", name));
  return *std::move(text);
}

Result<int64_t> time_field(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return refuse(fmt::format("\"{}\" is missing", name));
  if (!value->is_int64()) return refuse(fmt::format("\"{}\" is no number of nanoseconds", name));
  return value->get_int64();
}

Result<Call> call_of(const json::object& object) {
  Call call;
  COTERIE_TRY(name, text_field(object, "op"));
  COTERIE_TRY(key, text_field(object, "key"));
  if (name == "txn") return refuse("a \"txn\" cannot be in another");
  call.name = std::move(name);
  call.key = std::move(key);
  const json::value* value = object.if_contains("value");
  const json::value* args = object.if_contains("args");
  if (value != nullptr && args != nullptr)
    return refuse("\"value\" and \"args\" exclude each other");
  if (value != nullptr) {
    COTERIE_TRY(text, text_field(object, "value"));
    call.args.push_back(std::move(text));
  }
  if (args != nullptr) {
    if (!args->is_array()) return refuse("\"args\" is no list");
    for (const json::value& arg : args->get_array()) {
      auto text = text_of(arg);
      if (!text) return refuse("\"args\" holds something that is no text");
      call.args.push_back(*std::move(text));
    }
  }
  return call;
}

Result<void> check_fields(const json::object& object,
                          std::initializer_list<std::string_view> known) {
  for (const auto& field : object) {
    const std::string_view name = field.key();
    if (std::find(known.begin(), known.end(), name) == known.end())
      return refuse(fmt::format("there is no field \"{}\"", name.substr(0, 40)));
  }
  return {};
}

Result<void> read_calls(const json::object& object, const ReadLimits& limits, Operation& out) {
  const json::value* op = object.if_contains("op");
  if (op == nullptr || !op->is_string() || op->get_string() != "txn") {
    COTERIE_CHECK(check_fields(object, {"client", "op", "key", "value", "args", "start_ns",
                                        "end_ns", "outcome", "result", "order"}));
    COTERIE_TRY(call, call_of(object));
    out.calls.push_back(std::move(call));
    return {};
  }
  COTERIE_CHECK(check_fields(
      object, {"client", "op", "calls", "start_ns", "end_ns", "outcome", "result", "order"}));
  const json::value* calls = object.if_contains("calls");
  if (calls == nullptr || !calls->is_array() || calls->get_array().empty())
    return refuse("a \"txn\" has a list of \"calls\"");
  if (calls->get_array().size() > limits.calls_max)
    return refuse(fmt::format("a \"txn\" has {} \"calls\" at most", limits.calls_max));
  for (const json::value& given : calls->get_array()) {
    if (!given.is_object()) return refuse("one of the \"calls\" is no object");
    COTERIE_CHECK(check_fields(given.get_object(), {"op", "key", "value", "args"}));
    COTERIE_TRY(call, call_of(given.get_object()));
    out.calls.push_back(std::move(call));
  }
  return {};
}

Result<void> read_outcome(const json::object& object, Operation& out) {
  COTERIE_TRY(outcome, text_field(object, "outcome"));
  if (outcome == "ok") {
    out.outcome = Outcome::ok;
  } else if (outcome == "fail") {
    out.outcome = Outcome::failed;
  } else if (outcome == "unknown") {
    out.outcome = Outcome::unknown;
  } else {
    return refuse("\"outcome\" is \"ok\", \"fail\" or \"unknown\"");
  }
  COTERIE_TRY(called, time_field(object, "start_ns"));
  out.called_ns = out.returned_ns = called;
  if (out.outcome != Outcome::unknown) {
    COTERIE_TRY(returned, time_field(object, "end_ns"));
    if (returned < called) return refuse("\"end_ns\" is before \"start_ns\"");
    out.returned_ns = returned;
  }
  if (out.outcome != Outcome::ok) return {};
  const json::value* result = object.if_contains("result");
  if (result == nullptr) return refuse("\"result\" is missing: null, if there is none");
  COTERIE_TRY(value, value_of(*result));
  // A transaction of one call is that call.
  const bool txn = object.if_contains("calls") != nullptr;
  if (txn && (value.kind != Value::Kind::list || value.list.size() != out.calls.size()))
    return refuse("the \"result\" of a \"txn\" is a list with a result for each of its \"calls\"");
  out.result = txn && out.calls.size() == 1 ? Value(value.list[0]) : std::move(value);
  return {};
}

json::value json_of(const std::string& text) {
  if (is_utf8(text)) return json::string(text);
  std::string hex;
  for (const char c : text) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return json::object{{"hex", hex}};
}

json::value json_of(const Value& value) {
  if (value.is_null()) return nullptr;
  if (value.kind == Value::Kind::text) return json_of(value.text);
  json::array list;
  for (const Value& part : value.list) list.push_back(json_of(part));
  return list;
}

void put_call(const Call& call, json::object& out) {
  out["op"] = json_of(call.name);
  out["key"] = json_of(call.key);
  if (call.args.size() == 1) out["value"] = json_of(call.args[0]);
  if (call.args.size() < 2) return;
  json::array args;
  for (const std::string& arg : call.args) args.push_back(json_of(arg));
  out["args"] = std::move(args);
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t size = lead < 0x80       ? 1
                        : lead >> 5 == 6  ? 2
                        : lead >> 4 == 14 ? 3
                        : lead >> 3 == 30 ? 4
                                          : 0;
    if (size == 0 || i + size > text.size()) return false;
    uint32_t code = size == 1 ? lead : lead & (0x7fU >> size);
    for (size_t j = 1; j < size; ++j) {
      const auto next = static_cast<unsigned char>(text[i + j]);
      if (next >> 6 != 2) return false;
      code = code << 6 | (next & 0x3fU);
    }
    constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    i += size;
  }
  return true;
}

Result<Operation> operation_of_line(std::string_view line, const ReadLimits& limits) {
  boost::system::error_code error;
  json::monotonic_resource memory;
  const json::value whole = json::parse({line.data(), line.size()}, error, &memory);
  if (error) return refuse(fmt::format("no JSON ({})", error.message()));
  if (!whole.is_object()) return refuse("no JSON object");
  const json::object& object = whole.get_object();
  Operation operation;
  COTERIE_TRY(client, time_field(object, "client"));
  if (client < 0 || client > UINT32_MAX)
    return refuse("\"client\" is a number from 0 to 4294967295");
  operation.client = static_cast<uint32_t>(client);
  COTERIE_CHECK(read_calls(object, limits, operation));
  COTERIE_CHECK(read_outcome(object, operation));
  if (const json::value* order = object.if_contains("order")) {
    if (order->is_uint64()) {
      operation.order = order->get_uint64();
    } else if (order->is_int64() && order->get_int64() >= 0) {
      operation.order = static_cast<uint64_t>(order->get_int64());
    } else {
      return refuse("\"order\" is a whole number from 0");
    }
  }
  return operation;
}

std::string line_of(const Operation& operation) {
  json::object out;
  out["client"] = operation.client;
  if (operation.calls.size() == 1) {
    put_call(operation.calls[0], out);
  } else {
    out["op"] = "txn";
    json::array calls;
    for (const Call& call : operation.calls) {
      json::object one;
      put_call(call, one);
      calls.push_back(std::move(one));
    }
    out["calls"] = std::move(calls);
  }
  out["start_ns"] = operation.called_ns;
  if (operation.outcome != Outcome::unknown) out["end_ns"] = operation.returned_ns;
  out["outcome"] = operation.outcome == Outcome::ok       ? "ok"
                   : operation.outcome == Outcome::failed ? "fail"
                                                          : "unknown";
  if (operation.outcome == Outcome::ok) out["result"] = json_of(operation.result);
  if (operation.order) out["order"] = *operation.order;
  return json::serialize(out);
}

Result<History> read_history(std::istream& in, const ReadLimits& limits,
                             const std::function<void(uint64_t)>& progress) {
  History history;
  std::string chunk(size_t{1} << 16, '\0'), rest;
  uint64_t bytes = 0, number = 0;
  const auto take = [&](std::string_view line) -> Result<void> {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) return {};
    if (line.size() > limits.line_bytes_max)
      return refuse(fmt::format("line {}: longer than {} bytes", number, limits.line_bytes_max));
    if (history.size() >= limits.operations_max)
      return refuse(fmt::format("line {}: more than {} operations", number, limits.operations_max));
    auto operation = operation_of_line(line, limits);
    if (!operation)
      return tl::unexpected(invalid(fmt::format("line {}: {}", number, operation.error().message)));
    history.push_back(*std::move(operation));
    return {};
  };
  while (in) {
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    std::string_view fresh(chunk.data(), static_cast<size_t>(in.gcount()));
    bytes += fresh.size();
    for (size_t end = fresh.find('\n'); end != std::string_view::npos; end = fresh.find('\n')) {
      if (rest.empty()) {
        COTERIE_CHECK(take(fresh.substr(0, end)));
      } else {
        rest += fresh.substr(0, end);
        COTERIE_CHECK(take(rest));
        rest.clear();
      }
      fresh.remove_prefix(end + 1);
    }
    rest += fresh;
    if (rest.size() > limits.line_bytes_max)
      return refuse(
          fmt::format("line {}: longer than {} bytes", number + 1, limits.line_bytes_max));
    if (progress) progress(bytes);
  }
  if (in.bad()) return fail(Fault::io, "the input cannot be read");
  if (!rest.empty()) COTERIE_CHECK(take(rest));
  return history;
}

void write_history(const History& history, std::ostream& out) {
  for (const Operation& operation : history) out << line_of(operation) << '\n';
}

}  // namespace coterie::proof
