// The tojson filter, as transformers defines it: Python's json.dumps.
#pragma once

#include <string>
#include <string_view>

#include "text/jinja/value.h"

namespace hlwq::text::jinja {

class Heap;

struct JsonStyle {
  bool is_ascii = false;  // escape everything else
  bool sorts_keys = false;
  bool is_indented = false;  // one item a line
  std::string_view indent;   // of one level
  std::string_view item_separator = ", ";
  std::string_view key_separator = ": ";
};

// Throws Error{kInvalidData} for what JSON has no form for, and for nesting deeper than 100.
std::string ToJson(Heap& heap, const Value& value, const JsonStyle& style);

}  // namespace hlwq::text::jinja
