#include "text/jinja/unicode.h"

#include <unicode/ucasemap.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>

#include "base/utf8.h"
#include "text/jinja/heap.h"

namespace hlwq::text::jinja {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

UChar32 Icu(char32_t code_point) { return static_cast<UChar32>(code_point); }

using CaseFunction = int32_t (*)(const UCaseMap*, char*, int32_t, const char*, int32_t,
                                 UErrorCode*);

std::string MapCase(std::string_view text, CaseFunction map) {
  struct Close {
    void operator()(UCaseMap* open) const { ucasemap_close(open); }
  };
  // A mapping can make text three times as long.
  if (text.size() > std::numeric_limits<int32_t>::max() / 4) Fail("a string too long to map");
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UCaseMap, Close> open(ucasemap_open("", 0, &status));
  if (U_FAILURE(status)) Fail("ICU has no case mappings");
  std::string mapped(text.size() + text.size() / 2 + 8, '\0');
  for (int attempt = 0; attempt < 2; ++attempt) {
    status = U_ZERO_ERROR;
    const int32_t size = map(open.get(), mapped.data(), static_cast<int32_t>(mapped.size()),
                             text.data(), static_cast<int32_t>(text.size()), &status);
    mapped.resize(static_cast<size_t>(std::max(size, 0)));
    if (status != U_BUFFER_OVERFLOW_ERROR) break;
  }
  if (U_FAILURE(status)) Fail("a string whose case cannot be mapped");
  return mapped;
}

}  // namespace

size_t CodePointBytes(std::string_view text, size_t at) noexcept {
  const Utf8Unit unit = FirstUtf8Unit(text.substr(at));
  return unit.kind == Utf8Kind::kValid ? unit.size : 1;
}

char32_t CodePointAt(std::string_view text, size_t at) noexcept {
  const Utf8Unit unit = FirstUtf8Unit(text.substr(at));
  return unit.kind == Utf8Kind::kValid ? unit.code : kReplacement;
}

size_t PreviousCodePoint(std::string_view text, size_t end) noexcept {
  for (size_t back = 2; back <= 4 && back <= end; ++back) {
    if (CodePointBytes(text.substr(0, end), end - back) == back) return end - back;
  }
  return end - 1;
}

size_t CountCodePoints(std::string_view text) noexcept {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); at += CodePointBytes(text, at)) ++count;
  return count;
}

size_t OffsetOf(std::string_view text, size_t index) noexcept {
  size_t at = 0;
  for (; index > 0 && at < text.size(); --index) at += CodePointBytes(text, at);
  return at;
}

std::vector<std::string_view> SplitCodePoints(std::string_view text) {
  std::vector<std::string_view> parts;
  for (size_t at = 0; at < text.size();) {
    const size_t size = CodePointBytes(text, at);
    parts.push_back(text.substr(at, size));
    at += size;
  }
  return parts;
}

bool IsSpace(char32_t code_point) noexcept {
  if (code_point < 0x80) {
    return code_point == ' ' || (code_point >= 0x09 && code_point <= 0x0D) ||
           (code_point >= 0x1C && code_point <= 0x1F);
  }
  return code_point == 0x85 || u_isUWhiteSpace(Icu(code_point));
}

bool IsAlpha(char32_t code_point) noexcept { return u_isalpha(Icu(code_point)); }

bool IsDigit(char32_t code_point) noexcept {
  const auto type = u_getIntPropertyValue(Icu(code_point), UCHAR_NUMERIC_TYPE);
  return type == U_NT_DECIMAL || type == U_NT_DIGIT;
}

bool IsNumeric(char32_t code_point) noexcept {
  return u_getIntPropertyValue(Icu(code_point), UCHAR_NUMERIC_TYPE) != U_NT_NONE;
}

bool IsUpper(char32_t code_point) noexcept { return u_isUUppercase(Icu(code_point)); }
bool IsLower(char32_t code_point) noexcept { return u_isULowercase(Icu(code_point)); }

bool StartsName(char32_t code_point) noexcept {
  return code_point == '_' || u_hasBinaryProperty(Icu(code_point), UCHAR_XID_START);
}

bool ContinuesName(char32_t code_point) noexcept {
  return u_hasBinaryProperty(Icu(code_point), UCHAR_XID_CONTINUE);
}

bool IsPrintable(char32_t code_point) noexcept {
  if (code_point == ' ') return true;
  switch (u_charType(Icu(code_point))) {
    case U_UNASSIGNED:
    case U_CONTROL_CHAR:
    case U_FORMAT_CHAR:
    case U_PRIVATE_USE_CHAR:
    case U_SURROGATE:
    case U_SPACE_SEPARATOR:
    case U_LINE_SEPARATOR:
    case U_PARAGRAPH_SEPARATOR:
      return false;
    default:
      return true;
  }
}

char32_t ToTitle(char32_t code_point) noexcept {
  return static_cast<char32_t>(u_totitle(Icu(code_point)));
}

std::string ToUpper(std::string_view text) {
  if (!IsAscii(text)) return MapCase(text, ucasemap_utf8ToUpper);
  std::string upper(text);
  for (char& byte : upper) byte = byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 32) : byte;
  return upper;
}

std::string ToLower(std::string_view text) {
  if (!IsAscii(text)) return MapCase(text, ucasemap_utf8ToLower);
  std::string lower(text);
  for (char& byte : lower) byte = byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
  return lower;
}

namespace {

template <typename Drops>
std::string_view StripWhere(std::string_view text, StripSides sides, const Drops& drops) {
  while (sides.left && !text.empty()) {
    const size_t size = CodePointBytes(text, 0);
    if (!drops(text.substr(0, size))) break;
    text.remove_prefix(size);
  }
  while (sides.right && !text.empty()) {
    const size_t start = PreviousCodePoint(text, text.size());
    if (!drops(text.substr(start))) break;
    text = text.substr(0, start);
  }
  return text;
}

}  // namespace

std::string_view Strip(std::string_view text, std::string_view chars, StripSides sides) {
  const std::vector<std::string_view> set = SplitCodePoints(chars);
  return StripWhere(text, sides, [&](std::string_view character) {
    return std::ranges::find(set, character) != set.end();
  });
}

std::string_view StripSpace(std::string_view text, StripSides sides) noexcept {
  return StripWhere(text, sides,
                    [](std::string_view character) { return IsSpace(CodePointAt(character, 0)); });
}

}  // namespace hlwq::text::jinja
