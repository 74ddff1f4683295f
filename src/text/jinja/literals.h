// Numbers and strings as templates write them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "text/jinja/lexer.h"

namespace hlwq::text::jinja {

struct NumberSpan {
  size_t size;
  bool is_float;
};
// The number that `text` starts with; it starts with a digit. Behind a dot there are no floats:
// `list.0.1` has two indices.
NumberSpan SpanNumber(std::string_view text, bool follows_dot) noexcept;

// Throws Error{kUnsupported} when the number does not fit.
int64_t IntegerOf(const Token& token);
double FloatOf(const Token& token);

// A number in digits, with or without point and exponent and without a sign, or "inf", "infinity",
// "nan"; empty for anything else. Too large a number is infinite, too small a one zero, as in
// Python.
std::optional<double> ParseFloat(std::string_view text) noexcept;

// What a string literal says: Python's escapes. Throws Error{kInvalidData} on a broken escape,
// Error{kUnsupported} on one by name or half of a surrogate pair.
std::string Unescape(std::string_view literal, Position at);

}  // namespace hlwq::text::jinja
