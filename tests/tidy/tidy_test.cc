// The checks over the project itself. COTERIE_REWRITE=1 in the environment rewrites the generated
// picture of the rooms.
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/tidy/layers.h"
#include "tests/tidy/picture.h"
#include "tests/tidy/rules.h"

namespace coterie::tidy {
namespace {

const std::filesystem::path root = COTERIE_SOURCE_DIR;

const std::vector<SourceFile>& tree() {
  static const std::vector<SourceFile> files = load_tree(root);
  return files;
}

Layers layers() {
  Result<Layers> parsed = parse_layers(read_text(root / "coterie/LAYERS"));
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? *parsed : Layers{};
}

void expect_none(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) ADD_FAILURE() << finding.text();
}

// Compares a generated file with what it should be, or writes it.
void expect_fresh(const std::filesystem::path& path, const std::string& expected) {
  if (std::getenv("COTERIE_REWRITE") != nullptr) std::ofstream(path, std::ios::binary) << expected;
  EXPECT_TRUE(read_text(path) == expected)
      << path << " is older than coterie/LAYERS: run COTERIE_REWRITE=1 ./dev lint";
}

TEST(Tidy, FindsTheProject) { EXPECT_GT(tree().size(), 50u); }
TEST(Tidy, IncludesFollowTheLayers) { expect_none(check_includes(layers(), tree())); }
TEST(Tidy, FilesAndFunctionsAreShort) { expect_none(check_lengths(tree())); }
TEST(Tidy, NoForbiddenNames) { expect_none(check_names(tree())); }
TEST(Tidy, HeadersOpenWithTheirIdea) { expect_none(check_headers(tree())); }
TEST(Tidy, NothingUnfinishedAndNoSleepingTests) { expect_none(check_hygiene(tree())); }

TEST(Tidy, EveryPromiseHasItsTests) {
  EXPECT_FALSE(read_text(root / promises_page).empty());
  expect_none(check_promises(tree()));
}

TEST(Tidy, EverySourceIsBuilt) {
  const std::string commands =
      read_text(std::filesystem::path(COTERIE_BINARY_DIR) / "compile_commands.json");
  ASSERT_FALSE(commands.empty());
  expect_none(check_built(tree(), commands));
}

TEST(Tidy, ThePictureOfTheRoomsIsFresh) {
  expect_fresh(root / "docs/architecture.svg", draw_svg(layers()));
  const std::filesystem::path page = root / "docs/ARCHITECTURE.md";
  ASSERT_NE(read_text(page).find(generated_begin), std::string::npos);
  expect_fresh(page, with_generated_part(read_text(page), draw_text(layers())));
}

}  // namespace
}  // namespace coterie::tidy
