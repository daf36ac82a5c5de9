// See etcd_driver.h.
#include "coterie/torture/etcd_driver.h"

#include <algorithm>

#include <boost/archive/iterators/base64_from_binary.hpp>
#include <boost/archive/iterators/transform_width.hpp>
#include <boost/json.hpp>

#include "coterie/base/assert.h"

namespace coterie::torture {

namespace {

namespace json = boost::json;
using resp::Value;

// A command that Redis' words stand for.
struct Command {
  enum class Name : uint8_t { get, set, del, cas } name = Name::get;
  std::string key, value, old;
};

Command parse(const std::vector<std::string>& words) {
  using Name = Command::Name;
  if (words[0] == "GET" && words.size() == 2) return {Name::get, words[1], "", ""};
  if (words[0] == "DEL" && words.size() == 2) return {Name::del, words[1], "", ""};
  if (words[0] == "SET" && words.size() == 3) return {Name::set, words[1], words[2], ""};
  const bool cas = words[0] == "SET" && words.size() == 5 && words[3] == "IFEQ";
  COTERIE_ASSERT(cas && "a command that etcd does not have");
  return {Name::cas, words[1], words[2], words[4]};
}

json::object put_of(const Command& command) {
  return {{"key", to_base64(command.key)}, {"value", to_base64(command.value)}};
}

json::object transaction_of(const Command& command) {
  const json::object compare{{"result", "EQUAL"},
                             {"target", "VALUE"},
                             {"key", to_base64(command.key)},
                             {"value", to_base64(command.old)}};
  return {{"compare", json::array{compare}},
          {"success", json::array{json::object{{"requestPut", put_of(command)}}}}};
}

Value bulk(std::string text) {
  Value value;
  value.kind = Value::Kind::bulk;
  value.text = std::move(text);
  return value;
}

Value integer(int64_t number) {
  Value value;
  value.kind = Value::Kind::integer;
  value.integer = number;
  return value;
}

std::optional<Value> value_of_range(const json::object& answer) {
  const json::value* found = answer.if_contains("kvs");
  if (found == nullptr) return Value{};
  if (!found->is_array() || found->get_array().empty()) return Value{};
  const json::value& first = found->get_array()[0];
  if (!first.is_object()) return std::nullopt;
  const json::value* value = first.get_object().if_contains("value");
  if (value == nullptr) return bulk("");  // an empty value is left out
  if (!value->is_string()) return std::nullopt;
  std::optional<std::string> bytes = from_base64(value->get_string());
  if (!bytes) return std::nullopt;
  return bulk(*std::move(bytes));
}

// The gateway leaves out what is zero or false.
Value flag_of(const json::object& answer, std::string_view name, bool text) {
  const json::value* value = answer.if_contains(name);
  if (value == nullptr) return integer(0);
  if (text) return integer(value->is_string() && value->get_string() != "0" ? 1 : 0);
  return integer(value->is_bool() && value->get_bool() ? 1 : 0);
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  using namespace boost::archive::iterators;
  using Digits = base64_from_binary<transform_width<std::string_view::const_iterator, 6, 8>>;
  std::string text(Digits(bytes.begin()), Digits(bytes.end()));
  text.append((3 - bytes.size() % 3) % 3, '=');
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t digit = digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return bytes;
}

EtcdRequest etcd_request(const std::vector<std::string>& words) {
  const Command command = parse(words);
  switch (command.name) {
    case Command::Name::get:
      return {"/v3/kv/range", json::serialize(json::object{{"key", to_base64(command.key)}})};
    case Command::Name::del:
      return {"/v3/kv/deleterange", json::serialize(json::object{{"key", to_base64(command.key)}})};
    case Command::Name::set:
      return {"/v3/kv/put", json::serialize(put_of(command))};
    case Command::Name::cas:
      break;
  }
  return {"/v3/kv/txn", json::serialize(transaction_of(command))};
}

std::optional<Value> etcd_reply(const std::vector<std::string>& words, const HttpAnswer& answer) {
  if (answer.status >= 400 && answer.status < 500) {
    Value error;
    error.kind = Value::Kind::error;
    error.text = "ETCD " + answer.body.substr(0, 200);
    return error;
  }
  if (answer.status != 200) return std::nullopt;
  boost::system::error_code error;
  const json::value value = json::parse(answer.body, error);
  if (error || !value.is_object() || !value.get_object().contains("header")) return std::nullopt;
  const json::object& object = value.get_object();
  switch (parse(words).name) {
    case Command::Name::get:
      return value_of_range(object);
    case Command::Name::del:
      return flag_of(object, "deleted", true);
    case Command::Name::set:
      return bulk("OK");
    case Command::Name::cas:
      break;
  }
  return flag_of(object, "succeeded", false);
}

EtcdDriver::EtcdDriver(std::vector<uint16_t> ports, uint64_t seed)
    : ports_(std::move(ports)), random_(seed) {
  COTERIE_ASSERT(!ports_.empty());
}

workload::Answer EtcdDriver::perform(const workload::Step& step) {
  workload::Answer answer{.value = {}, .sent = false, .connection = connections_, .pushed = {}};
  if (stopping() || (step.same_connection && !connection_)) return answer;
  if (!connection_) {
    connection_.emplace(ports_[random_.below(ports_.size())]);
    answer.connection = ++connections_;
  }
  const EtcdRequest request = etcd_request(step.words);
  const Result<HttpAnswer> got =
      connection_->post(request.path, request.json, step.patience, [this] { return stopping(); });
  answer.sent = got || got.error().fault == Fault::outcome_unknown;
  if (got) answer.value = etcd_reply(step.words, *got);
  if (!answer.value) connection_.reset();
  return answer;
}

}  // namespace coterie::torture
