// Writes HTML and SVG that is also well-formed XML: elements are closed by construction, text and
// attribute values are escaped by construction.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hlwq::report {

// `text` with the five XML characters as entities. Bytes that are not UTF-8, and characters that
// XML forbids, become U+FFFD.
std::string EscapeMarkup(std::string_view text);

// A coordinate: at most two decimals, no trailing zeros, no exponent. `value` must be finite.
std::string FormatCoordinate(double value);

struct Attribute {
  Attribute(std::string_view attribute_name, std::string text)
      : name(attribute_name), value(std::move(text)) {}
  Attribute(std::string_view attribute_name, const char* text)
      : name(attribute_name), value(text) {}
  template <typename Number>
  requires std::is_arithmetic_v<Number> Attribute(std::string_view attribute_name, Number number)
      : name(attribute_name), value(FormatCoordinate(static_cast<double>(number))) {}

  std::string_view name;  // a literal
  std::string value;      // not escaped yet
};
using Attributes = std::initializer_list<Attribute>;

// Tag names are literals and outlive the writer.
class Markup {
 public:
  Markup& Open(std::string_view tag, Attributes attributes = {});
  Markup& Close();  // the innermost open element
  Markup& Text(std::string_view text);
  Markup& Empty(std::string_view tag, Attributes attributes = {});
  Markup& Leaf(std::string_view tag, Attributes attributes, std::string_view text);
  // What Finish() of another writer gave, or a literal.
  Markup& Raw(std::string_view markup);

  // Everything written; all elements must be closed.
  std::string Finish() &&;

 private:
  void Start(std::string_view tag, Attributes attributes);

  std::string out_;
  std::vector<std::string_view> open_;
};

}  // namespace hlwq::report
