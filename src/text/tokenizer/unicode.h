// Properties and forms of characters, by ICU's Unicode tables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hlwq::text {

bool IsWhiteSpace(char32_t code) noexcept;   // White_Space
bool IsNumeric(char32_t code) noexcept;      // N: Nd, Nl, No
bool IsPunctuation(char32_t code) noexcept;  // P, or any ASCII character of that kind ("$", "`")
bool IsMark(char32_t code) noexcept;         // M
// Alphabetic, M, Nd, Pc or Join_Control: the \w of Unicode's UTS #18.
bool IsWordCharacter(char32_t code) noexcept;

// Appends the lower case of one character, without regard to its neighbours.
void AppendLowercase(char32_t code, std::string& out);

enum class NormalForm : uint8_t { kNfc, kNfd, kNfkc, kNfkd };

// `text`, which is valid UTF-8, in a normal form: `text` itself where it is in that form, else the
// content put into `buffer`.
std::string_view ToNormalForm(NormalForm form, std::string_view text, std::string& buffer);

}  // namespace hlwq::text
