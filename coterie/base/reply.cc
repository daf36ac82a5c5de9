// See reply.h.
#include "coterie/base/reply.h"

#include <charconv>
#include <cmath>
#include <cstring>

namespace coterie {

namespace {
constexpr std::string_view line_end = "\r\n";

template <class T>
void append_number(PayloadBuilder& out, T value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  out.append({digits, static_cast<size_t>(end.ptr - digits)});
}
}  // namespace

void ReplyBuilder::header(char type, uint64_t count) {
  out_.push(type);
  append_number(out_, count);
  out_.append(line_end);
}

void ReplyBuilder::simple(std::string_view text) {
  out_.push('+');
  out_.append(text);
  out_.append(line_end);
}

void ReplyBuilder::error(std::string_view code_and_text) {
  out_.push('-');
  char* place = out_.extend(code_and_text.size());
  for (char c : code_and_text) *place++ = (c == '\r' || c == '\n') ? ' ' : c;
  out_.append(line_end);
}

void ReplyBuilder::integer(int64_t value) {
  out_.push(':');
  append_number(out_, value);
  out_.append(line_end);
}

void ReplyBuilder::bulk(std::string_view bytes) {
  header('$', bytes.size());
  out_.append(bytes);
  out_.append(line_end);
}

void ReplyBuilder::null() { out_.append("_\r\n"); }
void ReplyBuilder::null_array() { out_.append("*-1\r\n"); }
void ReplyBuilder::array(size_t elements) { header('*', elements); }
void ReplyBuilder::map(size_t pairs) { header('%', pairs); }
void ReplyBuilder::set(size_t members) { header('~', members); }
void ReplyBuilder::push(size_t elements) { header('>', elements); }
void ReplyBuilder::boolean(bool value) { out_.append(value ? "#t\r\n" : "#f\r\n"); }
void ReplyBuilder::raw(std::string_view canonical) { out_.append(canonical); }

void ReplyBuilder::real(double value) {
  char text[32];
  out_.push(',');
  out_.append({text, print_double(value, text)});
  out_.append(line_end);
}

Reply reply_ok() {
  static const std::string_view ok = "+OK\r\n";
  return Payload::copy_of(ok);
}

Reply reply_error(std::string_view code_and_text) {
  ReplyBuilder out(code_and_text.size() + 3);
  out.error(code_and_text);
  return out.take();
}

Reply reply_integer(int64_t value) {
  ReplyBuilder out(24);
  out.integer(value);
  return out.take();
}

size_t print_double(double value, char* out) {
  if (std::isnan(value)) return std::memcpy(out, "nan", 3), 3;
  if (std::isinf(value)) {
    const std::string_view text = value > 0 ? "inf" : "-inf";
    return std::memcpy(out, text.data(), text.size()), text.size();
  }
  return static_cast<size_t>(std::to_chars(out, out + 32, value).ptr - out);
}

}  // namespace coterie
