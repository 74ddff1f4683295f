#include "text/jinja/attribute_path.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "text/jinja/access.h"
#include "text/jinja/heap.h"
#include "text/jinja/split.h"
#include "text/jinja/unicode.h"

namespace hlwq::text::jinja {

AttributePath::AttributePath(Heap& heap, const Value& attribute) {
  if (attribute.Is(Kind::kNone)) return;
  if (!attribute.Is(Kind::kString)) {
    parts_.push_back(attribute);
    return;
  }
  parts_ = Split(heap, attribute.text(), ".", -1, false);
  for (Value& part : parts_) {
    const std::string_view text = part.text();
    const bool is_index = !text.empty() && std::ranges::all_of(text, [](char byte) {
      return byte >= '0' && byte <= '9';
    });
    int64_t index = 0;
    if (is_index &&
        std::from_chars(text.data(), text.data() + text.size(), index).ec == std::errc()) {
      part = Value::Integer(index);
    }
  }
}

Value AttributePath::Of(Heap& heap, const Value& item, const Value* otherwise) const {
  Value value = item;
  for (const Value& part : parts_) {
    heap.Step();
    value = GetItem(heap, value, part);
    if (otherwise != nullptr && value.Is(Kind::kUndefined)) value = *otherwise;
  }
  return value;
}

std::vector<AttributePath> AttributePaths(Heap& heap, const Value& attribute) {
  if (!attribute.Is(Kind::kString)) return {AttributePath(heap, attribute)};
  std::vector<AttributePath> paths;
  for (const Value& part : Split(heap, attribute.text(), ",", -1, false)) {
    paths.emplace_back(heap, part);
  }
  return paths;
}

Value SortKey(Heap& heap, const Value& value, bool is_case_sensitive) {
  if (is_case_sensitive || !value.Is(Kind::kString)) return value;
  heap.StepText(value.text().size());
  heap.Reserve(value.text().size() * 3);
  return heap.Text(ToLower(value.text()));
}

}  // namespace hlwq::text::jinja
