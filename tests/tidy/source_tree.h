// The files of the project as the tidy checks see them: lines of text, and for C++ the same lines
// with comments and the insides of string literals blanked out, so that a rule about code is not
// about prose.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::tidy {

struct SourceFile {
  std::string path;  // from the root of the project, with '/'
  std::vector<std::string> lines;
  std::vector<std::string> code;  // C++ only, else empty; as many as lines, each as long

  bool is_cpp() const;
  bool is_header() const { return path.ends_with(".h"); }
};

// What a check has found. Line numbers start at 1; 0 means the file as a whole.
struct Finding {
  std::string path;
  size_t line = 0;
  std::string message;

  std::string text() const;
};

SourceFile make_file(std::string path, std::string_view content);

// All files of the project's own text under `root`, ordered by path: sources, scripts, pages, build
// files. Without build folders, pictures and data.
std::vector<SourceFile> load_tree(const std::filesystem::path& root);

// The paths of code that only tests run: files ending in _test.cc, all below tests/, and headers
// that are included, but by no other code, directly or through other headers.
std::set<std::string> test_code(const std::vector<SourceFile>& tree);

// The path inside the quotes of a line `#include "..."` of ours, or empty.
std::string_view quoted_include(std::string_view line);

// Where `word` stands in `line` as a whole word, from `start` on; npos if nowhere.
size_t find_word(std::string_view line, std::string_view word, size_t start = 0);

std::string read_text(const std::filesystem::path& path);  // empty when there is no such file

}  // namespace coterie::tidy
