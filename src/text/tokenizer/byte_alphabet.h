// GPT-2's alphabet: one printable character for each byte, so that byte-level vocabularies are
// text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hlwq::text {

// The character of a byte, as UTF-8: the byte itself as a code point where that prints, else one of
// U+0100..U+0143.
std::string_view ByteCharacter(uint8_t byte) noexcept;

// Appends the characters of all bytes of `text`.
void AppendByteCharacters(std::string_view text, std::string& out);

// Appends the bytes whose characters `token` is made of; appends nothing and returns false when
// another character is among them.
bool AppendBytesOf(std::string_view token, std::string& out);

}  // namespace hlwq::text
