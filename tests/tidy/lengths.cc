// Lengths of files and functions. See rules.h.
//
// A function is found by its braces: a brace that opens where only namespaces and classes are open,
// and that neither opens one of these nor follows `=`, opens a function. It is as long as from the
// line where its statement began to the line where the brace closes.
#include <array>

#include <fmt/format.h>

#include "tests/tidy/rules.h"

namespace coterie::tidy {

namespace {

class FunctionScanner {
 public:
  FunctionScanner(const SourceFile& file, std::vector<Finding>& findings)
      : file_(file), findings_(findings) {}

  void run() {
    for (size_t i = 0; i < file_.code.size(); ++i) {
      const std::string& line = file_.code[i];
      if (line.starts_with("#")) continue;
      for (const char c : line) take(c, i + 1);
      if (!statement_.empty()) statement_ += ' ';
    }
  }

 private:
  enum class Scope { transparent, function, initializer };

  void take(char c, size_t line) {
    if (c == '{') {
      open(line);
    } else if (c == '}') {
      close(line);
    } else if (c == ';' && inside_ == 0) {
      statement_.clear();
    } else if (c != ' ' || !statement_.empty()) {
      if (statement_.empty()) began_ = line;
      statement_ += c;
    }
  }

  void open(size_t line) {
    Scope scope = Scope::function;
    if (inside_ == 0) scope = kind_of_statement();
    scopes_.push_back({scope, statement_.empty() ? line : began_});
    if (scope != Scope::transparent) ++inside_;
    if (inside_ == 0) statement_.clear();
  }

  void close(size_t line) {
    if (scopes_.empty()) return;
    const auto [scope, began] = scopes_.back();
    scopes_.pop_back();
    if (scope != Scope::transparent) --inside_;
    if (inside_ > 0) return;
    const size_t length = line - began + 1;
    if (scope == Scope::function && length > function_lines_max) {
      findings_.push_back({file_.path, began,
                           fmt::format("a function of {} lines: {} at most, give its parts names",
                                       length, function_lines_max)});
    }
    if (scope != Scope::initializer) statement_.clear();
  }

  Scope kind_of_statement() const {
    const size_t last = statement_.find_last_not_of(' ');
    if (last == std::string::npos) return Scope::transparent;
    if (statement_[last] == '=') return Scope::initializer;
    const bool has_parameters = find_word(statement_, "(") != std::string::npos;
    for (const std::string_view word :
         {"namespace", "class", "struct", "union", "enum", "extern"}) {
      const size_t at = find_word(statement_, word);
      // `template <class T> void f()` and `struct X f()` open functions; `class alignas(64) X` is
      // not written here.
      if (at != std::string::npos && !has_parameters) return Scope::transparent;
    }
    return has_parameters ? Scope::function : Scope::initializer;
  }

  const SourceFile& file_;
  std::vector<Finding>& findings_;
  struct Open {
    Scope scope;
    size_t began;
  };
  std::vector<Open> scopes_;
  size_t inside_ = 0;  // scopes open that are not transparent
  std::string statement_;
  size_t began_ = 0;
};

}  // namespace

std::vector<Finding> check_lengths(const std::vector<SourceFile>& tree) {
  std::vector<Finding> findings;
  for (const SourceFile& file : tree) {
    const bool script =
        file.path.ends_with(".py") || file.path.ends_with(".sh") || file.path == "dev";
    if (!file.is_cpp() && !script) continue;
    if (file.lines.size() > file_lines_max) {
      findings.push_back({file.path, 0,
                          fmt::format("{} lines: {} at most, split it by question",
                                      file.lines.size(), file_lines_max)});
    }
    if (file.is_cpp()) FunctionScanner(file, findings).run();
  }
  return findings;
}

}  // namespace coterie::tidy
