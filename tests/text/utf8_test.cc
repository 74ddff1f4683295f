#include "text/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace hlwq::text {
namespace {

std::string Sanitized(std::string_view bytes) {
  std::string text;
  AppendSanitized(bytes, text);
  return text;
}

TEST(Utf8, EveryCharacterIsWrittenAndReadBack) {
  for (char32_t code = 0; code <= 0x10FFFF; ++code) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    std::string text;
    AppendCharacter(code, text);
    const Utf8Unit unit = FirstUtf8Unit(text);
    ASSERT_EQ(unit.kind, Utf8Kind::kValid) << static_cast<uint32_t>(code);
    ASSERT_EQ(unit.code, code);
    ASSERT_EQ(unit.size, text.size());
    ASSERT_EQ(CharacterSize(text[0]), text.size());
    ASSERT_EQ(LastCharacter("\u00E9" + text), text);
  }
}

TEST(Utf8, EachMaximalInvalidPartIsOneReplacement) {
  EXPECT_EQ(Sanitized("a\x80z"), "a\uFFFDz");                            // a continuation alone
  EXPECT_EQ(Sanitized("\xC0\xAF"), "\uFFFD\uFFFD");                      // overlong
  EXPECT_EQ(Sanitized("\xE0\x80\xAF"), "\uFFFD\uFFFD\uFFFD");            // overlong
  EXPECT_EQ(Sanitized("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");            // a surrogate
  EXPECT_EQ(Sanitized("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");  // beyond U+10FFFF
  EXPECT_EQ(Sanitized("\xF0\x9F\x98z"), "\uFFFDz");                      // three good bytes of four
  EXPECT_EQ(Sanitized("\xF0\x9F\xF0\x9F\x98\x80"), "\uFFFD\U0001F600");
  EXPECT_EQ(Sanitized("\xE4\xBD"), "\uFFFD");
}

TEST(Utf8, AssembledInPiecesIsSanitizedAtOnce) {
  std::mt19937_64 random(1);
  // Bytes near the borders of what is valid.
  constexpr std::string_view kBytes =
      "az\x7F\x80\x8F\x90\x9F\xA0\xBF\xC1\xC3\xE0\xE2\xED\xF0\xF3\xF4\xF5\xFF";
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes;
    for (uint64_t left = random() % 12; left > 0; --left) {
      bytes.push_back(kBytes[random() % kBytes.size()]);
    }
    Utf8Assembler assembler;
    std::string joined;
    for (size_t at = 0; at < bytes.size();) {
      const size_t size = 1 + random() % 3;
      std::string part;
      assembler.Push(std::string_view(bytes).substr(at, size), part);
      ASSERT_EQ(ValidUtf8Prefix(part), part.size());
      joined += part;
      at += size;
    }
    assembler.Finish(joined);
    ASSERT_EQ(joined, Sanitized(bytes));
  }
}

}  // namespace
}  // namespace hlwq::text
