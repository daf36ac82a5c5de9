// Words of clients: options, names of types, special numbers. ASCII, compared without regard to
// case, without locale.
#pragma once

#include <string_view>

namespace coterie::state {

inline bool same_word(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace coterie::state
