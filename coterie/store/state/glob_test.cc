// glob.h against hand-picked cases and against a direct, exponential definition of a match.
#include "coterie/store/state/glob.h"

#include <string>

#include <gtest/gtest.h>

#include "coterie/base/random.h"

namespace coterie::state {
namespace {

TEST(Glob, TakesWildcardsClassesAndEscapes) {
  EXPECT_TRUE(glob_matches("*", "anything"));
  EXPECT_TRUE(glob_matches("h?llo", "hello"));
  EXPECT_FALSE(glob_matches("h?llo", "hllo"));
  EXPECT_TRUE(glob_matches("h[ae]llo", "hallo"));
  EXPECT_FALSE(glob_matches("h[ae]llo", "hillo"));
  EXPECT_TRUE(glob_matches("h[^e]llo", "hallo"));
  EXPECT_FALSE(glob_matches("h[^e]llo", "hello"));
  EXPECT_TRUE(glob_matches("h[a-c]llo", "hbllo"));
  EXPECT_TRUE(glob_matches("h[c-a]llo", "hbllo"));
  EXPECT_TRUE(glob_matches("h\\*llo", "h*llo"));
  EXPECT_FALSE(glob_matches("h\\*llo", "hello"));
  EXPECT_TRUE(glob_matches("a[\\]]b", "a]b"));
  EXPECT_TRUE(glob_matches("a\\", "a\\"));
  EXPECT_TRUE(glob_matches("*a*b*", "xxaxxbxx"));
  EXPECT_FALSE(glob_matches("*a*b", "xxaxxbxx"));
  EXPECT_FALSE(glob_matches("Hello", "hello"));
}

TEST(Glob, MalformedClassesMeanWhatTheyMeanToRedis) {
  EXPECT_TRUE(glob_matches("[a", "a"));
  EXPECT_FALSE(glob_matches("[", "a"));
  EXPECT_TRUE(glob_matches("[^", "a"));
  EXPECT_FALSE(glob_matches("[]", "a"));
  EXPECT_TRUE(glob_matches("[a-", "-"));
}

TEST(Glob, EmptyTextMatchesTheEmptyPatternAndTheStar) {
  EXPECT_TRUE(glob_matches("", ""));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_FALSE(glob_matches("**", ""));
  EXPECT_FALSE(glob_matches("?", ""));
  EXPECT_FALSE(glob_matches("", "a"));
}

// The definition, for patterns of * ? and letters.
bool matches_by_definition(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    for (size_t skip = 0; skip <= text.size(); ++skip) {
      if (matches_by_definition(pattern.substr(1), text.substr(skip))) return true;
    }
    return false;
  }
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
         matches_by_definition(pattern.substr(1), text.substr(1));
}

TEST(Glob, AgreesWithTheDefinition) {
  Random random(7);
  int matched = 0;
  for (int run = 0; run < 20'000; ++run) {
    std::string pattern, text;
    for (uint64_t n = random.below(7); n > 0; --n) pattern += "ab*?"[random.below(4)];
    for (uint64_t n = 1 + random.below(8); n > 0; --n) text += "ab"[random.below(2)];
    matched += matches_by_definition(pattern, text);
    ASSERT_EQ(glob_matches(pattern, text), matches_by_definition(pattern, text))
        << pattern << " " << text;
  }
  EXPECT_GT(matched, 1000);
}

TEST(Glob, ManyStarsCostLittle) {
  const std::string text(20'000, 'a');
  std::string pattern;
  for (int i = 0; i < 30; ++i) pattern += "a*";
  EXPECT_FALSE(glob_matches(pattern + "b", text));
}

}  // namespace
}  // namespace coterie::state
