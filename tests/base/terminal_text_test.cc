#include "base/terminal_text.h"

#include <gtest/gtest.h>

namespace hlwq {
namespace {

TEST(Printable, ShowsControlCharactersAndKeepsUtf8) {
  EXPECT_EQ(Printable("a\x1b[31mb\n\x7f"), "a\\x1b[31mb\\x0a\\x7f");
  EXPECT_EQ(Printable("Größe"), "Größe");
  EXPECT_EQ(Printable("\x9b\xc2\xe2\x82\x01\xc2"), "\x9b\xc2\xe2\x82\\x01\xc2");  // not UTF-8: kept
  EXPECT_EQ(Printable("a\u009b2J\u00a0"), "a\\x9b2J\u00a0");  // U+009B is ESC [ in one character
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

}  // namespace
}  // namespace hlwq
