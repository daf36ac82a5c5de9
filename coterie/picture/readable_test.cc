// What text from outside becomes: every byte is told, none does anything.
#include "coterie/picture/readable.h"

#include <gtest/gtest.h>

namespace coterie::picture {
namespace {

TEST(Readable, KeepsTextsAsTheyAre) {
  EXPECT_EQ(readable("set x 7"), "set x 7");
  EXPECT_EQ(readable("gr\xc3\xbc\xc3\x9f dich, \xe4\xbd\xa0\xe5\xa5\xbd"),
            "gr\xc3\xbc\xc3\x9f dich, \xe4\xbd\xa0\xe5\xa5\xbd");
}

TEST(Readable, EscapesWhatCannotBeSeen) {
  EXPECT_EQ(readable(std::string("a\0b\n\t\x1b", 6)), "a\\x00b\\n\\t\\x1b");
  EXPECT_EQ(readable("back\\slash"), "back\\\\slash");
  EXPECT_EQ(readable("\x7f"), "\\x7f");
}

TEST(Readable, EscapesWhatChangesHowItsNeighboursAreRead) {
  EXPECT_EQ(readable("a\xe2\x80\xae"
                     "b"),
            "a\\u{202e}b");                          // right to left from here
  EXPECT_EQ(readable("\xe2\x80\x8b"), "\\u{200b}");  // no width
  EXPECT_EQ(readable("\xe2\x80\xa8"), "\\u{2028}");  // a line's end
  EXPECT_EQ(readable("\xef\xbb\xbf"), "\\u{feff}");
  EXPECT_EQ(readable("\xc2\x85"), "\\u{85}");
}

TEST(Readable, ShowsBytesThatAreNoCharacters) {
  EXPECT_EQ(readable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(readable("\xc0\xaf"), "\\xc0\\xaf");                    // overlong '/'
  EXPECT_EQ(readable("\xe0\x80\x80"), "\\xe0\\x80\\x80");           // overlong
  EXPECT_EQ(readable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // half a pair
  EXPECT_EQ(readable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond the last
  EXPECT_EQ(readable("\xe4\xbd"), "\\xe4\\xbd");                    // cut short
  EXPECT_EQ(readable("\xe4\xbdx"), "\\xe4\\xbdx");
}

TEST(Readable, IsBoundedAndSaysSo) {
  EXPECT_EQ(readable(std::string(300, 'a'), 10), std::string(10, 'a') + "... (+290 bytes)");
  // Not in the middle of a character.
  EXPECT_EQ(readable("ab\xc3\xbc", 3), "ab... (+2 bytes)");
  EXPECT_EQ(readable("abc", 3), "abc");
}

TEST(Readable, AsciiHoldsNothingElse) {
  EXPECT_EQ(readable("\xc3\xbc", 100, Alphabet::ascii), "\\u{fc}");
}

TEST(Readable, HtmlAndJsonHaveNoWayOut) {
  EXPECT_EQ(html_escaped("</script><a b=\"c\" d='e'>&"),
            "&lt;/script&gt;&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
  EXPECT_EQ(json_quoted("</script>\"\\&"), "\"\\u003c/script\\u003e\\\"\\\\\\u0026\"");
}

}  // namespace
}  // namespace coterie::picture
