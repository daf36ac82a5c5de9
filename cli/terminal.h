// Colours, where a person looks: on a terminal, and not when NO_COLOR is set.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include <unistd.h>

namespace coterie::cli {

inline bool is_terminal(std::FILE* file) {
  return isatty(fileno(file)) == 1 && std::getenv("NO_COLOR") == nullptr;
}

class Style {
 public:
  explicit Style(bool colour) : colour_(colour) {}
  std::string bold(const std::string& text) const { return wrapped("1", text); }
  std::string faint(const std::string& text) const { return wrapped("2", text); }
  std::string red(const std::string& text) const { return wrapped("31", text); }
  std::string green(const std::string& text) const { return wrapped("32", text); }
  std::string yellow(const std::string& text) const { return wrapped("33", text); }

 private:
  std::string wrapped(const char* code, const std::string& text) const {
    return colour_ ? "\033[" + std::string(code) + "m" + text + "\033[0m" : text;
  }

  bool colour_;
};

}  // namespace coterie::cli
