// See source_tree.h.
#include "tests/tidy/source_tree.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include <fmt/format.h>

namespace coterie::tidy {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view folders[] = {"coterie", "cli",  "tests", "bench", "examples",
                                        "labs",    "docs", "cmake", "dist",  ".ci"};
constexpr std::string_view endings[] = {".h",       ".cc",      ".c",   ".py",   ".sh",
                                        ".md",      ".cmake",   ".js",  ".toml", ".json",
                                        ".service", ".example", ".cfg", ".txt"};

bool is_word_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool is_ours(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name == "dev" || name == "run" || name == "LAYERS") return true;
  return std::any_of(std::begin(endings), std::end(endings),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

std::vector<std::string> split_lines(std::string_view content) {
  std::vector<std::string> lines;
  size_t start = 0;
  while (start < content.size()) {
    const size_t end = std::min(content.find('\n', start), content.size());
    lines.emplace_back(content.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

// Blanks comments and literals. A machine over characters; newlines always stay.
class Blanker {
 public:
  explicit Blanker(std::string_view in) : in_(in), out_(in) {}

  std::string run() {
    while (at_ < in_.size()) {
      if (starts("//")) {
        blank_until("\n", false);
      } else if (starts("/*")) {
        blank_until("*/", true);
      } else if (starts("R\"") && !after_word_char()) {
        raw_string();
      } else if (in_[at_] == '"') {
        literal('"');
      } else if (in_[at_] == '\'' && !after_word_char()) {  // otherwise it separates digits
        literal('\'');
      } else {
        ++at_;
      }
    }
    return out_;
  }

 private:
  bool starts(std::string_view token) const { return in_.substr(at_).starts_with(token); }
  bool after_word_char() const { return at_ > 0 && is_word_char(in_[at_ - 1]); }

  void blank(size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      if (out_[i] != '\n') out_[i] = ' ';
    }
  }

  void blank_until(std::string_view mark, bool with_mark) {
    size_t end = in_.find(mark, at_);
    end = end == std::string_view::npos ? in_.size() : end + (with_mark ? mark.size() : 0);
    blank(at_, end);
    at_ = end;
  }

  void raw_string() {
    const size_t open = std::min(in_.find('(', at_), in_.size());
    const std::string mark = ")" + std::string(in_.substr(at_ + 2, open - at_ - 2)) + "\"";
    const size_t close = std::min(in_.find(mark, open), in_.size());
    blank(std::min(open + 1, in_.size()), close);
    at_ = std::min(close + mark.size(), in_.size());
  }

  // The quotes stay. What includes name stays too: it is code.
  void literal(char quote) {
    const size_t line_start =
        in_.rfind('\n', at_) == std::string_view::npos ? 0 : in_.rfind('\n', at_) + 1;
    const bool include = in_.substr(line_start).starts_with("#include");
    size_t end = at_ + 1;
    while (end < in_.size() && in_[end] != quote && in_[end] != '\n')
      end += in_[end] == '\\' ? 2 : 1;
    end = std::min(end, in_.size());
    if (!include) blank(at_ + 1, end);
    at_ = std::min(end + 1, in_.size());
  }

  std::string_view in_;
  std::string out_;
  size_t at_ = 0;
};

}  // namespace

bool SourceFile::is_cpp() const { return path.ends_with(".h") || path.ends_with(".cc"); }

std::string Finding::text() const {
  return line == 0 ? fmt::format("{}: {}", path, message)
                   : fmt::format("{}:{}: {}", path, line, message);
}

SourceFile make_file(std::string path, std::string_view content) {
  SourceFile file;
  file.path = std::move(path);
  file.lines = split_lines(content);
  if (file.is_cpp()) file.code = split_lines(Blanker(content).run());
  return file;
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<SourceFile> load_tree(const fs::path& root) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.is_regular_file() && is_ours(entry.path())) paths.push_back(entry.path());
  }
  for (const std::string_view folder : folders) {
    if (!fs::exists(root / folder)) continue;
    for (auto entry = fs::recursive_directory_iterator(root / folder); entry != fs::end(entry);
         ++entry) {
      const std::string name = entry->path().filename().string();
      if (entry->is_directory() &&
          (name == "node_modules" || name == "__pycache__" || name == "build")) {
        entry.disable_recursion_pending();
      } else if (entry->is_regular_file() && is_ours(entry->path())) {
        paths.push_back(entry->path());
      }
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<SourceFile> files;
  for (const fs::path& path : paths) {
    files.push_back(make_file(fs::relative(path, root).generic_string(), read_text(path)));
  }
  return files;
}

std::string_view quoted_include(std::string_view line) {
  constexpr std::string_view opening = "#include \"";
  if (!line.starts_with(opening)) return {};
  const size_t close = line.find('"', opening.size());
  return close == std::string_view::npos ? std::string_view{}
                                         : line.substr(opening.size(), close - opening.size());
}

std::set<std::string> test_code(const std::vector<SourceFile>& tree) {
  std::map<std::string, const SourceFile*> by_path;
  for (const SourceFile& file : tree) by_path[file.path] = &file;
  std::set<std::string> included, production;
  std::vector<const SourceFile*> waiting;
  const auto is_test = [](const std::string& path) {
    return path.ends_with("_test.cc") || path.starts_with("tests/");
  };
  for (const SourceFile& file : tree) {
    for (const std::string& line : file.code) included.emplace(quoted_include(line));
    if (file.path.ends_with(".cc") && !is_test(file.path)) waiting.push_back(&file);
  }
  // All that production code includes is production code.
  while (!waiting.empty()) {
    const SourceFile* file = waiting.back();
    waiting.pop_back();
    if (!production.insert(file->path).second) continue;
    for (const std::string& line : file->code) {
      const auto target = by_path.find(std::string(quoted_include(line)));
      if (target != by_path.end()) waiting.push_back(target->second);
    }
  }
  std::set<std::string> tests;
  for (const SourceFile& file : tree) {
    const bool only_in_tests =
        file.is_header() && included.contains(file.path) && !production.contains(file.path);
    if (is_test(file.path) || only_in_tests) tests.insert(file.path);
  }
  return tests;
}

size_t find_word(std::string_view line, std::string_view word, size_t start) {
  for (size_t at = line.find(word, start); at != std::string_view::npos;
       at = line.find(word, at + 1)) {
    const bool opens = at == 0 || !is_word_char(word.front()) || !is_word_char(line[at - 1]);
    const size_t end = at + word.size();
    const bool closes =
        end == line.size() || !is_word_char(word.back()) || !is_word_char(line[end]);
    if (opens && closes) return at;
  }
  return std::string_view::npos;
}

}  // namespace coterie::tidy
