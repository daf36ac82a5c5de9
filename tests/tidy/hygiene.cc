// Headers, unfinished work, machines' paths, sleeping tests, sources that nothing builds. See
// rules.h.
#include <algorithm>

#include <fmt/format.h>

#include "tests/tidy/rules.h"

namespace coterie::tidy {

namespace {

// In two parts each, so that this file does not name what it forbids.
const std::string unfinished[] = {std::string("TO") + "DO", std::string("FIX") + "ME",
                                  std::string("XX") + "X", std::string("HA") + "CK"};
const std::string machine_paths[] = {std::string("/wo") + "rk/", std::string("/ho") + "me/",
                                     std::string("/Use") + "rs/", std::string("/ro") + "ot/"};
const std::string sleeps[] = {std::string("sleep_") + "for", std::string("sleep_") + "until",
                              std::string("us") + "leep", std::string("nano") + "sleep",
                              std::string("time.") + "sleep"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Tests of whole nodes and of sockets; elsewhere an address is but a text.
bool opens_sockets(std::string_view path) {
  return path.starts_with("tests/e2e/") || path.starts_with("tests/conformance/") ||
         (path.starts_with("coterie/world/net/") && path.ends_with("_test.cc"));
}

// `127.0.0.1:7379`, `localhost:7379`, `port=7379`; port 0 lets the system choose.
bool names_a_port(std::string_view line) {
  for (const std::string_view before : {"127.0.0.1:", "localhost:", "port=", "port = "}) {
    for (size_t at = line.find(before); at != std::string_view::npos;
         at = line.find(before, at + 1)) {
      const std::string_view rest = line.substr(at + before.size());
      if (rest.size() >= 4 && std::all_of(rest.begin(), rest.begin() + 4, is_digit)) return true;
    }
  }
  return false;
}

// The one place of a folder of tests where waiting is written: it may sleep between two looks at
// its condition.
bool is_the_waiter(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return path.starts_with("tests/") && (name == "wait.py" || name == "wait.h" || name == "wait.cc");
}

void check_line(const SourceFile& file, size_t i, bool test, std::vector<Finding>& findings) {
  const std::string& line = file.lines[i];
  for (const std::string& mark : unfinished) {
    if (find_word(line, mark) != std::string::npos) {
      findings.push_back(
          {file.path, i + 1, fmt::format("{}: finish it, or file it as an issue", mark)});
    }
  }
  for (const std::string& place : machine_paths) {
    const size_t at = find_word(line, place);
    if (at == std::string::npos || (at > 0 && (line[at - 1] == '.' || line[at - 1] == '-')))
      continue;
    findings.push_back({file.path, i + 1, fmt::format("{} is a path of one machine", place)});
  }
  if (!test) return;
  const std::string& code = file.is_cpp() ? file.code[i] : line;
  for (const std::string& sleep : sleeps) {
    if (!is_the_waiter(file.path) && find_word(code, sleep) != std::string::npos) {
      findings.push_back(
          {file.path, i + 1, fmt::format("{} in a test: wait for the condition itself", sleep)});
    }
  }
  if (opens_sockets(file.path) && names_a_port(line)) {
    findings.push_back({file.path, i + 1, "a fixed port in a test: ask the system for a free one"});
  }
}

}  // namespace

std::vector<Finding> check_headers(const std::vector<SourceFile>& tree) {
  std::vector<Finding> findings;
  for (const SourceFile& file : tree) {
    if (!file.is_header()) continue;
    if (file.lines.empty() || !file.lines[0].starts_with("// ")) {
      findings.push_back({file.path, 1, "a header opens with its idea, in plain prose"});
    }
    if (std::find(file.lines.begin(), file.lines.end(), "#pragma once") == file.lines.end()) {
      findings.push_back({file.path, 0, "has no #pragma once"});
    }
  }
  return findings;
}

std::vector<Finding> check_hygiene(const std::vector<SourceFile>& tree) {
  std::vector<Finding> findings;
  for (const SourceFile& file : tree) {
    const bool test = (file.path.starts_with("tests/") && !file.path.ends_with(".c")) ||
                      file.path.ends_with("_test.cc");
    for (size_t i = 0; i < file.lines.size(); ++i) check_line(file, i, test, findings);
  }
  return findings;
}

std::vector<Finding> check_built(const std::vector<SourceFile>& tree,
                                 std::string_view compile_commands) {
  std::vector<Finding> findings;
  for (const SourceFile& file : tree) {
    if (!file.path.ends_with(".cc") || file.path.ends_with("_fuzz.cc")) continue;
    if (compile_commands.find("/" + file.path + "\"") != std::string_view::npos) continue;
    findings.push_back(
        {file.path, 0, "no target builds it: name it in a CMakeLists.txt, or remove it"});
  }
  return findings;
}

}  // namespace coterie::tidy
