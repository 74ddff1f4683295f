// Filters that give a string.
#include <fmt/format.h>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/attribute_path.h"
#include "text/jinja/case_methods.h"
#include "text/jinja/filters.h"
#include "text/jinja/format.h"
#include "text/jinja/heap.h"
#include "text/jinja/markup.h"
#include "text/jinja/operators.h"
#include "text/jinja/split.h"
#include "text/jinja/to_json.h"
#include "text/jinja/to_text.h"
#include "text/jinja/unicode.h"

namespace hlwq::text::jinja {
namespace {

template <std::string (*change)(std::string_view), bool keeps_markup = true>
Value Changed(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters none("the filter", arguments, {});
  const std::string_view text = ToText(heap, filtered);
  heap.StepText(text.size());
  heap.Reserve(text.size() * 3);
  const Value changed = heap.Text(change(text));
  return keeps_markup ? LikeMarkup(filtered, changed) : changed;
}

// The words of the title filter start after these, unlike those of str.title.
bool IsWordBreak(std::string_view text, size_t at) {
  const char32_t code_point = CodePointAt(text, at);
  return IsSpace(code_point) ||
         (code_point < 0x80 && std::string_view("-({[<").find(text[at]) != std::string_view::npos);
}

std::string Title(std::string_view text) {
  std::string titled;
  size_t word = 0;
  const auto put_word = [&](size_t end) {
    if (end == word) return;
    const size_t first = CodePointBytes(text, word);
    titled += ToUpper(text.substr(word, first));
    titled += ToLower(text.substr(word + first, end - word - first));
  };
  for (size_t at = 0; at < text.size();) {
    const size_t size = CodePointBytes(text, at);
    if (IsWordBreak(text, at)) {
      put_word(at);
      titled += text.substr(at, size);
      word = at + size;
    }
    at += size;
  }
  put_word(text.size());
  return titled;
}

// Text stays as it is, markup too.
Value Soft(Heap& heap, const Value& value) {
  return value.Is(Kind::kString) ? value : Value::String(ToText(heap, value));
}

Value AsText(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters none("string", arguments, {});
  return Soft(heap, filtered);
}

Value Safe(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters none("safe", arguments, {});
  return Value::Markup(ToText(heap, filtered));
}

Value Escape(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters none("escape", arguments, {});
  return Escaped(heap, filtered);
}

// Escapes what is escaped once more.
Value ForceEscape(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters none("forceescape", arguments, {});
  return Escaped(heap, Value::String(ToText(heap, filtered)));
}

Value Trim(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("trim", arguments, {"chars"});
  const std::string_view text = ToText(heap, filtered);
  if (!parameters.IsSet(0)) {
    heap.StepText(text.size());
    return LikeMarkup(filtered, Value::String(StripSpace(text)));
  }
  const std::string_view chars = parameters.Text(0, {});
  heap.StepText(text.size() * (1 + chars.size() / 8));
  return LikeMarkup(filtered, Value::String(Strip(text, chars)));
}

Value ReplaceText(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("replace", arguments, {"old", "new", "count"}, 2);
  const int64_t count = parameters.IsSet(2) ? parameters.Integer(2, -1) : -1;
  return heap.Text(Replace(heap, ToText(heap, filtered), ToText(heap, parameters[0]),
                           ToText(heap, parameters[1]), count));
}

Value Join(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("join", arguments, {"d", "attribute"});
  const std::string_view separator = parameters.Has(0) ? ToText(heap, parameters[0]) : "";
  const AttributePath path(heap, parameters.Or(1, Value::None()));
  std::string joined;
  bool is_first = true;
  for (const Value& item : Items(heap, filtered)) {
    const std::string_view text = ToText(heap, path.Of(heap, item));
    heap.StepText(text.size() + separator.size());
    heap.Reserve(joined.size() + text.size() + separator.size());
    if (!is_first) joined += separator;
    is_first = false;
    joined += text;
  }
  return heap.Text(std::move(joined));
}

Value Indent(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("indent", arguments, {"width", "first", "blank"});
  RequireDefined(filtered);
  if (!filtered.Is(Kind::kString)) {
    Fail(fmt::format("indent wants a str, got {}", TypeName(filtered.kind())));
  }
  std::string indent;
  if (parameters.Has(0) && parameters[0].Is(Kind::kString)) {
    indent = parameters[0].text();
  } else {
    const int64_t width = parameters.Integer(0, 4);
    if (width > 1'000'000) Fail("indent wider than 1,000,000");
    indent.assign(width < 0 ? 0 : static_cast<size_t>(width), ' ');
  }
  const bool indents_blank = parameters.IsTrue(2, false);
  std::string text = parameters.IsTrue(1, false) ? indent : "";
  bool is_first = true;
  // The newline at the end is what makes splitlines give a last line for it.
  const std::string ended = std::string(filtered.text()) + "\n";
  for (const Value& line : SplitLines(heap, ended, false)) {
    heap.StepText(line.text().size() + indent.size());
    heap.Reserve(text.size() + line.text().size() + indent.size());
    if (!is_first) text += '\n';
    if (!is_first && (indents_blank || !line.text().empty())) text += indent;
    is_first = false;
    text += line.text();
  }
  return LikeMarkup(filtered, heap.Text(std::move(text)));
}

Value CenterText(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("center", arguments, {"width"});
  return LikeMarkup(filtered,
                    heap.Text(Center(heap, ToText(heap, filtered), parameters.Integer(0, 80))));
}

Value Truncate(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("truncate", arguments, {"length", "killwords", "end", "leeway"});
  const std::string_view end = parameters.Text(2, "...");
  const int64_t length = parameters.Integer(0, 255);
  const int64_t leeway = parameters.IsSet(3) ? parameters.Integer(3, 5) : 5;
  const auto end_length = static_cast<int64_t>(CountCodePoints(end));
  if (length < end_length || leeway < 0 || length > (int64_t{1} << 40) ||
      leeway > length + (1 << 20)) {
    Fail("truncate: a length or leeway that makes no sense");
  }
  const auto size = Length(heap, filtered);
  if (size && static_cast<int64_t>(*size) <= length + leeway) return filtered;
  if (!filtered.Is(Kind::kString)) {
    Fail(fmt::format("truncate wants a str, got {}", TypeName(filtered.kind())));
  }
  const std::string_view text = filtered.text();
  std::string_view kept = text.substr(0, OffsetOf(text, static_cast<size_t>(length - end_length)));
  if (!parameters.IsTrue(1, false)) kept = kept.substr(0, kept.rfind(' '));
  return Apply(heap, BinaryOperator::kAdd, LikeMarkup(filtered, Value::String(kept)),
               parameters.Or(2, Value::String(end)));
}

Value Format(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Value pattern = Soft(heap, filtered);
  if (arguments.keywords.empty()) {
    return FormatPercent(heap, pattern, heap.Tuple(arguments.positional));
  }
  if (!arguments.positional.empty()) {
    Fail("can't handle positional and keyword arguments at the same time");
  }
  Dict* const dict = heap.New<Dict>();
  for (const auto& [name, value] : arguments.keywords) {
    dict->Set(heap, Value::String(name), value);
  }
  return FormatPercent(heap, pattern, Value::Of(Kind::kDict, dict));
}

Value Json(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("tojson", arguments,
                              {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style{.is_ascii = parameters.IsTrue(0, false),
                  .sorts_keys = parameters.IsTrue(3, false)};
  std::string indent;
  if (parameters.IsSet(1)) {
    style.is_indented = true;
    style.item_separator = ",";
    if (parameters[1].Is(Kind::kString)) {
      indent = parameters[1].text();
    } else {
      const int64_t width = parameters.Integer(1, 0);
      if (width > 1000) Fail("tojson: an indent wider than 1000");
      indent.assign(width < 0 ? 0 : static_cast<size_t>(width), ' ');
    }
    style.indent = indent;
  }
  if (parameters.IsSet(2)) {
    const auto separators = Items(heap, parameters[2]);
    if (separators.size() != 2 || !separators[0].Is(Kind::kString) ||
        !separators[1].Is(Kind::kString)) {
      Fail("tojson: separators are two str");
    }
    style.item_separator = separators[0].text();
    style.key_separator = separators[1].text();
  }
  return heap.Text(ToJson(heap, filtered, style));
}

struct Row {
  std::string_view name;
  FilterFunction filter;
};

constexpr Row kFilters[] = {
    {"capitalize", Changed<Capitalize>},
    {"center", CenterText},
    {"e", Escape},
    {"escape", Escape},
    {"forceescape", ForceEscape},
    {"format", Format},
    {"indent", Indent},
    {"join", Join},
    {"lower", Changed<ToLower>},
    {"replace", ReplaceText},
    {"safe", Safe},
    {"string", AsText},
    {"title", Changed<Title, false>},
    {"tojson", Json},
    {"trim", Trim},
    {"truncate", Truncate},
    {"upper", Changed<ToUpper>},
};

}  // namespace

FilterFunction FindTextFilter(std::string_view name) noexcept {
  for (const Row& row : kFilters) {
    if (row.name == name) return row.filter;
  }
  return nullptr;
}

}  // namespace hlwq::text::jinja
