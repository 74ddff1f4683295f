#include "cli/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hlwq::cli {
namespace {

using ::testing::ElementsAre;

TEST(Printable, ShowsControlCharactersAndKeepsUtf8) {
  EXPECT_EQ(Printable("a\x1b[31mb\n\x7f"), "a\\x1b[31mb\\x0a\\x7f");
  EXPECT_EQ(Printable("Größe"), "Größe");
}

TEST(DisplayWidth, CountsCodePoints) {
  EXPECT_EQ(DisplayWidth(""), 0u);
  EXPECT_EQ(DisplayWidth("Größe…"), 6u);
}

TEST(Shorten, NeverExceedsTheWidthAndNeverCutsACharacter) {
  EXPECT_EQ(Shorten("abc", 3), "abc");
  EXPECT_EQ(Shorten("abcd", 3), "ab…");
  EXPECT_EQ(Shorten("ööö", 2), "ö…");
  EXPECT_EQ(Shorten("abc", 1), "…");
  EXPECT_EQ(Shorten("abc", 0), "");
}

TEST(Wrap, BreaksAtSpacesAndKeepsParagraphs) {
  EXPECT_THAT(Wrap("aa bb cc", 5), ElementsAre("aa bb", "cc"));
  EXPECT_THAT(Wrap("aa\n\nbb", 5), ElementsAre("aa", "", "bb"));
  EXPECT_THAT(Wrap("overlong a", 4), ElementsAre("overlong", "a"));
  EXPECT_THAT(Wrap("  kept as it is", 4), ElementsAre("  kept as it is"));
  EXPECT_THAT(Wrap("", 4), ElementsAre(""));
}

}  // namespace
}  // namespace hlwq::cli
