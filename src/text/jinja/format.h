// Python's two ways of putting values into a pattern.
#pragma once

#include <string>
#include <string_view>

#include "text/jinja/value.h"

namespace hlwq::text::jinja {

class Heap;
struct Arguments;

// pattern % values: values are a tuple, a dict (for "%(name)s") or one value. Conversions s r d i u
// f F e E g G x X o c %. Throws Error{kInvalidData} on a bad pattern, or too many or few values.
// Pattern and result are strings; a pattern that is markup escapes the values.
Value FormatPercent(Heap& heap, const Value& pattern, const Value& values);

// pattern.format(...): fields {}, {0}, {name}, {0.attribute[key]}, !s and !r, and the format
// specification [[fill]align][sign][#][0][width][,][.precision][type]. Markup escapes as above; that
// the result is markup is up to the caller.
Value FormatBraces(Heap& heap, const Value& pattern, const Arguments& arguments);

// How one value is laid out.
struct FieldStyle {
  std::string fill = " ";
  char align = '\0';  // < > ^ =, or by type
  char sign = '-';    // - + or a space
  bool is_alternate = false;
  bool groups_thousands = false;
  size_t width = 0;
  int precision = -1;  // -1: the default
  char type = '\0';
};

// A number by `style`, without the padding. `type` is one of d x X o b c, or of e E f F g G % or
// none for floats. Throws Error{kInvalidData} on a type that does not go with the value.
std::string NumberText(const Value& number, const FieldStyle& style);

// Puts the padding around. `sign_size` characters stay in front of zeros (align '=').
std::string Pad(Heap& heap, std::string_view text, const FieldStyle& style, char default_align,
                size_t sign_size);

// Digits of a width or precision at `at`, which moves behind them. Throws Error{kInvalidData} when
// larger than 1,000,000.
size_t ReadNumber(std::string_view pattern, size_t& at);

}  // namespace hlwq::text::jinja
