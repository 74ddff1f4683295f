#include "base/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace hlwq {
namespace {

using enum Utf8Kind;

std::string Sanitized(std::string_view bytes) {
  std::string text;
  AppendSanitized(bytes, text);
  return text;
}

// Bytes near the borders of what is valid.
constexpr std::string_view kBorderBytes =
    "az\x7F\x80\x8F\x90\x9F\xA0\xBF\xC1\xC3\xE0\xE2\xED\xF0\xF3\xF4\xF5\xFF";

std::string RandomBytes(std::mt19937_64& random) {
  std::string bytes;
  for (uint64_t left = random() % 12; left > 0; --left) {
    bytes.push_back(kBorderBytes[random() % kBorderBytes.size()]);
  }
  return bytes;
}

TEST(Utf8, EveryCharacterIsWrittenAndReadBack) {
  for (char32_t code = 0; code <= 0x10FFFF; ++code) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    std::string text;
    AppendCharacter(code, text);
    const Utf8Unit unit = FirstUtf8Unit(text);
    ASSERT_EQ(unit.kind, kValid) << static_cast<uint32_t>(code);
    ASSERT_EQ(unit.code, code);
    ASSERT_EQ(unit.size, text.size());
    ASSERT_TRUE(IsValidUtf8(text));
    ASSERT_EQ(IsAscii(text), code < 0x80);
    ASSERT_EQ(CharacterSize(text[0]), text.size());
    ASSERT_EQ(CountCharacters(text), 1u);
    ASSERT_EQ(LastCharacter("\u00E9" + text), text);
  }
}

TEST(Utf8, TheFirstUnitIsAsTheTableSays) {
  struct Case {
    std::string_view bytes;
    Utf8Kind kind;
    uint8_t size;
    char32_t code = 0;
  };
  for (const auto& [bytes, kind, size, code] : std::initializer_list<Case>{
           {{"\0", 1}, kValid, 1, 0},
           {"\x7F", kValid, 1, 0x7F},
           {"\xC2\x80", kValid, 2, 0x80},
           {"\xDF\xBF", kValid, 2, 0x7FF},
           {"\xE0\xA0\x80", kValid, 3, 0x800},
           {"\xED\x9F\xBF", kValid, 3, 0xD7FF},
           {"\xEE\x80\x80", kValid, 3, 0xE000},
           {"\xEF\xBF\xBF", kValid, 3, 0xFFFF},
           {"\xF0\x90\x80\x80", kValid, 4, 0x10000},
           {"\xF4\x8F\xBF\xBF", kValid, 4, 0x10FFFF},
           // A byte that begins nothing.
           {"\x80", kInvalid, 1},
           {"\xBF\xBF", kInvalid, 1},
           {"\xFE", kInvalid, 1},
           {"\xFF", kInvalid, 1},
           // Overlong.
           {"\xC0\x80", kInvalid, 1},
           {"\xC1\xBF", kInvalid, 1},
           {"\xE0\x80\xAF", kInvalid, 1},
           {"\xE0\x9F\xBF", kInvalid, 1},
           {"\xF0\x80\x80\xAF", kInvalid, 1},
           {"\xF0\x8F\xBF\xBF", kInvalid, 1},
           // Surrogates, alone and as a pair.
           {"\xED\xA0\x80", kInvalid, 1},
           {"\xED\xBF\xBF", kInvalid, 1},
           {"\xED\xA0\xBD\xED\xB8\x80", kInvalid, 1},
           // Beyond U+10FFFF.
           {"\xF4\x90\x80\x80", kInvalid, 1},
           {"\xF5\x80\x80\x80", kInvalid, 1},
           {"\xF8\x88\x80\x80\x80", kInvalid, 1},
           // Cut short by another character.
           {"\xC2z", kInvalid, 1},
           {"\xE1\x80z", kInvalid, 2},
           {"\xE1\x80\xE1\x80\x80", kInvalid, 2},
           {"\xF1\x80z", kInvalid, 2},
           {"\xF1\x80\x80z", kInvalid, 3},
           // Cut short by the end.
           {"\xC2", kIncomplete, 1},
           {"\xE0", kIncomplete, 1},
           {"\xE0\xA0", kIncomplete, 2},
           {"\xED\x9F", kIncomplete, 2},
           {"\xF0", kIncomplete, 1},
           {"\xF0\x90", kIncomplete, 2},
           {"\xF4\x8F\xBF", kIncomplete, 3},
           // Cut short where no third byte could help.
           {"\xE0\x80", kInvalid, 1},
           {"\xED\xA0", kInvalid, 1},
           {"\xF4\x90", kInvalid, 1},
       }) {
    const Utf8Unit unit = FirstUtf8Unit(bytes);
    EXPECT_EQ(unit.kind, kind) << testing::PrintToString(bytes);
    EXPECT_EQ(unit.size, size) << testing::PrintToString(bytes);
    EXPECT_EQ(unit.code, code) << testing::PrintToString(bytes);
    EXPECT_EQ(IsValidUtf8(bytes), kind == kValid) << testing::PrintToString(bytes);
  }
  EXPECT_TRUE(IsValidUtf8(""));
}

// The two are the work of two libraries.
TEST(Utf8, ATextIsValidWhenEachOfItsUnitsIs) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 20'000; ++round) {
    const std::string bytes = RandomBytes(random);
    bool is_valid = true;
    for (std::string_view rest = bytes; !rest.empty();) {
      const Utf8Unit unit = FirstUtf8Unit(rest);
      is_valid = is_valid && unit.kind == kValid;
      rest.remove_prefix(unit.size);
    }
    ASSERT_EQ(IsValidUtf8(bytes), is_valid) << testing::PrintToString(bytes);
    ASSERT_EQ(Sanitized(bytes) == bytes, is_valid);
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
  for (int round = 0; round < 20'000; ++round) {
    const std::string bytes = RandomBytes(random);
    Utf8Assembler assembler;
    std::string joined;
    for (size_t at = 0; at < bytes.size();) {
      const size_t size = 1 + random() % 3;
      std::string part;
      assembler.Push(std::string_view(bytes).substr(at, size), part);
      ASSERT_TRUE(IsValidUtf8(part));
      joined += part;
      at += size;
    }
    assembler.Finish(joined);
    ASSERT_EQ(joined, Sanitized(bytes));
  }
}

TEST(Utf8, CountsTheBytesThatBeginACharacter) {
  EXPECT_EQ(CountCharacters(""), 0u);
  EXPECT_EQ(CountCharacters("a\u00E9\u20AC\U0001F600"), 4u);
  EXPECT_EQ(CountCharacters("\x80\xFFz"), 2u);
}

}  // namespace
}  // namespace hlwq
