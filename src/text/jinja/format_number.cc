// NumberText, Pad and ReadNumber of format.h.
#include <fmt/format.h>

#include <cmath>

#include "text/jinja/format.h"
#include "text/jinja/heap.h"
#include "text/jinja/to_text.h"
#include "text/jinja/unicode.h"

namespace hlwq::text::jinja {
namespace {

constexpr size_t kMaxWidth = 1'000'000;
constexpr int kMaxPrecision = 1000;  // more digits than any double has

std::string IntegerDigits(uint64_t magnitude, char type) {
  switch (type) {
    case 'x':
      return fmt::format("{:x}", magnitude);
    case 'X':
      return fmt::format("{:X}", magnitude);
    case 'o':
      return fmt::format("{:o}", magnitude);
    case 'b':
      return fmt::format("{:b}", magnitude);
    default:
      return fmt::format("{}", magnitude);
  }
}

std::string FloatDigits(double magnitude, const FieldStyle& style) {
  if (style.precision > kMaxPrecision) Fail("a precision larger than 1000");
  if (std::isinf(magnitude) || std::isnan(magnitude)) {
    std::string name = std::isinf(magnitude) ? "inf" : "nan";
    if (style.type == 'E' || style.type == 'F' || style.type == 'G') name = ToUpper(name);
    return style.type == '%' ? name + "%" : name;
  }
  const int precision = style.precision < 0 ? 6 : style.precision;
  switch (style.type) {
    case 'e':
      return fmt::format("{:.{}e}", magnitude, precision);
    case 'E':
      return fmt::format("{:.{}E}", magnitude, precision);
    case 'f':
    case 'F':
      return fmt::format("{:.{}f}", magnitude, precision);
    case 'g':
      return fmt::format("{:.{}g}", magnitude, precision);
    case 'G':
      return fmt::format("{:.{}G}", magnitude, precision);
    case '%':
      return fmt::format("{:.{}f}%", magnitude * 100, precision);
    default:
      break;
  }
  if (style.precision < 0) return FloatText(magnitude);
  // Like g, but with a digit after the point.
  std::string text = fmt::format("{:.{}g}", magnitude, std::max(style.precision, 1));
  if (text.find_first_of(".e") == text.npos) text += ".0";
  return text;
}

// "1234567.5" -> "1,234,567.5"
std::string GroupThousands(const std::string& digits) {
  size_t whole = digits.find_first_not_of("0123456789");
  if (whole == digits.npos) whole = digits.size();
  std::string grouped;
  for (size_t at = 0; at < digits.size(); ++at) {
    if (at > 0 && at < whole && (whole - at) % 3 == 0) grouped += ',';
    grouped += digits[at];
  }
  return grouped;
}

bool IsFloatType(char type) {
  return std::string_view("eEfFgG%").find(type) != std::string_view::npos;
}

}  // namespace

std::string NumberText(const Value& number, const FieldStyle& style) {
  const bool is_float = number.Is(Kind::kFloat) || IsFloatType(style.type);
  bool is_negative = false;
  std::string digits;
  if (is_float) {
    const bool is_known = style.type == '\0' || IsFloatType(style.type);
    if (!is_known) Fail(fmt::format("unknown format code '{}' for a float", style.type));
    is_negative = std::signbit(number.number()) && !std::isnan(number.number());
    digits = FloatDigits(std::abs(number.number()), style);
  } else {
    const bool is_known =
        style.type == '\0' || std::string_view("dxXobn").find(style.type) != std::string_view::npos;
    if (!is_known) Fail(fmt::format("unknown format code '{}' for an int", style.type));
    if (style.precision >= 0) Fail("precision not allowed in the format of an int");
    is_negative = number.integer() < 0;
    const auto bits = static_cast<uint64_t>(number.integer());
    digits = IntegerDigits(is_negative ? ~bits + 1 : bits, style.type);
  }
  if (style.groups_thousands) digits = GroupThousands(digits);
  std::string prefix = is_negative ? "-" : style.sign == '-' ? "" : std::string(1, style.sign);
  const bool has_base =
      style.type == 'x' || style.type == 'X' || style.type == 'o' || style.type == 'b';
  if (style.is_alternate && has_base) prefix += std::string("0") + style.type;
  return prefix + digits;
}

std::string Pad(Heap& heap, std::string_view text, const FieldStyle& style, char default_align,
                size_t sign_size) {
  const size_t count = CountCodePoints(text);
  heap.StepText(text.size() + style.width);
  heap.Reserve(text.size() + style.width * style.fill.size());
  if (count >= style.width) return std::string(text);
  const size_t missing = style.width - count;
  const char align = style.align == '\0' ? default_align : style.align;
  const size_t left = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  std::string padded;
  if (align == '=') padded = text.substr(0, sign_size);
  for (size_t put = 0; put < left; ++put) padded += style.fill;
  padded += align == '=' ? text.substr(sign_size) : text;
  for (size_t put = left; put < missing; ++put) padded += style.fill;
  return padded;
}

size_t ReadNumber(std::string_view pattern, size_t& at) {
  size_t number = 0;
  for (; at < pattern.size() && pattern[at] >= '0' && pattern[at] <= '9'; ++at) {
    number = number * 10 + static_cast<size_t>(pattern[at] - '0');
    if (number > kMaxWidth) Fail("a width or precision larger than 1,000,000");
  }
  return number;
}

}  // namespace hlwq::text::jinja
