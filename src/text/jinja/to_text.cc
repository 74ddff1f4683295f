#include "text/jinja/to_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "text/jinja/heap.h"
#include "text/jinja/loop.h"
#include "text/jinja/unicode.h"

namespace hlwq::text::jinja {
namespace {

constexpr int kMaxDepth = 100;

class Printer {
 public:
  explicit Printer(Heap& heap) : heap_(heap) {}

  void Put(const Value& value, int depth) {
    if (depth > kMaxDepth) Fail("cannot print what is nested deeper than 100");
    heap_.Step();
    switch (value.kind()) {
      case Kind::kUndefined:
        text_ += "Undefined";
        break;
      case Kind::kNone:
        text_ += "None";
        break;
      case Kind::kBool:
        text_ += value.boolean() ? "True" : "False";
        break;
      case Kind::kInteger:
        text_ += std::to_string(value.integer());
        break;
      case Kind::kFloat:
        text_ += FloatText(value.number());
        break;
      case Kind::kString:
        if (value.is_markup()) text_ += "Markup(";
        PutQuoted(value.text());
        if (value.is_markup()) text_ += ')';
        break;
      case Kind::kList:
        PutItems("[", value.as<Sequence>(), "]", depth);
        break;
      case Kind::kTuple: {
        const Sequence& tuple = value.as<Sequence>();
        PutItems("(", tuple, tuple.items.size() == 1 ? ",)" : ")", depth);
        break;
      }
      case Kind::kRange:
        if (value.as<Sequence>().name.empty()) Fail("cannot print a part of a range");
        text_ += value.as<Sequence>().name;
        break;
      case Kind::kView:
        text_ += value.as<Sequence>().name;
        PutItems("([", value.as<Sequence>(), "])", depth);
        break;
      case Kind::kDict:
        PutDict(value.as<Dict>(), depth);
        break;
      case Kind::kNamespace:
        text_ += "<Namespace ";
        PutDict(value.as<Namespace>().members, depth);
        text_ += '>';
        break;
      case Kind::kLoop: {
        Loop& loop = value.as<Loop>();
        text_ += fmt::format("<LoopContext {}/{}>", loop.index0 + 1, loop.Length(heap_));
        break;
      }
      case Kind::kMacro:
        PutMacro(value.as<Macro>().name);
        break;
      default:
        Fail(fmt::format("cannot print a {}", TypeName(value.kind())));
    }
  }

  std::string Take() { return std::move(text_); }

 private:
  void PutMacro(std::string_view name) {
    text_ += "<Macro ";
    if (name.empty()) {
      text_ += "anonymous";
    } else {
      PutQuoted(name);
    }
    text_ += '>';
  }

  void PutItems(std::string_view open, const Sequence& sequence, std::string_view close,
                int depth) {
    text_ += open;
    bool is_first = true;
    for (const Value& item : sequence.items) {
      if (!is_first) text_ += ", ";
      is_first = false;
      Put(item, depth + 1);
    }
    text_ += close;
  }

  void PutDict(const Dict& dict, int depth) {
    text_ += '{';
    bool is_first = true;
    for (const Dict::Entry& entry : dict.entries()) {
      if (!is_first) text_ += ", ";
      is_first = false;
      Put(entry.key, depth + 1);
      text_ += ": ";
      Put(entry.value, depth + 1);
    }
    text_ += '}';
  }

  void PutQuoted(std::string_view text) {
    heap_.StepText(text.size());
    heap_.Reserve(text_.size() + text.size());
    const bool has_single = text.find('\'') != text.npos;
    const char quote = has_single && text.find('"') == text.npos ? '"' : '\'';
    text_ += quote;
    for (size_t at = 0; at < text.size();) {
      const size_t size = CodePointBytes(text, at);
      PutEscaped(text.substr(at, size), CodePointAt(text, at), quote);
      at += size;
    }
    text_ += quote;
  }

  void PutEscaped(std::string_view bytes, char32_t code_point, char quote) {
    if (bytes[0] == quote || bytes[0] == '\\') {
      text_ += '\\';
      text_ += bytes[0];
    } else if (code_point == '\n') {
      text_ += "\\n";
    } else if (code_point == '\r') {
      text_ += "\\r";
    } else if (code_point == '\t') {
      text_ += "\\t";
    } else if (IsPrintable(code_point)) {
      text_ += bytes;
    } else if (code_point < 0x100) {
      text_ += fmt::format("\\x{:02x}", static_cast<uint32_t>(code_point));
    } else if (code_point < 0x10000) {
      text_ += fmt::format("\\u{:04x}", static_cast<uint32_t>(code_point));
    } else {
      text_ += fmt::format("\\U{:08x}", static_cast<uint32_t>(code_point));
    }
  }

  Heap& heap_;
  std::string text_;
};

}  // namespace

std::string_view ToText(Heap& heap, const Value& value) {
  if (value.Is(Kind::kString)) return value.text();
  if (value.Is(Kind::kUndefined)) return {};
  return heap.Text(Repr(heap, value)).text();
}

std::string Repr(Heap& heap, const Value& value) {
  Printer printer(heap);
  printer.Put(value, 0);
  return printer.Take();
}

std::string FloatText(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  // to_chars gives the shortest digits; where the point goes is Python's rule.
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
  const std::string_view scientific(buffer, static_cast<size_t>(end - buffer));
  const size_t mark = scientific.find('e');
  int exponent = 0;
  const bool is_positive = scientific[mark + 1] == '+';
  std::from_chars(buffer + mark + (is_positive ? 2 : 1), end, exponent);
  if (exponent < -4 || exponent >= 16) return std::string(scientific);
  std::string text(
      buffer, std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::fixed).ptr);
  if (text.find('.') == text.npos) text += ".0";
  return text;
}

}  // namespace hlwq::text::jinja
