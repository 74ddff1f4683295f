#include "text/jinja/literals.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/utf8.h"
#include "text/jinja/unicode.h"

namespace hlwq::text::jinja {
namespace {

constexpr int64_t kFarExponent = int64_t{1} << 40;  // beyond any number of digits

bool IsDigitOf(char byte, int base) {
  const int value = byte >= '0' && byte <= '9'   ? byte - '0'
                    : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                    : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                                 : 99;
  return value < base;
}

// The end of digits with single underscores between them; `at` when there is none.
size_t SkipDigits(std::string_view text, size_t at, int base) {
  const auto is_digit = [&](size_t index) {
    return index < text.size() && IsDigitOf(text[index], base);
  };
  if (!is_digit(at)) return at;
  while (true) {
    while (is_digit(at)) ++at;
    if (at >= text.size() || text[at] != '_' || !is_digit(at + 1)) return at;
    ++at;
  }
}

// 16, 8 or 2 for 0x, 0o, 0b; 10 otherwise.
int BaseOf(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return 10;
  switch (text[1]) {
    case 'x':
    case 'X':
      return 16;
    case 'o':
    case 'O':
      return 8;
    case 'b':
    case 'B':
      return 2;
    default:
      return 10;
  }
}

std::string WithoutUnderscores(std::string text) {
  std::erase(text, '_');
  return text;
}

}  // namespace

NumberSpan SpanNumber(std::string_view text, bool follows_dot) noexcept {
  const size_t digits = SkipDigits(text, 0, 10);
  if (!follows_dot) {
    size_t end = digits;
    if (end < text.size() && text[end] == '.') {
      const size_t fraction = SkipDigits(text, end + 1, 10);
      if (fraction > end + 1) end = fraction;
    }
    if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
      const bool has_sign = end + 1 < text.size() && (text[end + 1] == '+' || text[end + 1] == '-');
      const size_t start = end + (has_sign ? 2 : 1);
      const size_t exponent = SkipDigits(text, start, 10);
      if (exponent > start) end = exponent;
    }
    if (end > digits) return {.size = end, .is_float = true};
  }
  if (const int base = BaseOf(text); base != 10) {
    const size_t start = text.size() > 2 && text[2] == '_' ? 3 : 2;
    const size_t end = SkipDigits(text, start, base);
    if (end > start) return {.size = end, .is_float = false};
  }
  if (text[0] != '0') return {.size = digits, .is_float = false};
  // Only zeros may follow a zero.
  size_t zeros = 1;
  while (zeros < digits && (text[zeros] == '0' || (text[zeros] == '_' && text[zeros + 1] == '0'))) {
    ++zeros;
  }
  return {.size = zeros, .is_float = false};
}

int64_t IntegerOf(const Token& token) {
  const std::string text = WithoutUnderscores(token.text);
  const int base = BaseOf(text);
  const char* const first = text.data() + (base == 10 ? 0 : 2);
  int64_t integer = 0;
  if (std::from_chars(first, text.data() + text.size(), integer, base).ec != std::errc()) {
    FailAt(ErrorCode::kUnsupported, token.at, "an integer beyond 64 bits is not supported");
  }
  return integer;
}

double FloatOf(const Token& token) {
  return ParseFloat(WithoutUnderscores(token.text)).value_or(0);
}

std::optional<double> ParseFloat(std::string_view text) noexcept {
  if (text.starts_with('-') || text.ends_with(')')) return std::nullopt;  // "nan(...)" is C's
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (stopped != end || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc()) return number;
  // Out of range, and from_chars does not say on which side: the first digit's power of ten does.
  const size_t mark = std::min(text.find_first_of("eE"), text.size());
  const std::string_view digits = text.substr(0, mark);
  const size_t first = std::min(digits.find_first_of("123456789"), digits.size());
  const size_t point = std::min(digits.find('.'), digits.size());
  int64_t exponent = 0;
  if (mark < text.size()) {
    const size_t start = mark + (text.substr(mark + 1).starts_with('+') ? 2 : 1);
    if (std::from_chars(text.data() + start, end, exponent).ec != std::errc()) {
      exponent = text[mark + 1] == '-' ? -kFarExponent : kFarExponent;
    }
  }
  const int64_t power = exponent + static_cast<int64_t>(point) - static_cast<int64_t>(first);
  return power > 0 ? std::numeric_limits<double>::infinity() : 0;
}

namespace {

class Unescaper {
 public:
  Unescaper(std::string_view literal, Position at) : literal_(literal), position_(at) {}

  std::string Run() {
    while (at_ < literal_.size()) {
      const size_t slash = std::min(literal_.find('\\', at_), literal_.size());
      text_ += literal_.substr(at_, slash - at_);
      at_ = slash;
      if (at_ < literal_.size()) PutEscape();
    }
    return std::move(text_);
  }

 private:
  void PutEscape() {
    // A literal cannot end in a backslash: it would have escaped the quote.
    const char escape = literal_[at_ + 1];
    at_ += 2;
    switch (escape) {
      case '\n':
        return;
      case '\\':
      case '\'':
      case '"':
        text_ += escape;
        return;
      case 'a':
        text_ += '\a';
        return;
      case 'b':
        text_ += '\b';
        return;
      case 'f':
        text_ += '\f';
        return;
      case 'n':
        text_ += '\n';
        return;
      case 'r':
        text_ += '\r';
        return;
      case 't':
        text_ += '\t';
        return;
      case 'v':
        text_ += '\v';
        return;
      case 'x':
        PutCodePoint(2);
        return;
      case 'u':
        PutCodePoint(4);
        return;
      case 'U':
        PutCodePoint(8);
        return;
      case 'N':
        FailAt(ErrorCode::kUnsupported, position_, "the escape \\N in a string is not supported");
      default:
        break;
    }
    if (escape >= '0' && escape <= '7') {
      PutOctal(static_cast<char32_t>(escape - '0'));
    } else {
      text_ += '\\';
      text_ += escape;
    }
  }

  void PutOctal(char32_t code_point) {
    for (int more = 0; more < 2 && at_ < literal_.size() && IsDigitOf(literal_[at_], 8); ++more) {
      code_point = code_point * 8 + static_cast<char32_t>(literal_[at_++] - '0');
    }
    AppendCharacter(code_point, text_);
  }

  void PutCodePoint(size_t digits) {
    uint32_t code_point = 0;
    const std::string_view hex = literal_.substr(at_, digits);
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), code_point, 16);
    if (hex.size() < digits || error != std::errc() || end != hex.data() + hex.size() ||
        code_point > 0x10FFFF) {
      FailAt(ErrorCode::kInvalidData, position_, "a broken escape in a string");
    }
    if (code_point >= 0xD800 && code_point <= 0xDFFF) {
      FailAt(ErrorCode::kUnsupported, position_, "a surrogate in a string is not supported");
    }
    at_ += digits;
    AppendCharacter(code_point, text_);
  }

  const std::string_view literal_;
  const Position position_;
  size_t at_ = 0;
  std::string text_;
};

}  // namespace

std::string Unescape(std::string_view literal, Position at) { return Unescaper(literal, at).Run(); }

}  // namespace hlwq::text::jinja
