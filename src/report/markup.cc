#include "report/markup.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "base/utf8.h"

namespace hlwq::report {
namespace {

// XML forbids control characters, U+FFFE and U+FFFF, and the last two of every other plane.
bool IsAllowed(const Utf8Unit& unit) noexcept {
  if (unit.kind != Utf8Kind::kValid || (unit.code & 0xFFFE) == 0xFFFE) return false;
  return unit.code >= 0x20 || unit.code == '\t' || unit.code == '\n' || unit.code == '\r';
}

}  // namespace

std::string EscapeMarkup(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Unit unit = FirstUtf8Unit(text);
    if (!IsAllowed(unit)) {
      out += kReplacementCharacter;
      text.remove_prefix(1);  // each byte is one
      continue;
    }
    switch (text[0]) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += text.substr(0, unit.size);
    }
    text.remove_prefix(unit.size);
  }
  return out;
}

std::string FormatCoordinate(double value) {
  HLWQ_DASSERT(std::isfinite(value));
  std::string out = fmt::format("{:.2f}", value);
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out == "-0" ? "0" : out;
}

void Markup::Start(std::string_view tag, Attributes attributes) {
  out_ += '<';
  out_ += tag;
  for (const Attribute& attribute : attributes) {
    out_ += ' ';
    out_ += attribute.name;
    out_ += "=\"";
    out_ += EscapeMarkup(attribute.value);
    out_ += '"';
  }
}

Markup& Markup::Open(std::string_view tag, Attributes attributes) {
  Start(tag, attributes);
  out_ += '>';
  open_.push_back(tag);
  return *this;
}

Markup& Markup::Close() {
  HLWQ_DASSERT(!open_.empty());
  out_ += "</";
  out_ += open_.back();
  out_ += ">\n";
  open_.pop_back();
  return *this;
}

Markup& Markup::Text(std::string_view text) {
  out_ += EscapeMarkup(text);
  return *this;
}

Markup& Markup::Empty(std::string_view tag, Attributes attributes) {
  Start(tag, attributes);
  out_ += "/>\n";
  return *this;
}

Markup& Markup::Leaf(std::string_view tag, Attributes attributes, std::string_view text) {
  return Open(tag, attributes).Text(text).Close();
}

Markup& Markup::Raw(std::string_view markup) {
  out_ += markup;
  return *this;
}

std::string Markup::Finish() && {
  HLWQ_DASSERT(open_.empty());
  return std::move(out_);
}

}  // namespace hlwq::report
