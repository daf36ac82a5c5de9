// What neither the compiler nor clang-tidy can say: lengths, names that are forbidden in some rooms
// and what to use instead, words and paths that do not belong into the project, sources that
// nothing builds, and promises that no test keeps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source_tree.h"

namespace coterie::tidy {

inline constexpr size_t file_lines_max = 600;
inline constexpr size_t function_lines_max = 70;

// Files over file_lines_max, functions over function_lines_max. The code is expected to be
// formatted: a function ends where its brace closes.
std::vector<Finding> check_lengths(const std::vector<SourceFile>& tree);

// Names that may not stand in certain rooms, each finding with its replacement.
std::vector<Finding> check_names(const std::vector<SourceFile>& tree);

// Headers open with their idea and have #pragma once.
std::vector<Finding> check_headers(const std::vector<SourceFile>& tree);

// In all text: marks of unfinished work, and paths of somebody's machine. In tests: sleeping, and
// fixed ports.
std::vector<Finding> check_hygiene(const std::vector<SourceFile>& tree);

// Sources that no target compiles. `compile_commands` is the text that CMake writes; sources of
// fuzzers (*_fuzz.cc) are built by another preset and left out.
std::vector<Finding> check_built(const std::vector<SourceFile>& tree,
                                 std::string_view compile_commands);

// Promises on the page of promises that name no test, or one that does not exist.
inline constexpr std::string_view promises_page = "docs/explanation/promises.md";
std::vector<Finding> check_promises(const std::vector<SourceFile>& tree);

}  // namespace coterie::tidy
