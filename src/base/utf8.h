// UTF-8 by the rules of the Unicode standard: what is valid, where an invalid part ends, and a
// stream that never breaks a character. Nothing else in hlwq looks at the bits of these bytes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hlwq {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

// False of overlong forms, surrogates, what is beyond U+10FFFF, and a character cut short. Cost:
// linear, by vectors.
bool IsValidUtf8(std::string_view text) noexcept;

bool IsAscii(std::string_view text) noexcept;

enum class Utf8Kind : uint8_t {
  kValid,
  kInvalid,     // bytes that no character begins with
  kIncomplete,  // the text ends inside a character
};

// One character, or the maximal part that is none (Unicode 3.9, "substitution of maximal
// subparts").
struct Utf8Unit {
  char32_t code = 0;  // of a valid one
  uint8_t size = 0;   // bytes, 1 to 4
  Utf8Kind kind = Utf8Kind::kInvalid;
};

// REQUIRES: !text.empty().
Utf8Unit FirstUtf8Unit(std::string_view text) noexcept;

// The size of the character that a valid text begins with: a lead byte counts it in ones.
constexpr size_t CharacterSize(char lead) noexcept {
  const int ones = std::countl_one(static_cast<uint8_t>(lead));
  return ones == 0 ? 1 : static_cast<size_t>(ones);
}

// True for all but the bytes after the first of a character.
constexpr bool BeginsCharacter(char byte) noexcept {
  return std::countl_one(static_cast<uint8_t>(byte)) != 1;
}

// Characters of a valid text; of any text, the bytes that begin one.
size_t CountCharacters(std::string_view text) noexcept;

// The first character of a valid, non-empty text.
char32_t FirstCharacter(std::string_view text) noexcept;

// The last character of a valid, non-empty text, as a part of it.
std::string_view LastCharacter(std::string_view text) noexcept;

// Appends the UTF-8 of a code point other than a surrogate.
void AppendCharacter(char32_t code, std::string& out);

// Appends `text` with each maximal invalid part as one U+FFFD.
void AppendSanitized(std::string_view text, std::string& out);

// Joins bytes to text: what Push and Finish append, joined, is AppendSanitized of all bytes.
class Utf8Assembler {
 public:
  // Appends what is certain to `out`, whole characters only; holds at most 3 bytes back.
  void Push(std::string_view bytes, std::string& out);
  // Appends what was held back, as U+FFFD. The assembler is then as new.
  void Finish(std::string& out);

 private:
  std::string held_;
};

}  // namespace hlwq
