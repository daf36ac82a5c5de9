// See request_parser.h.
#include "coterie/server/resp/request_parser.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "coterie/base/assert.h"

namespace coterie::resp {

namespace {

constexpr size_t buffer_bytes_kept =
    16u << 10;  // a buffer that grew beyond is given back when it is empty
constexpr size_t marks_kept = 1'024;

enum class Line { complete, incomplete, too_long, invalid };

// Reads the rest of a header line that begins at `at`: a decimal number and a line end. The slow
// part of header_number: everything that is not a short plain number with its line end in place.
Line unusual_number(const char*& at, const char* end, size_t line_bytes_max, int64_t& value) {
  const size_t there = std::min(static_cast<size_t>(end - at), line_bytes_max);
  const char* line_end = static_cast<const char*>(std::memchr(at, '\r', there));
  if (line_end == nullptr) return there == line_bytes_max ? Line::too_long : Line::incomplete;
  if (line_end + 1 == end) return Line::incomplete;
  if (line_end[1] != '\n') return Line::invalid;
  const char* digits = *at == '-' ? at + 1 : at;
  const bool leading_zero = digits[0] == '0' && (line_end - digits > 1 || digits != at);
  const auto parsed = std::from_chars(at, line_end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != line_end || leading_zero) return Line::invalid;
  at = line_end + 2;
  return Line::complete;
}

inline Line header_number(const char*& at, const char* end, size_t line_bytes_max, int64_t& value) {
  const char* p = at;
  int64_t number = 0;
  while (p < end && p - at < 9 && *p >= '0' && *p <= '9') number = number * 10 + (*p++ - '0');
  const bool plain = p - at == 1 || (p > at && *at != '0');
  if (plain && end - p >= 2 && p[0] == '\r' && p[1] == '\n') {
    value = number;
    at = p + 2;
    return Line::complete;
  }
  return unusual_number(at, end, line_bytes_max, value);
}

}  // namespace

void RequestParser::feed(std::string_view bytes) {
  settle();
  if (buffer_.empty()) {
    window_ = bytes;
    borrowed_ = true;
    return;
  }
  buffer_.append(bytes);
  window_ = buffer_;
}

void RequestParser::settle() {
  if (found_) forget_partial();
  words_.clear();
  unescaped_.clear();
  if (borrowed_) {
    buffer_.assign(window_.substr(start_));
    borrowed_ = false;
  } else if (start_ == buffer_.size()) {
    buffer_.clear();
    if (buffer_.capacity() > buffer_bytes_kept) buffer_.shrink_to_fit();
  } else if (start_ * 2 >= buffer_.size()) {
    buffer_.erase(0, start_);
  } else {
    window_ = buffer_;
    return;
  }
  scanned_ -= start_;
  start_ = 0;
  window_ = buffer_;
}

// The request is parsed again from its start.
void RequestParser::forget_partial() {
  found_ = false;
  scanned_ = start_;
  elements_left_ = 0;
  bulk_bytes_ = -1;
  marks_.clear();
}

RequestParser::Outcome RequestParser::malformed(std::string text) {
  error_ = "Protocol error: " + text;
  forget_partial();
  words_.clear();
  return Outcome::malformed;
}

RequestParser::Outcome RequestParser::next() {
  if (found_) return Outcome::complete;
  if (!error_.empty()) return Outcome::malformed;
  words_.clear();
  while (start_ < window_.size()) {
    const Outcome outcome = window_[start_] == '*' ? next_array() : next_inline();
    if (outcome != Outcome::complete) return outcome;
    if (!words_.empty()) {
      found_ = true;
      return outcome;
    }
    start_ = scanned_;  // an empty request
  }
  return Outcome::incomplete;
}

void RequestParser::consume() {
  COTERIE_ASSERT(found_);
  found_ = false;
  start_ = scanned_;
  marks_.clear();
  if (marks_.capacity() > marks_kept) std::vector<Mark>().swap(marks_);
}

RequestParser::Outcome RequestParser::next_array() {
  const char* const request = window_.data() + start_;
  const char* const end = window_.data() + window_.size();
  const char* at = window_.data() + scanned_;
  if (at == request) {
    int64_t count = 0;
    ++at;
    switch (header_number(at, end, limits_.inline_bytes_max, count)) {
      case Line::complete:
        break;
      case Line::incomplete:
        return Outcome::incomplete;
      case Line::too_long:
        return malformed("too big mbulk count string");
      case Line::invalid:
        return malformed("invalid multibulk length");
    }
    if (count > static_cast<int64_t>(limits_.elements_max)) {
      return malformed("invalid multibulk length");
    }
    if (!authenticated_ && count > static_cast<int64_t>(limits_.unauthenticated_elements_max)) {
      return malformed("unauthenticated multibulk length");
    }
    elements_left_ = count > 0 ? static_cast<uint32_t>(count) : 0;
  }
  while (elements_left_ > 0) {
    const Outcome outcome = next_element(at, end);
    scanned_ = static_cast<size_t>(at - window_.data());
    if (outcome != Outcome::complete) return outcome;
  }
  scanned_ = static_cast<size_t>(at - window_.data());
  words_.reserve(marks_.size());
  for (const Mark& mark : marks_) words_.emplace_back(request + mark.offset, mark.size_bytes);
  return Outcome::complete;
}

// Reads one bulk string, as far as it is there. `at` is moved past what was read.
RequestParser::Outcome RequestParser::next_element(const char*& at, const char* end) {
  const char* const request = window_.data() + start_;
  if (bulk_bytes_ < 0) {
    if (at == end) return Outcome::incomplete;
    if (*at != '$') return malformed(std::string("expected '$', got '") + *at + "'");
    const char* number = at + 1;
    int64_t size = 0;
    const Line line = header_number(number, end, limits_.inline_bytes_max, size);
    if (line == Line::incomplete) return Outcome::incomplete;
    if (line == Line::too_long) return malformed("too big bulk count string");
    if (line == Line::invalid || size < 0 || size > static_cast<int64_t>(limits_.bulk_bytes_max)) {
      return malformed("invalid bulk length");
    }
    if (!authenticated_ && size > static_cast<int64_t>(limits_.unauthenticated_bulk_bytes_max)) {
      return malformed("unauthenticated bulk length");
    }
    if (static_cast<size_t>(number - request) + static_cast<size_t>(size) + 2 >
        limits_.request_bytes_max) {
      return malformed("too big request");
    }
    bulk_bytes_ = size;
    at = number;
  }
  if (end - at < bulk_bytes_ + 2) return Outcome::incomplete;
  const char* after = at + bulk_bytes_;
  if (after[0] != '\r' || after[1] != '\n')
    return malformed("expected a line end after a bulk string");
  marks_.push_back({static_cast<uint32_t>(at - request), static_cast<uint32_t>(bulk_bytes_)});
  at = after + 2;
  bulk_bytes_ = -1;
  --elements_left_;
  return Outcome::complete;
}

RequestParser::Outcome RequestParser::next_inline() {
  const char* const request = window_.data() + start_;
  const size_t there = std::min(window_.size() - start_, limits_.inline_bytes_max);
  const char* line_end = static_cast<const char*>(std::memchr(request, '\n', there));
  if (line_end == nullptr) {
    return there == limits_.inline_bytes_max ? malformed("too big inline request")
                                             : Outcome::incomplete;
  }
  scanned_ = static_cast<size_t>(line_end + 1 - window_.data());
  std::string_view line(request, static_cast<size_t>(line_end - request));
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!split_words(line, words_, unescaped_)) return malformed("unbalanced quotes in request");
  return Outcome::complete;
}

}  // namespace coterie::resp
