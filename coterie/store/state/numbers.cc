// See numbers.h.
#include "coterie/store/state/numbers.h"

#include <charconv>
#include <string>

#include "coterie/store/state/words.h"

namespace coterie::state {

std::optional<int64_t> parse_integer(std::string_view text) {
  if (text.empty() || text.size() > 20) return std::nullopt;
  if (text == "0") return 0;
  const size_t first = text[0] == '-' ? 1 : 0;
  if (first == text.size() || text[first] < '1' || text[first] > '9') return std::nullopt;
  int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<uint64_t> parse_cursor(std::string_view text) {
  const bool minus = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
  }
  uint64_t value = 0;
  if (text.empty()) return value;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return minus ? 0 - value : value;
}

IntegerText::IntegerText(int64_t value)
    : size(static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits)) {
}

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A decimal number: digits * 10^exponent, without leading zeros; no digits: zero.
struct Decimal {
  std::string digits;
  int64_t exponent = 0;
};

// Exponents beyond this are outside of every number that a client can mean; Redis' long double ends
// near 10^4932.
constexpr int64_t exponent_max = 4932;

std::optional<int64_t> parse_exponent(std::string_view text) {
  bool minus = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    minus = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  int64_t value = 0;
  for (char c : text) {
    if (!is_digit(c)) return std::nullopt;
    if (value < 1'000'000) value = value * 10 + (c - '0');
  }
  return minus ? -value : value;
}

std::optional<Decimal> parse_decimal(std::string_view text) {
  Decimal decimal;
  bool seen_digit = false, seen_point = false;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '.' && !seen_point) {
      seen_point = true;
    } else if (is_digit(text[i])) {
      seen_digit = true;
      if (seen_point) --decimal.exponent;
      if (text[i] != '0' || !decimal.digits.empty()) decimal.digits.push_back(text[i]);
    } else {
      break;
    }
  }
  if (!seen_digit) return std::nullopt;
  if (i < text.size()) {
    if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
    const auto exponent = parse_exponent(text.substr(i + 1));
    if (!exponent) return std::nullopt;
    decimal.exponent += *exponent;
  }
  return decimal;
}

// digits * 10^exponent, away from zero to a whole number if `round_up`, toward it otherwise. None:
// above int64.
std::optional<int64_t> whole_part(const Decimal& decimal, bool round_up) {
  const auto digits = static_cast<int64_t>(decimal.digits.size());
  const int64_t whole_digits = digits + decimal.exponent;
  if (whole_digits > 19) return std::nullopt;
  uint64_t whole = 0;
  for (int64_t i = 0; i < whole_digits; ++i) {
    whole = whole * 10 +
            (i < digits ? static_cast<uint64_t>(decimal.digits[static_cast<size_t>(i)] - '0') : 0);
  }
  const size_t rest_from = whole_digits < 0 ? 0 : static_cast<size_t>(whole_digits);
  const bool has_rest = rest_from < decimal.digits.size() &&
                        decimal.digits.find_first_not_of('0', rest_from) != std::string::npos;
  if (round_up && has_rest) ++whole;
  if (whole > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
  return static_cast<int64_t>(whole);
}

constexpr size_t timeout_bytes_max = 5 * 1024;

}  // namespace

Timeout parse_timeout(std::string_view text) {
  if (text.empty() || text.size() >= timeout_bytes_max) return {TimeoutFault::not_a_float};
  const bool minus = text[0] == '-';
  if (text[0] == '-' || text[0] == '+') text.remove_prefix(1);
  if (same_word(text, "inf") || same_word(text, "infinity")) {
    return {minus ? TimeoutFault::negative : TimeoutFault::out_of_range};
  }
  auto decimal = parse_decimal(text);
  if (!decimal) return {TimeoutFault::not_a_float};
  if (decimal->digits.empty()) return {};
  const int64_t magnitude = static_cast<int64_t>(decimal->digits.size()) + decimal->exponent;
  if (magnitude > exponent_max + 1 || magnitude < -exponent_max - 18)
    return {TimeoutFault::not_a_float};
  decimal->exponent += 3;  // seconds to milliseconds
  const auto ms = whole_part(*decimal, !minus);
  if (minus) return {!ms || *ms > 0 ? TimeoutFault::negative : TimeoutFault::none};
  if (!ms) return {TimeoutFault::out_of_range};
  return {TimeoutFault::none, *ms};
}

}  // namespace coterie::state
