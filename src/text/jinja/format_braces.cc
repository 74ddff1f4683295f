// FormatBraces of format.h.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/format.h"
#include "text/jinja/heap.h"
#include "text/jinja/markup.h"
#include "text/jinja/operators.h"
#include "text/jinja/to_text.h"
#include "text/jinja/unicode.h"

namespace hlwq::text::jinja {
namespace {

bool IsAlign(char byte) { return byte == '<' || byte == '>' || byte == '^' || byte == '='; }

bool IsDigits(std::string_view text) {
  return !text.empty() && text.size() < 10 &&
         std::ranges::all_of(text, [](char byte) { return byte >= '0' && byte <= '9'; });
}

FieldStyle ParseStyle(std::string_view spec) {
  FieldStyle style;
  size_t at = 0;
  const auto is_at = [&](char wanted) { return at < spec.size() && spec[at] == wanted; };
  const size_t fill_size = spec.empty() ? 0 : CodePointBytes(spec, 0);
  if (fill_size < spec.size() && IsAlign(spec[fill_size])) {
    style.fill = spec.substr(0, fill_size);
    style.align = spec[fill_size];
    at = fill_size + 1;
  } else if (!spec.empty() && IsAlign(spec[0])) {
    style.align = spec[0];
    at = 1;
  }
  if (is_at('+') || is_at('-') || is_at(' ')) style.sign = spec[at++];
  if (is_at('#')) {
    style.is_alternate = true;
    ++at;
  }
  if (is_at('0')) {
    ++at;
    if (style.align == '\0') {
      style.fill = "0";
      style.align = '=';
    }
  }
  style.width = ReadNumber(spec, at);
  if (is_at(',')) {
    style.groups_thousands = true;
    ++at;
  }
  if (is_at('.')) {
    const size_t digits = ++at;
    style.precision = static_cast<int>(ReadNumber(spec, at));
    if (at == digits) Fail("format specifier missing precision");
  }
  if (at < spec.size()) style.type = spec[at++];
  if (at < spec.size()) Fail(fmt::format("invalid format specifier '{}'", spec));
  return style;
}

class BraceFormatter {
 public:
  BraceFormatter(Heap& heap, const Value& pattern, const Arguments& arguments)
      : heap_(heap),
        pattern_(pattern.text()),
        escapes_(pattern.is_markup()),
        arguments_(arguments) {}

  std::string Run() {
    for (size_t at = 0; at < pattern_.size();) {
      const size_t brace = std::min(pattern_.find_first_of("{}", at), pattern_.size());
      Put(pattern_.substr(at, brace - at));
      at = brace;
      if (at == pattern_.size()) break;
      if (pattern_.substr(at, 2) == "{{" || pattern_.substr(at, 2) == "}}") {
        Put(pattern_.substr(at, 1));
        at += 2;
        continue;
      }
      if (pattern_[at] == '}') Fail("single '}' encountered in format string");
      const size_t close = pattern_.find('}', at);
      if (close == pattern_.npos) Fail("expected '}' before end of string");
      PutField(pattern_.substr(at + 1, close - at - 1));
      at = close + 1;
    }
    return std::move(text_);
  }

 private:
  void Put(std::string_view part) {
    heap_.StepText(part.size());
    heap_.Reserve(text_.size() + part.size());
    text_ += part;
  }

  void PutField(std::string_view field) {
    if (field.find('{') != field.npos) Fail("a field within a format specifier is not supported");
    std::string_view spec;
    if (const size_t colon = field.find(':'); colon != field.npos) {
      spec = field.substr(colon + 1);
      field = field.substr(0, colon);
    }
    char conversion = '\0';
    if (const size_t mark = field.find('!'); mark != field.npos) {
      if (mark + 2 != field.size()) Fail("expected ':' after conversion specifier");
      conversion = field[mark + 1];
      field = field.substr(0, mark);
    }
    Value value = Resolve(field);
    if (conversion == 'r') {
      value = heap_.Text(Repr(heap_, value));
    } else if (conversion == 's') {
      value = Value::String(ToText(heap_, value));
    } else if (conversion != '\0') {
      Fail(fmt::format("unknown conversion specifier '{}'", conversion));
    }
    if (escapes_ && value.is_markup()) {
      if (!spec.empty()) Fail("Unsupported format specification for Markup.");
      Put(value.text());
      return;
    }
    const std::string text = Styled(value, ParseStyle(spec), !spec.empty());
    Put(escapes_ ? EscapeHtml(text) : text);
  }

  Value Resolve(std::string_view field) {
    const size_t end = std::min(field.find_first_of(".["), field.size());
    Value value = First(field.substr(0, end));
    field.remove_prefix(end);
    while (!field.empty()) {
      heap_.Step();
      if (field[0] == '.') {
        const size_t next = std::min(field.find_first_of(".[", 1), field.size());
        value = GetAttribute(heap_, value, field.substr(1, next - 1));
        field.remove_prefix(next);
        continue;
      }
      const size_t close = field.find(']');
      if (field[0] != '[' || close == field.npos) Fail("a bad field name in a format string");
      const std::string_view key = field.substr(1, close - 1);
      size_t at = 0;
      value = GetItem(heap_, value,
                      IsDigits(key) ? Value::Integer(static_cast<int64_t>(ReadNumber(key, at)))
                                    : Value::String(key));
      field.remove_prefix(close + 1);
    }
    return value;
  }

  Value First(std::string_view name) {
    if (!name.empty() && !IsDigits(name)) {
      for (const auto& [known, value] : arguments_.keywords) {
        if (known == name) return value;
      }
      Fail(fmt::format("the format string has a field '{}' that is not given", name));
    }
    const bool is_numbered = !name.empty();
    if (is_numbered_.value_or(is_numbered) != is_numbered) {
      Fail("cannot mix numbered and unnumbered fields");
    }
    is_numbered_ = is_numbered;
    size_t at = 0;
    const size_t index = is_numbered ? ReadNumber(name, at) : next_++;
    if (index >= arguments_.positional.size()) Fail("a field of the format string is not given");
    return arguments_.positional[index];
  }

  std::string Styled(const Value& value, FieldStyle style, bool has_style) {
    if (value.IsNumber() && (has_style || !value.Is(Kind::kBool))) {
      const std::string text = NumberText(value, style);
      const size_t sign = text.find_first_of("0123456789abcdefABCDEFinN");
      return Pad(heap_, text, style, '>', std::min(sign, text.size()));
    }
    const bool is_text = value.Is(Kind::kString) || value.Is(Kind::kBool);
    if (has_style && !is_text) {
      Fail(fmt::format("unsupported format string for {}", TypeName(value.kind())));
    }
    if (style.type != '\0' && style.type != 's') {
      Fail(fmt::format("unknown format code '{}' for a str", style.type));
    }
    if (style.align == '=') {
      if (style.fill != "0") Fail("'=' alignment not allowed in the format of a str");
      style.align = '<';
    }
    std::string_view text = ToText(heap_, value);
    if (style.precision >= 0) {
      text = text.substr(0, OffsetOf(text, static_cast<size_t>(style.precision)));
    }
    return Pad(heap_, text, style, '<', 0);
  }

  Heap& heap_;
  const std::string_view pattern_;
  const bool escapes_;  // markup escapes what it takes
  const Arguments& arguments_;
  std::optional<bool> is_numbered_;
  size_t next_ = 0;
  std::string text_;
};

}  // namespace

Value FormatBraces(Heap& heap, const Value& pattern, const Arguments& arguments) {
  return heap.Text(BraceFormatter(heap, pattern, arguments).Run());
}

}  // namespace hlwq::text::jinja
