// UTF-8 by the rules of the Unicode standard: what is valid, where an invalid part ends, and a
// stream that never breaks a character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hlwq::text {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

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

// The size of the character that a valid text begins with.
inline size_t CharacterSize(char lead) noexcept {
  const auto byte = static_cast<uint8_t>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// The first character of a valid, non-empty text.
char32_t FirstCharacter(std::string_view text) noexcept;

// The last character of a valid, non-empty text, as a part of it.
std::string_view LastCharacter(std::string_view text) noexcept;

// Appends the UTF-8 of a code point other than a surrogate.
void AppendCharacter(char32_t code, std::string& out);

// The length of the longest valid beginning of `text`. Cost: linear, 8 bytes a step in ASCII.
size_t ValidUtf8Prefix(std::string_view text) noexcept;

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

}  // namespace hlwq::text
