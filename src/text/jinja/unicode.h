// Strings as Python counts them, in code points, over UTF-8 bytes. A byte that is not part of valid
// UTF-8 counts as one code point and is kept as it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hlwq::text::jinja {

// Bytes of the code point that starts at `at` < text.size(): 1 to 4.
size_t CodePointBytes(std::string_view text, size_t at) noexcept;
// The code point there; U+FFFD for an invalid byte.
char32_t CodePointAt(std::string_view text, size_t at) noexcept;
// Where the last code point of the first `end` > 0 bytes starts.
size_t PreviousCodePoint(std::string_view text, size_t end) noexcept;
size_t CountCodePoints(std::string_view text) noexcept;
// Byte offset of code point `index`; text.size() when there are fewer.
size_t OffsetOf(std::string_view text, size_t index) noexcept;
std::vector<std::string_view> SplitCodePoints(std::string_view text);

// Python's str.isspace.
bool IsSpace(char32_t code_point) noexcept;
bool IsAlpha(char32_t code_point) noexcept;
bool IsDigit(char32_t code_point) noexcept;    // str.isdigit: superscripts too
bool IsNumeric(char32_t code_point) noexcept;  // str.isnumeric: fractions too
bool IsUpper(char32_t code_point) noexcept;
bool IsLower(char32_t code_point) noexcept;
// Can start, or be inside, a name of Python.
bool StartsName(char32_t code_point) noexcept;
bool ContinuesName(char32_t code_point) noexcept;
// What repr() shows as it is.
bool IsPrintable(char32_t code_point) noexcept;
char32_t ToTitle(char32_t code_point) noexcept;

// Full Unicode case mapping, of no language.
std::string ToUpper(std::string_view text);
std::string ToLower(std::string_view text);

struct StripSides {
  bool left = true;
  bool right = true;
};
// Without the characters of `chars` at its ends.
std::string_view Strip(std::string_view text, std::string_view chars, StripSides sides = {});
// Without white space at its ends.
std::string_view StripSpace(std::string_view text, StripSides sides = {}) noexcept;

}  // namespace hlwq::text::jinja
