// See value.h.
#include "coterie/server/resp/value.h"

#include <charconv>
#include <cstring>

#include <fmt/format.h>

namespace coterie::resp {

namespace {

constexpr size_t line_bytes_max = 64u << 10;

bool parse_integer(std::string_view text, int64_t& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
}

Value leaf_of(Value::Kind kind, std::string_view text) {
  Value value;
  value.kind = kind;
  value.text = text;
  return value;
}

std::string describe_elements(const Value& value, char open, char close) {
  std::string out(1, open);
  for (size_t i = 0; i < value.elements.size(); ++i) {
    if (i > 0) out += value.kind == Value::Kind::map && i % 2 == 1 ? ": " : ", ";
    out += describe(value.elements[i]);
  }
  return out + close;
}

}  // namespace

const Value* Value::find(std::string_view key) const {
  for (size_t i = 0; i + 1 < elements.size(); i += 2) {
    if (elements[i].text == key) return &elements[i + 1];
  }
  return nullptr;
}

std::string describe(const Value& value) {
  switch (value.kind) {
    case Value::Kind::simple:
      return value.text;
    case Value::Kind::error:
      return "(error) " + value.text;
    case Value::Kind::integer:
      return std::to_string(value.integer);
    case Value::Kind::bulk:
      return '"' + value.text + '"';
    case Value::Kind::null:
      return "nil";
    case Value::Kind::boolean:
      return value.integer != 0 ? "true" : "false";
    case Value::Kind::real:
    case Value::Kind::big_number:
      return value.text;
    case Value::Kind::array:
      return describe_elements(value, '[', ']');
    case Value::Kind::map:
      return describe_elements(value, '{', '}');
    case Value::Kind::set:
      return "set" + describe_elements(value, '(', ')');
    case Value::Kind::push:
      return "push" + describe_elements(value, '[', ']');
  }
  return {};
}

void ReplyParser::feed(std::string_view bytes) {
  if (at_ == buffer_.size()) {
    buffer_.clear();
    at_ = 0;
  } else if (at_ * 2 > buffer_.size()) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  buffer_.append(bytes);
}

ReplyParser::Step ReplyParser::broken(std::string message) {
  error_ = std::move(message);
  return Step::broken;
}

ReplyParser::Step ReplyParser::read_line(std::string_view& line) {
  const std::string_view rest = std::string_view(buffer_).substr(at_, line_bytes_max);
  const size_t line_end = rest.find('\r');
  if (line_end == std::string_view::npos) {
    return rest.size() == line_bytes_max ? broken("a line of a reply is too long")
                                         : Step::incomplete;
  }
  if (at_ + line_end + 1 == buffer_.size()) return Step::incomplete;
  if (buffer_[at_ + line_end + 1] != '\n') return broken("a line of a reply does not end");
  line = rest.substr(0, line_end);
  return Step::leaf;
}

// Reads one token. It is either a whole value (leaf) or the start of an aggregate, which becomes a
// level.
ReplyParser::Step ReplyParser::step(Value& leaf) {
  std::string_view line;
  if (const Step read = read_line(line); read != Step::leaf) return read;
  if (line.empty()) return broken("an empty line where a reply begins");
  const char type = line[0];
  line.remove_prefix(1);
  int64_t number = 0;
  switch (type) {
    case '+':
      leaf = leaf_of(Value::Kind::simple, line);
      break;
    case '-':
      leaf = leaf_of(Value::Kind::error, line);
      break;
    case ',':
      leaf = leaf_of(Value::Kind::real, line);
      break;
    case '(':
      leaf = leaf_of(Value::Kind::big_number, line);
      break;
    case '_':
      leaf = Value{};
      break;
    case '#':
      if (line != "t" && line != "f") return broken("a boolean that is neither t nor f");
      leaf = leaf_of(Value::Kind::boolean, {});
      leaf.integer = line == "t" ? 1 : 0;
      break;
    case ':':
      leaf = leaf_of(Value::Kind::integer, {});
      if (!parse_integer(line, leaf.integer)) return broken("an integer reply that is no integer");
      break;
    case '$':
    case '=':
    case '!':
      return read_bulk(type, line, leaf);
    case '*':
    case '%':
    case '~':
    case '>':
    case '|':
      if (!parse_integer(line, number) || number < -1)
        return broken("an aggregate without a count");
      return open(type, number, leaf);
    default:
      return broken(
          fmt::format("a reply of unknown type, byte {}", static_cast<unsigned char>(type)));
  }
  at_ += line.size() + 3;
  reply_bytes_ += line.size() + 3;
  return Step::leaf;
}

ReplyParser::Step ReplyParser::read_bulk(char type, std::string_view line, Value& leaf) {
  int64_t size = 0;
  if (!parse_integer(line, size) || size < -1) return broken("a bulk string without a length");
  const size_t header_bytes = line.size() + 3;
  if (size < 0) {
    at_ += header_bytes;
    reply_bytes_ += header_bytes;
    leaf = Value{};
    return Step::leaf;
  }
  const auto bytes = static_cast<size_t>(size);
  if (bytes > limits_.reply_bytes_max ||
      reply_bytes_ + header_bytes + bytes > limits_.reply_bytes_max) {
    return broken("a reply is larger than allowed");
  }
  if (buffer_.size() - at_ < header_bytes + bytes + 2) return Step::incomplete;
  std::string_view text = std::string_view(buffer_).substr(at_ + header_bytes, bytes);
  if (std::memcmp(text.data() + bytes, "\r\n", 2) != 0) return broken("a bulk string does not end");
  if (type == '=') {
    if (bytes < 4 || text[3] != ':') return broken("a verbatim string without a format");
    text.remove_prefix(4);
  }
  leaf = leaf_of(type == '!' ? Value::Kind::error : Value::Kind::bulk, text);
  at_ += header_bytes + bytes + 2;
  reply_bytes_ += header_bytes + bytes + 2;
  return Step::leaf;
}

ReplyParser::Step ReplyParser::open(char type, int64_t count, Value& leaf) {
  const size_t line_end = buffer_.find('\n', at_);
  reply_bytes_ += line_end + 1 - at_;
  at_ = line_end + 1;
  if (count < 0) {
    leaf = Value{};
    return type == '*' ? Step::leaf : broken("only an array may be null");
  }
  Level level;
  level.elements_left = static_cast<uint64_t>(count) * (type == '%' || type == '|' ? 2 : 1);
  if (level.elements_left > limits_.elements_max - elements_)
    return broken("a reply has too many elements");
  elements_ += level.elements_left;
  level.attribute = type == '|';
  switch (type) {
    case '*':
      level.value.kind = Value::Kind::array;
      break;
    case '~':
      level.value.kind = Value::Kind::set;
      break;
    case '>':
      level.value.kind = Value::Kind::push;
      break;
    default:
      level.value.kind = Value::Kind::map;
      break;
  }
  if (level.elements_left == 0 && !level.attribute) {
    leaf = std::move(level.value);
    return Step::leaf;
  }
  if (levels_.size() >= limits_.depth_max) return broken("a reply is nested too deeply");
  levels_.push_back(std::move(level));
  return Step::opened;
}

// Puts a complete value where it belongs, and closes all that it completes. True when the reply is
// complete: `whole`.
bool ReplyParser::place(Value value, Value& whole) {
  while (true) {
    if (levels_.empty()) {
      whole = std::move(value);
      return true;
    }
    Level& level = levels_.back();
    level.value.elements.push_back(std::move(value));
    if (--level.elements_left > 0) return false;
    const bool attribute = level.attribute;
    value = std::move(level.value);
    levels_.pop_back();
    if (attribute) return false;
  }
}

Result<std::optional<Value>> ReplyParser::next() {
  while (error_.empty()) {
    Value leaf;
    Value whole;
    const Step taken = step(leaf);
    if (taken == Step::incomplete) return std::optional<Value>{};
    if (reply_bytes_ > limits_.reply_bytes_max) broken("a reply is larger than allowed");
    if (taken == Step::opened && levels_.back().elements_left == 0)
      levels_.pop_back();  // an empty attribute
    if (taken == Step::leaf && place(std::move(leaf), whole)) {
      reply_bytes_ = 0;
      elements_ = 0;
      return std::optional<Value>(std::move(whole));
    }
  }
  return fail(Fault::corrupt, error_);
}

}  // namespace coterie::resp
