#include "base/glob.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hlwq {
namespace {

// The definition, without cleverness: exponential, for short patterns of literals, `?` and `*`.
bool MatchesByDefinition(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return MatchesByDefinition(pattern.substr(1), text) ||
           (!text.empty() && MatchesByDefinition(pattern, text.substr(1)));
  }
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
         MatchesByDefinition(pattern.substr(1), text.substr(1));
}

// All strings over `alphabet` of up to `length` characters.
std::vector<std::string> AllStrings(std::string_view alphabet, size_t length) {
  std::vector<std::string> all = {""};
  for (size_t first = 0, round = 0; round < length; ++round) {
    const size_t last = all.size();
    for (; first < last; ++first) {
      for (const char c : alphabet) all.push_back(all[first] + c);
    }
  }
  return all;
}

TEST(Glob, AgreesWithTheDefinitionOnAllShortStrings) {
  const std::vector<std::string> texts = AllStrings("ab", 6);
  for (const std::string& pattern : AllStrings("ab?*", 5)) {
    for (const std::string& text : texts) {
      ASSERT_EQ(GlobMatches(pattern, text), MatchesByDefinition(pattern, text))
          << pattern << " over " << text;
    }
  }
}

TEST(Glob, StarCrossesDots) {
  EXPECT_TRUE(GlobMatches("model.*.q_proj.weight", "model.layers.10.self_attn.q_proj.weight"));
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_FALSE(GlobMatches("layers.?.x", "layers.10.x"));
}

TEST(Glob, SetsHoldCharactersRangesAndTheirNegation) {
  EXPECT_TRUE(GlobMatches("[kq]_proj", "q_proj"));
  EXPECT_FALSE(GlobMatches("[kq]_proj", "v_proj"));
  EXPECT_TRUE(GlobMatches("layers.[0-3].*", "layers.2.x"));
  EXPECT_FALSE(GlobMatches("layers.[0-3].*", "layers.4.x"));
  EXPECT_TRUE(GlobMatches("layers.[!0-3].*", "layers.4.x"));
  EXPECT_FALSE(GlobMatches("[!a]", ""));
  EXPECT_TRUE(GlobMatches("[]]", "]"));
  EXPECT_TRUE(GlobMatches("[a-]", "-"));
  EXPECT_TRUE(GlobMatches("*[0-9]b", "a1a2b"));
}

TEST(Glob, ManyStarsTakeNoExponentialTime) {
  std::string pattern;
  for (int star = 0; star < 200; ++star) pattern += "*a";
  EXPECT_FALSE(GlobMatches(pattern + "b", std::string(5000, 'a')));
}

TEST(Glob, MalformedPatternsAreRefused) {
  for (const char* pattern : {"", "a[", "a[b", "[]", "[!]", "[z-a]", "[ab-a]"}) {
    EXPECT_THROW(CheckGlob(pattern), Error) << pattern;
  }
  for (const char* pattern : {"*", "a]", "[]]", "[a-z]", "[!a-z0-9_-]x", "[-a]"}) {
    EXPECT_NO_THROW(CheckGlob(pattern)) << pattern;
  }
}

}  // namespace
}  // namespace hlwq
