#include "report/markup.h"

#include <gtest/gtest.h>

namespace hlwq::report {
namespace {

TEST(Markup, ClosesAndEscapes) {
  Markup markup;
  markup.Open("a", {{"x", 1.5}, {"t", "<\"&'>"}}).Text("1 < 2").Empty("b").Close();
  EXPECT_EQ(std::move(markup).Finish(),
            "<a x=\"1.5\" t=\"&lt;&quot;&amp;&#39;&gt;\">1 &lt; 2<b/>\n</a>\n");
}

TEST(Markup, WhatIsNotUtf8OrNotXmlBecomesTheReplacementCharacter) {
  const std::string replaced = "\xEF\xBF\xBD";
  EXPECT_EQ(EscapeMarkup("gr\xC3\xBC\xC3\x9F \xE2\x86\x92 \xF0\x9F\x99\x82\t\n"),
            "gr\xC3\xBC\xC3\x9F \xE2\x86\x92 \xF0\x9F\x99\x82\t\n");
  EXPECT_EQ(EscapeMarkup("\x01"), replaced);
  EXPECT_EQ(EscapeMarkup(std::string_view("\0", 1)), replaced);
  EXPECT_EQ(EscapeMarkup("\x80"), replaced);
  EXPECT_EQ(EscapeMarkup("\xC3"), replaced);  // cut short
  EXPECT_EQ(EscapeMarkup("\xE4\xBDz"), replaced + replaced + "z");
  EXPECT_EQ(EscapeMarkup("\xC0\x80"), replaced + replaced);  // overlong
  EXPECT_EQ(EscapeMarkup("\xE0\x80\x80"), replaced + replaced + replaced);
  EXPECT_EQ(EscapeMarkup("\xED\xA0\x80"), replaced + replaced + replaced);  // surrogate
  EXPECT_EQ(EscapeMarkup("\xEF\xBF\xBF"), replaced + replaced + replaced);  // U+FFFF
  EXPECT_EQ(EscapeMarkup("\xF4\x90\x80\x80").size(), 12u);                  // above U+10FFFF
}

TEST(Markup, CoordinatesAreShort) {
  EXPECT_EQ(FormatCoordinate(12), "12");
  EXPECT_EQ(FormatCoordinate(0.5), "0.5");
  EXPECT_EQ(FormatCoordinate(-0.001), "0");
  EXPECT_EQ(FormatCoordinate(100), "100");
  EXPECT_EQ(FormatCoordinate(1.239), "1.24");
}

}  // namespace
}  // namespace hlwq::report
