#include "text/tokenizer/unicode.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>

#include <limits>

#include "base/error.h"
#include "base/utf8.h"

namespace hlwq::text {
namespace {

bool HasCategory(char32_t code, uint32_t mask) noexcept {
  return (U_GET_GC_MASK(static_cast<UChar32>(code)) & mask) != 0;
}

bool HasProperty(char32_t code, UProperty property) noexcept {
  return u_hasBinaryProperty(static_cast<UChar32>(code), property) != 0;
}

void CheckIcu(UErrorCode status) {
  if (U_FAILURE(status)) {
    throw Error(ErrorCode::kUnsupported,
                std::string("ICU cannot normalize: ") + u_errorName(status));
  }
}

const icu::Normalizer2& NormalizerOf(NormalForm form) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = nullptr;
  switch (form) {
    case NormalForm::kNfc:
      normalizer = icu::Normalizer2::getNFCInstance(status);
      break;
    case NormalForm::kNfd:
      normalizer = icu::Normalizer2::getNFDInstance(status);
      break;
    case NormalForm::kNfkc:
      normalizer = icu::Normalizer2::getNFKCInstance(status);
      break;
    case NormalForm::kNfkd:
      normalizer = icu::Normalizer2::getNFKDInstance(status);
      break;
  }
  CheckIcu(status);
  return *normalizer;
}

}  // namespace

bool IsWhiteSpace(char32_t code) noexcept {
  if (code < 0x80) return code == ' ' || (code >= '\t' && code <= '\r');
  return HasProperty(code, UCHAR_WHITE_SPACE);
}

bool IsNumeric(char32_t code) noexcept {
  if (code < 0x80) return code >= '0' && code <= '9';
  return HasCategory(code, U_GC_N_MASK);
}

bool IsPunctuation(char32_t code) noexcept {
  if (code < 0x80) {
    return (code >= '!' && code <= '/') || (code >= ':' && code <= '@') ||
           (code >= '[' && code <= '`') || (code >= '{' && code <= '~');
  }
  return HasCategory(code, U_GC_P_MASK);
}

bool IsMark(char32_t code) noexcept { return HasCategory(code, U_GC_M_MASK); }

bool IsWordCharacter(char32_t code) noexcept {
  return HasCategory(code, U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK) ||
         HasProperty(code, UCHAR_ALPHABETIC) || HasProperty(code, UCHAR_JOIN_CONTROL);
}

void AppendLowercase(char32_t code, std::string& out) {
  constexpr char32_t kCapitalIWithDot = 0x130;
  // The one character whose lower case is two.
  if (code == kCapitalIWithDot) {
    out += "i\xCC\x87";
  } else {
    AppendCharacter(static_cast<char32_t>(u_tolower(static_cast<UChar32>(code))), out);
  }
}

std::string_view ToNormalForm(NormalForm form, std::string_view text, std::string& buffer) {
  if (IsAscii(text)) return text;
  if (text.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    throw Error(ErrorCode::kInvalidArgument, "a text of more than 2 GiB cannot be normalized");
  }
  const icu::Normalizer2& normalizer = NormalizerOf(form);
  const icu::StringPiece piece(text.data(), static_cast<int32_t>(text.size()));
  UErrorCode status = U_ZERO_ERROR;
  const bool is_normal = normalizer.isNormalizedUTF8(piece, status) != 0;
  CheckIcu(status);
  if (is_normal) return text;
  buffer.clear();
  icu::StringByteSink<std::string> sink(&buffer);
  normalizer.normalizeUTF8(0, piece, sink, nullptr, status);
  CheckIcu(status);
  return buffer;
}

}  // namespace hlwq::text
