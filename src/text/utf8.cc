#include "text/utf8.h"

#include <cstring>

namespace hlwq::text {
namespace {

bool IsContinuation(uint8_t byte) noexcept { return (byte & 0xC0) == 0x80; }

}  // namespace

Utf8Unit FirstUtf8Unit(std::string_view text) noexcept {
  const auto at = [&](size_t index) { return static_cast<uint8_t>(text[index]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) return {lead, 1, Utf8Kind::kValid};
  if (lead < 0xC2 || lead > 0xF4) return {0, 1, Utf8Kind::kInvalid};
  const uint8_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte is what excludes overlong forms, surrogates and what is beyond U+10FFFF.
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  char32_t code = lead & (0x7Fu >> size);
  for (uint8_t index = 1; index < size; ++index) {
    if (index >= text.size()) return {0, index, Utf8Kind::kIncomplete};
    const uint8_t byte = at(index);
    const bool fits = index == 1 ? byte >= low && byte <= high : IsContinuation(byte);
    if (!fits) return {0, index, Utf8Kind::kInvalid};
    code = (code << 6) | (byte & 0x3Fu);
  }
  return {code, size, Utf8Kind::kValid};
}

char32_t FirstCharacter(std::string_view text) noexcept { return FirstUtf8Unit(text).code; }

std::string_view LastCharacter(std::string_view text) noexcept {
  size_t begin = text.size() - 1;
  while (begin > 0 && IsContinuation(static_cast<uint8_t>(text[begin]))) --begin;
  return text.substr(begin);
}

void AppendCharacter(char32_t code, std::string& out) {
  const auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

size_t ValidUtf8Prefix(std::string_view text) noexcept {
  size_t at = 0;
  while (at < text.size()) {
    uint64_t word;
    while (at + sizeof word <= text.size()) {
      std::memcpy(&word, text.data() + at, sizeof word);
      if ((word & 0x8080808080808080) != 0) break;
      at += sizeof word;
    }
    if (at == text.size()) break;
    const Utf8Unit unit = FirstUtf8Unit(text.substr(at));
    if (unit.kind != Utf8Kind::kValid) break;
    at += unit.size;
  }
  return at;
}

void AppendSanitized(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const size_t valid = ValidUtf8Prefix(text);
    out += text.substr(0, valid);
    text.remove_prefix(valid);
    if (text.empty()) return;
    out += kReplacementCharacter;
    text.remove_prefix(FirstUtf8Unit(text).size);
  }
}

void Utf8Assembler::Push(std::string_view bytes, std::string& out) {
  held_ += bytes;
  // Whether the last bytes begin a character shows only with those that follow.
  std::string_view rest = held_;
  while (!rest.empty()) {
    const size_t valid = ValidUtf8Prefix(rest);
    out += rest.substr(0, valid);
    rest.remove_prefix(valid);
    if (rest.empty()) break;
    const Utf8Unit unit = FirstUtf8Unit(rest);
    if (unit.kind == Utf8Kind::kIncomplete) break;
    out += kReplacementCharacter;
    rest.remove_prefix(unit.size);
  }
  held_.erase(0, held_.size() - rest.size());
}

void Utf8Assembler::Finish(std::string& out) {
  if (!held_.empty()) out += kReplacementCharacter;
  held_.clear();
}

}  // namespace hlwq::text
