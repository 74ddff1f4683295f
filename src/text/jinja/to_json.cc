#include "text/jinja/to_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "text/jinja/heap.h"
#include "text/jinja/operators.h"
#include "text/jinja/to_text.h"
#include "text/jinja/unicode.h"

namespace hlwq::text::jinja {
namespace {

constexpr int kMaxDepth = 100;

class JsonWriter {
 public:
  JsonWriter(Heap& heap, const JsonStyle& style) : heap_(heap), style_(style) {}

  void Put(const Value& value, int depth) {
    if (depth > kMaxDepth) Fail("tojson of what is nested deeper than 100");
    heap_.Step();
    switch (value.kind()) {
      case Kind::kList:
      case Kind::kTuple:
        PutList(value.as<Sequence>().items, depth);
        break;
      case Kind::kDict:
        PutObject(value.as<Dict>(), depth);
        break;
      case Kind::kString:
        PutString(value.text());
        break;
      default:
        text_ += Scalar(value);
    }
  }

  std::string Take() { return std::move(text_); }

 private:
  static std::string Scalar(const Value& value) {
    switch (value.kind()) {
      case Kind::kNone:
        return "null";
      case Kind::kBool:
        return value.boolean() ? "true" : "false";
      case Kind::kInteger:
        return std::to_string(value.integer());
      case Kind::kFloat:
        if (std::isnan(value.number())) return "NaN";
        if (std::isinf(value.number())) return value.number() < 0 ? "-Infinity" : "Infinity";
        return FloatText(value.number());
      default:
        Fail(fmt::format("object of type {} is not JSON serializable", TypeName(value.kind())));
    }
  }

  void StartLine(int depth) {
    if (!style_.is_indented) return;
    const size_t bytes = style_.indent.size() * static_cast<size_t>(depth);
    heap_.StepText(bytes);
    heap_.Reserve(text_.size() + bytes);
    text_ += '\n';
    for (int level = 0; level < depth; ++level) text_ += style_.indent;
  }

  void PutList(const std::vector<Value>& items, int depth) {
    text_ += '[';
    bool is_first = true;
    for (const Value& item : items) {
      if (!is_first) text_ += style_.item_separator;
      is_first = false;
      StartLine(depth + 1);
      Put(item, depth + 1);
    }
    if (!items.empty()) StartLine(depth);
    text_ += ']';
  }

  void PutObject(const Dict& dict, int depth) {
    std::vector<Dict::Entry> entries = dict.entries();
    heap_.Step(entries.size());
    if (style_.sorts_keys) {
      std::ranges::stable_sort(entries, [&](const Dict::Entry& a, const Dict::Entry& b) {
        return Compare(heap_, CompareOperator::kLess, a.key, b.key);
      });
    }
    text_ += '{';
    bool is_first = true;
    for (const Dict::Entry& entry : entries) {
      if (!is_first) text_ += style_.item_separator;
      is_first = false;
      StartLine(depth + 1);
      if (entry.key.Is(Kind::kString)) {
        PutString(entry.key.text());
      } else if (entry.key.Is(Kind::kTuple)) {
        Fail("keys must be str, int, float, bool or None, not tuple");
      } else {
        text_ += '"' + Scalar(entry.key) + '"';
      }
      text_ += style_.key_separator;
      Put(entry.value, depth + 1);
    }
    if (!entries.empty()) StartLine(depth);
    text_ += '}';
  }

  void PutString(std::string_view text) {
    heap_.StepText(text.size());
    heap_.Reserve(text_.size() + text.size());
    text_ += '"';
    for (size_t at = 0; at < text.size();) {
      const size_t size = CodePointBytes(text, at);
      const char32_t code_point = CodePointAt(text, at);
      if (code_point >= 0x80 && style_.is_ascii) {
        PutUnit(code_point);
      } else if (code_point < 0x20 || code_point == '"' || code_point == '\\') {
        PutSpecial(code_point);
      } else {
        text_ += text.substr(at, size);
      }
      at += size;
    }
    text_ += '"';
  }

  void PutSpecial(char32_t code_point) {
    switch (code_point) {
      case '"':
        text_ += "\\\"";
        break;
      case '\\':
        text_ += "\\\\";
        break;
      case '\n':
        text_ += "\\n";
        break;
      case '\r':
        text_ += "\\r";
        break;
      case '\t':
        text_ += "\\t";
        break;
      case '\b':
        text_ += "\\b";
        break;
      case '\f':
        text_ += "\\f";
        break;
      default:
        PutUnit(code_point);
    }
  }

  // \u escapes: one, or the two surrogates.
  void PutUnit(char32_t code_point) {
    if (code_point >= 0x10000) {
      PutUnit(0xD800 + ((code_point - 0x10000) >> 10));
      code_point = 0xDC00 + ((code_point - 0x10000) & 0x3FF);
    }
    text_ += fmt::format("\\u{:04x}", static_cast<uint32_t>(code_point));
  }

  Heap& heap_;
  const JsonStyle& style_;
  std::string text_;
};

}  // namespace

std::string ToJson(Heap& heap, const Value& value, const JsonStyle& style) {
  JsonWriter writer(heap, style);
  writer.Put(value, 0);
  return writer.Take();
}

}  // namespace hlwq::text::jinja
