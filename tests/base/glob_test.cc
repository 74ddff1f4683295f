#include "base/glob.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace hlwq {
namespace {

TEST(Glob, StarIsAnyRunAndMarkIsOne) {
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches("**", "a.b"));
  EXPECT_TRUE(GlobMatches("*.q_proj.*", "model.layers.0.self_attn.q_proj.weight"));
  EXPECT_TRUE(GlobMatches("layers.?.w", "layers.7.w"));
  EXPECT_TRUE(GlobMatches("*a*b", "aab-ab"));
  EXPECT_FALSE(GlobMatches("layers.?.w", "layers.17.w"));
  EXPECT_FALSE(GlobMatches("q_proj", "k.q_proj"));
  EXPECT_FALSE(GlobMatches("a?", "a"));
  EXPECT_FALSE(GlobMatches("*ab", "aba"));
}

TEST(Glob, SetsAndTheirNegation) {
  EXPECT_TRUE(GlobMatches("layers.[0-3].w", "layers.2.w"));
  EXPECT_FALSE(GlobMatches("layers.[0-3].w", "layers.4.w"));
  EXPECT_TRUE(GlobMatches("[!kv]_proj", "q_proj"));
  EXPECT_FALSE(GlobMatches("[!kv]_proj", "k_proj"));
  EXPECT_TRUE(GlobMatches("[]]", "]"));
}

TEST(Glob, ManyStarsTakeNoExponentialTime) {
  const std::string text(5000, 'a');
  EXPECT_FALSE(GlobMatches("*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

TEST(Glob, MalformedPatternsAreRefused) {
  for (const char* pattern : {"", "a[b", "[z-a]"}) EXPECT_THROW(CheckGlob(pattern), Error);
  EXPECT_NO_THROW(CheckGlob("*.[a-z]?"));
}

}  // namespace
}  // namespace hlwq
