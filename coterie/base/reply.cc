// See reply.h.
#include "coterie/base/reply.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>

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

namespace {

// The shortest digits of a number, which is 0.d1d2d3... * 10^point.
struct Decimal {
  char digits[20];
  int count = 0;
  int point = 0;
};

Decimal shortest_decimal(double magnitude) {
  char text[32];
  const auto end =
      std::to_chars(text, text + sizeof text, magnitude, std::chars_format::scientific);
  Decimal decimal;
  const char* at = text;
  for (; *at != 'e'; ++at) {
    if (*at != '.') decimal.digits[decimal.count++] = *at;
  }
  ++at;
  if (*at == '+') ++at;
  std::from_chars(at, end.ptr, decimal.point);
  ++decimal.point;
  return decimal;
}

}  // namespace

size_t print_double(double value, char* out) {
  if (std::isnan(value)) return std::memcpy(out, "nan", 3), 3;
  char* at = out;
  if (std::signbit(value)) *at++ = '-';
  const auto done = [&](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    return static_cast<size_t>(at - out) + text.size();
  };
  if (std::isinf(value)) return done("inf");
  const double magnitude = std::fabs(value);
  // Redis takes the way of integers as far as a conversion is safe.
  if (magnitude <= 0x1p62 && magnitude == std::floor(magnitude)) {
    return static_cast<size_t>(std::to_chars(at, out + 32, static_cast<int64_t>(magnitude)).ptr -
                               out);
  }
  const Decimal decimal = shortest_decimal(magnitude);
  const std::string_view digits(decimal.digits, static_cast<size_t>(decimal.count));
  const int behind = decimal.count - decimal.point;  // digits behind the point
  const int exponent = decimal.point - 1;
  if (behind > 0 && (behind < 7 || std::abs(exponent) < 4)) {
    const auto before = static_cast<size_t>(std::max(decimal.point, 0));
    const std::string zeros(static_cast<size_t>(std::max(-decimal.point, 0)), '0');
    const std::string whole(before == 0 ? "0" : digits.substr(0, before));
    return done(whole + "." + zeros + std::string(digits.substr(before)));
  }
  *at++ = digits[0];
  if (digits.size() > 1) *at++ = '.';
  at = std::copy(digits.begin() + 1, digits.end(), at);
  *at++ = 'e';
  *at++ = exponent < 0 ? '-' : '+';
  return static_cast<size_t>(std::to_chars(at, out + 32, std::abs(exponent)).ptr - out);
}

}  // namespace coterie
