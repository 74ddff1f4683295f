// Values as Python prints them: str() and repr().
#pragma once

#include <string>
#include <string_view>

#include "text/jinja/value.h"

namespace hlwq::text::jinja {

class Heap;

// What `{{ value }}` writes: a string as it is, nothing for undefined, "True", "None", "1.0",
// "['a', 1]". The view lives as long as the heap. Throws Error{kInvalidData} for what Python prints
// with an address in it (functions, generators), and for nesting deeper than 100.
std::string_view ToText(Heap& heap, const Value& value);

// repr(): strings quoted and escaped.
std::string Repr(Heap& heap, const Value& value);

// "0.1", "1e+16", "inf": the shortest text that reads back as the same number.
std::string FloatText(double number);

}  // namespace hlwq::text::jinja
