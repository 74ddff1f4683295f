#include "text/tokenizer/byte_alphabet.h"

#include <unicode/utf8.h>

#include <array>

#include "base/utf8.h"

namespace hlwq::text {
namespace {

constexpr size_t kLastCode = 0x143;

struct Alphabet {
  struct Character {
    std::array<char, 2> utf8{};
    uint8_t size = 0;
  };
  std::array<Character, 256> of_byte{};
  std::array<int16_t, kLastCode + 1> to_byte{};  // -1: no byte's
};

constexpr bool Prints(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
}

constexpr Alphabet MakeAlphabet() {
  Alphabet alphabet;
  alphabet.to_byte.fill(-1);
  unsigned next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const unsigned code = Prints(byte) ? byte : next++;
    alphabet.to_byte[code] = static_cast<int16_t>(byte);
    Alphabet::Character& character = alphabet.of_byte[byte];
    U8_APPEND_UNSAFE(character.utf8, character.size, code);  // AppendCharacter, at compile time
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = MakeAlphabet();
static_assert(kAlphabet.to_byte[kLastCode] == 0xAD);  // the last byte that does not print

}  // namespace

std::string_view ByteCharacter(uint8_t byte) noexcept {
  const Alphabet::Character& character = kAlphabet.of_byte[byte];
  return {character.utf8.data(), character.size};
}

void AppendByteCharacters(std::string_view text, std::string& out) {
  for (const char byte : text) out += ByteCharacter(static_cast<uint8_t>(byte));
}

bool AppendBytesOf(std::string_view token, std::string& out) {
  const size_t before = out.size();
  while (!token.empty()) {
    const Utf8Unit character = FirstUtf8Unit(token);
    token.remove_prefix(character.size);
    const int byte = character.code <= kLastCode ? kAlphabet.to_byte[character.code] : -1;
    if (byte < 0) {
      out.resize(before);
      return false;
    }
    out.push_back(static_cast<char>(byte));
  }
  return true;
}

}  // namespace hlwq::text
