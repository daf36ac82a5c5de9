// The page of promises names tests in backquotes; here is looked up whether they exist. A rule
// whose last test was renamed or removed is found at once.
#include <optional>
#include <set>

#include <fmt/format.h>

#include "tests/tidy/rules.h"

namespace coterie::tidy {

namespace {

// What stands in backquotes in a table's last column.
std::vector<std::string> names_of(std::string_view row) {
  const size_t end = row.rfind('|');
  if (end == std::string_view::npos || end == 0) return {};
  const size_t begin = row.rfind('|', end - 1);
  if (begin == std::string_view::npos) return {};
  std::string_view column = row.substr(begin + 1, end - begin - 1);
  std::vector<std::string> names;
  while (true) {
    const size_t open = column.find('`');
    if (open == std::string_view::npos) return names;
    const size_t close = column.find('`', open + 1);
    if (close == std::string_view::npos) return names;
    names.emplace_back(column.substr(open + 1, close - open - 1));
    column.remove_prefix(close + 1);
  }
}

// Suite.Name of TEST(Suite, Name) and its kin, of each line and the one after it.
std::optional<std::string> test_name(const SourceFile& file, size_t line) {
  const std::string& text = file.code[line];
  if (!text.starts_with("TEST(") && !text.starts_with("TEST_F(") && !text.starts_with("TEST_P(") &&
      !text.starts_with("RC_GTEST_PROP(")) {
    return std::nullopt;
  }
  std::string inside = text.substr(text.find('(') + 1);
  if (line + 1 < file.code.size()) inside += file.code[line + 1];
  const size_t comma = inside.find(',');
  if (comma == std::string::npos) return std::nullopt;
  const size_t begin = inside.find_first_not_of(' ', comma + 1);
  const size_t end = inside.find_first_of("),", begin);
  if (begin == std::string::npos || end == std::string::npos) return std::nullopt;
  return inside.substr(0, comma) + "." + inside.substr(begin, end - begin);
}

std::set<std::string> all_tests(const std::vector<SourceFile>& tree) {
  std::set<std::string> names;
  for (const SourceFile& file : tree) {
    const std::string base = file.path.substr(file.path.rfind('/') + 1);
    if (file.path.starts_with("tests/golden/")) names.insert(base);
    if (file.path.starts_with("tests/e2e/test_")) {
      names.insert(base);
      for (const std::string& line : file.lines) {
        const size_t name = line.find("def test_");
        if (name == std::string::npos) continue;
        names.insert(line.substr(name + 4, line.find('(', name) - name - 4));
      }
    }
    for (size_t line = 0; line < file.code.size(); ++line) {
      if (auto name = test_name(file, line)) names.insert(*std::move(name));
    }
  }
  return names;
}

}  // namespace

std::vector<Finding> check_promises(const std::vector<SourceFile>& tree) {
  const std::set<std::string> tests = all_tests(tree);
  std::vector<Finding> findings;
  for (const SourceFile& page : tree) {
    if (page.path != promises_page) continue;
    for (size_t line = 0; line < page.lines.size(); ++line) {
      const std::string& row = page.lines[line];
      if (!row.starts_with("| ") || row.starts_with("| The rule")) continue;
      const std::vector<std::string> names = names_of(row);
      if (names.empty()) findings.push_back({page.path, line + 1, "a promise without a test"});
      for (const std::string& name : names) {
        if (tests.contains(name)) continue;
        findings.push_back({page.path, line + 1, fmt::format("there is no test {}", name)});
      }
    }
  }
  return findings;
}

}  // namespace coterie::tidy
