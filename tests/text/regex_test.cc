// Oniguruma's meaning by PCRE2. That whole splits agree is in tokenizer_golden_test.cc.
#include "text/tokenizer/regex.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "text/tokenizer/pattern.h"
#include "text/tokenizer/regex_syntax.h"

namespace hlwq::text {
namespace {

std::vector<std::string> Matches(std::string_view pattern, std::string_view text) {
  MatchScratch scratch;
  std::vector<std::string> matches;
  Pattern(Regex(pattern)).ForEachMatch(text, scratch, [&](Range range) {
    matches.emplace_back(text.substr(range.begin, range.end - range.begin));
  });
  return matches;
}

using Texts = std::vector<std::string>;

TEST(Regex, SpaceIsUnicodeWhiteSpace) {
  EXPECT_EQ(Matches(R"(\s)", "a\u00A0\u0085\u3000\u180E\u200Bb"),
            (Texts{"\u00A0", "\u0085", "\u3000"}));
  EXPECT_EQ(Matches(R"([\S]+)", "a \u180Eb"), (Texts{"a", "\u180Eb"}));
}

TEST(Regex, DotStopsAtNewlinesOnlyAndMIsForTheDot) {
  EXPECT_EQ(Matches("a.+", "ab\r\nc"), (Texts{"ab\r"}));
  EXPECT_EQ(Matches("(?m:a.+)", "ab\nc"), (Texts{"ab\nc"}));
  EXPECT_EQ(Matches("^.", "ab\ncd"), (Texts{"a", "c"}));
}

TEST(Regex, WhatFollowsAnIntervalRepeatsIt) {
  EXPECT_EQ(Matches("(?:ab|c){1,2}+", "ababcab"), (Texts{"ababcab"}));
  EXPECT_EQ(Matches("a{,2}b", "aaab"), (Texts{"aab"}));
  EXPECT_EQ(Matches("a{2}?", "aaa"), (Texts{"aa", ""}));
  EXPECT_EQ(Matches("a{1,2}?", "aaa"), (Texts{"a", "a", "a"}));
  EXPECT_EQ(Matches("a{x}", "a{x}"), (Texts{"a{x}"}));
}

TEST(Regex, EmptyMatchesBehindAMatchAreNone) {
  EXPECT_EQ(Matches("x*", "\u00E9x"), (Texts{"", "x"}));
  EXPECT_EQ(Matches("(?=t)", "att"), (Texts{"", ""}));
}

TEST(Regex, SetsInClassesKeepTheHyphenBehindThem) {
  EXPECT_EQ(Matches(R"([\s-a]+)", "a - b"), (Texts{"a - "}));
  EXPECT_EQ(Matches(R"([\h-]+)", "xA-9g"), (Texts{"A-9"}));
}

TEST(Regex, AScriptIsWithoutItsExtensions) {
  // U+3001 is Common, and extends Han.
  EXPECT_EQ(Matches(R"(\p{Han}+)", "\u4F60\u3001\u597D"), (Texts{"\u4F60", "\u597D"}));
}

TEST(Regex, BacktrackingWithoutEndIsAnError) {
  MatchScratch scratch;
  const Regex regex("(a+)+[x-z]");
  const std::string text(100, 'a');
  try {
    regex.Find(text, 0, scratch);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidData);
  }
}

TEST(Regex, LongRepetitionsOfGroupsAreMatched) {
  const std::string text(100'000, 'a');
  EXPECT_EQ(Matches("(?:a|b)+", text), (Texts{text}));
}

TEST(RegexSyntax, WhatBothReadAlikeIsLeftAsItIs) {
  for (const char* const pattern :
       {R"((?i:'s|'t)|x{1,3}?|[^\r\n\p{L}\p{N}]?\p{L}+|(?>a)(?!b)(?<=c))", R"(\x{4e00}\t\.\-)"}) {
    EXPECT_EQ(ToPcre2Syntax(pattern), pattern);
  }
}

}  // namespace
}  // namespace hlwq::text
