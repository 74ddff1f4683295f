#include "text/jinja/markup.h"

#include "text/jinja/heap.h"
#include "text/jinja/to_text.h"

namespace hlwq::text::jinja {

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  for (const char byte : text) {
    switch (byte) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&#34;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += byte;
    }
  }
  return escaped;
}

Value Escaped(Heap& heap, const Value& value) {
  if (value.is_markup()) return value;
  const std::string_view text = ToText(heap, value);
  heap.StepText(text.size());
  heap.Reserve(text.size() * 5);
  return Value::Markup(heap.Text(EscapeHtml(text)).text());
}

Value LikeMarkup(const Value& source, const Value& made) {
  if (!source.is_markup()) return made;
  if (made.Is(Kind::kString)) return Value::Markup(made.text());
  if (made.Is(Kind::kList) || made.Is(Kind::kTuple)) {
    for (Value& item : made.as<Sequence>().items) item = LikeMarkup(source, item);
  }
  return made;
}

}  // namespace hlwq::text::jinja
