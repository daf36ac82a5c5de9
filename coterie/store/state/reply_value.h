// For tests only: a reply taken apart, so that replies can be compared where their order is free,
// and shown to a reader.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::state {

struct ReplyValue {
  char type = 0;  // as in RESP; '_' a null, 'N' the null array of RESP2
  std::string text;
  std::vector<ReplyValue> elements;  // of a map: key, value, key, value ...

  bool operator==(const ReplyValue&) const = default;

  static ReplyValue parse(std::string_view bytes) {
    size_t at = 0;
    return parse_at(bytes, at);
  }

  // As a connection of that protocol would see it: RESP2 has no maps, sets and one null, RESP3 no
  // null array.
  ReplyValue as_protocol(int version) const {
    ReplyValue value = *this;
    if (version == 2 && (type == '%' || type == '~' || type == '>')) value.type = '*';
    if (version == 3 && type == 'N') value.type = '_';
    for (ReplyValue& element : value.elements) element = element.as_protocol(version);
    return value;
  }

  // Elements in order, or pairs in order of their keys: for replies whose order is free.
  ReplyValue sorted(bool pairs) const {
    ReplyValue value = *this;
    if (!pairs) {
      std::sort(value.elements.begin(), value.elements.end(), less);
      return value;
    }
    std::vector<std::pair<ReplyValue, ReplyValue>> by_key;
    for (size_t i = 0; i + 1 < elements.size(); i += 2)
      by_key.emplace_back(elements[i], elements[i + 1]);
    std::sort(by_key.begin(), by_key.end(),
              [](const auto& a, const auto& b) { return less(a.first, b.first); });
    value.elements.clear();
    for (auto& [key, element] : by_key) {
      value.elements.push_back(std::move(key));
      value.elements.push_back(std::move(element));
    }
    return value;
  }

  std::string shown() const {
    if (elements.empty() && type != '*' && type != '%' && type != '~')
      return std::string(1, type) + text;
    std::string all(1, type);
    all += "[";
    for (const ReplyValue& element : elements) all += element.shown() + " ";
    return all + "]";
  }

 private:
  static bool less(const ReplyValue& a, const ReplyValue& b) { return a.text < b.text; }

  static ReplyValue parse_at(std::string_view bytes, size_t& at) {
    ReplyValue value;
    const size_t end = bytes.find("\r\n", at);
    if (end == std::string_view::npos || end == at) return value;
    value.type = bytes[at];
    value.text = bytes.substr(at + 1, end - at - 1);
    at = end + 2;
    if (value.type != '$' && value.type != '*' && value.type != '%' && value.type != '~' &&
        value.type != '>') {
      return value;
    }
    const long long count = std::atoll(value.text.c_str());
    value.text.clear();
    if (count < 0) {
      value.type = value.type == '*' ? 'N' : '_';
    } else if (value.type == '$') {
      value.text = bytes.substr(at, static_cast<size_t>(count));
      at += static_cast<size_t>(count) + 2;
    } else {
      for (long long i = 0; i < (value.type == '%' ? 2 * count : count) && at < bytes.size(); ++i) {
        value.elements.push_back(parse_at(bytes, at));
      }
    }
    return value;
  }
};

}  // namespace coterie::state
