#include "base/utf8.h"

#include <simdjson.h>
#include <unicode/utf8.h>

#include <algorithm>

namespace hlwq {
namespace {

// Appends `text`, each maximal invalid part as one U+FFFD, up to a character that its end cuts
// short. Returns what is left.
std::string_view AppendComplete(std::string_view text, std::string& out) {
  size_t valid = 0;  // bytes to append at once
  while (valid < text.size()) {
    const Utf8Unit unit = FirstUtf8Unit(text.substr(valid));
    if (unit.kind == Utf8Kind::kIncomplete) break;
    if (unit.kind == Utf8Kind::kValid) {
      valid += unit.size;
      continue;
    }
    out += text.substr(0, valid);
    out += kReplacementCharacter;
    text.remove_prefix(valid + unit.size);
    valid = 0;
  }
  out += text.substr(0, valid);
  return text.substr(valid);
}

}  // namespace

bool IsValidUtf8(std::string_view text) noexcept {
  return simdjson::validate_utf8(text.data(), text.size());
}

bool IsAscii(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char byte) { return U8_IS_SINGLE(byte); });
}

Utf8Unit FirstUtf8Unit(std::string_view text) noexcept {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const auto length = static_cast<int32_t>(std::min<size_t>(text.size(), U8_MAX_LENGTH));
  int32_t size = 0;
  UChar32 code = 0;
  U8_NEXT(bytes, size, length, code);
  const auto unit_size = static_cast<uint8_t>(size);
  if (code >= 0) return {static_cast<char32_t>(code), unit_size, Utf8Kind::kValid};
  int32_t complete = size;
  U8_TRUNCATE_IF_INCOMPLETE(bytes, 0, complete);
  const bool is_cut = size == length && complete == 0;
  return {0, unit_size, is_cut ? Utf8Kind::kIncomplete : Utf8Kind::kInvalid};
}

size_t CountCharacters(std::string_view text) noexcept {
  return static_cast<size_t>(std::ranges::count_if(text, BeginsCharacter));
}

char32_t FirstCharacter(std::string_view text) noexcept { return FirstUtf8Unit(text).code; }

std::string_view LastCharacter(std::string_view text) noexcept {
  size_t begin = text.size() - 1;
  while (begin > 0 && !BeginsCharacter(text[begin])) --begin;
  return text.substr(begin);
}

void AppendCharacter(char32_t code, std::string& out) {
  char bytes[U8_MAX_LENGTH];
  size_t size = 0;
  U8_APPEND_UNSAFE(bytes, size, code);
  out.append(bytes, size);
}

void AppendSanitized(std::string_view text, std::string& out) {
  if (IsValidUtf8(text)) {
    out += text;
  } else if (!AppendComplete(text, out).empty()) {
    out += kReplacementCharacter;
  }
}

void Utf8Assembler::Push(std::string_view bytes, std::string& out) {
  held_ += bytes;
  // Whether the last bytes begin a character shows only with those that follow.
  const size_t left = AppendComplete(held_, out).size();
  held_.erase(0, held_.size() - left);
}

void Utf8Assembler::Finish(std::string& out) {
  if (!held_.empty()) out += kReplacementCharacter;
  held_.clear();
}

}  // namespace hlwq
