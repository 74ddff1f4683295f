// Filters that take parts of sequences, or make others of them.
#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/filters.h"
#include "text/jinja/heap.h"
#include "text/jinja/markup.h"
#include "text/jinja/operators.h"
#include "text/jinja/to_text.h"
#include "text/jinja/unicode.h"

namespace hlwq::text::jinja {
namespace {

Value Default(Heap&, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("default", arguments, {"default_value", "boolean"});
  const bool is_replaced =
      filtered.Is(Kind::kUndefined) || (parameters.IsTrue(1, false) && !IsTrue(filtered));
  return is_replaced ? parameters.Or(0, Value::String("")) : filtered;
}

// Of an iterator, the first item that is left is taken out of it.
Value First(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters none("first", arguments, {});
  const Value nothing = Value::Undefined(Missing::kMessage, "No first item, sequence was empty.");
  if (filtered.Is(Kind::kIterator)) {
    Sequence& iterator = filtered.as<Sequence>();
    return iterator.next < iterator.items.size() ? iterator.items[iterator.next++] : nothing;
  }
  if (filtered.Is(Kind::kString)) {
    const std::string_view text = filtered.text();
    return text.empty() ? nothing : Value::String(text.substr(0, CodePointBytes(text, 0)));
  }
  const auto items = Items(heap, filtered);
  return items.empty() ? nothing : items.front();
}

void RequireReversible(const Value& value) {
  if (!IsIterable(value) || value.Is(Kind::kIterator) || value.Is(Kind::kLoop)) {
    Fail(fmt::format("'{}' object is not reversible", TypeName(value.kind())));
  }
}

Value Last(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters none("last", arguments, {});
  RequireReversible(filtered);
  const Value nothing = Value::Undefined(Missing::kMessage, "No last item, sequence was empty.");
  if (filtered.Is(Kind::kString)) {
    const std::string_view text = filtered.text();
    if (text.empty()) return nothing;
    return LikeMarkup(filtered, Value::String(text.substr(PreviousCodePoint(text, text.size()))));
  }
  const auto items = Items(heap, filtered);
  return items.empty() ? nothing : items.back();
}

std::vector<Value> Copied(Heap& heap, const Value& value) {
  const auto items = Items(heap, value);
  heap.Step(items.size());
  heap.Reserve(items.size() * sizeof(Value));
  return {items.begin(), items.end()};
}

Value ToList(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters none("list", arguments, {});
  return heap.List(Copied(heap, filtered));
}

Value Reverse(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters none("reverse", arguments, {});
  if (filtered.Is(Kind::kString)) {
    std::string reversed;
    const auto characters = Items(heap, filtered);
    for (size_t left = characters.size(); left > 0; --left) reversed += characters[left - 1].text();
    return LikeMarkup(filtered, heap.Text(std::move(reversed)));
  }
  std::vector<Value> items = Copied(heap, filtered);
  std::ranges::reverse(items);
  return heap.Iterator(std::move(items));
}

Value EntriesOf(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters none("items", arguments, {});
  std::vector<Value> entries;
  if (!filtered.Is(Kind::kUndefined)) {
    if (!filtered.Is(Kind::kDict)) Fail("Can only get item pairs from a mapping.");
    heap.Step(filtered.as<Dict>().size());
    for (const Dict::Entry& entry : filtered.as<Dict>().entries()) {
      entries.push_back(heap.Tuple({entry.key, entry.value}));
    }
  }
  return heap.Iterator(std::move(entries));
}

Value Batch(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("batch", arguments, {"linecount", "fill_with"}, 1);
  const int64_t size = parameters.Integer(0, 0);
  std::vector<Value> batches;
  std::vector<Value> batch;
  for (const Value& item : Items(heap, filtered)) {
    heap.Step();
    if (static_cast<int64_t>(batch.size()) == size) {
      batches.push_back(heap.List(std::move(batch)));
      batch.clear();
    }
    batch.push_back(item);
  }
  if (!batch.empty()) {
    while (parameters.IsSet(1) && static_cast<int64_t>(batch.size()) < size) {
      heap.Step();
      batch.push_back(parameters[1]);
    }
    batches.push_back(heap.List(std::move(batch)));
  }
  return heap.Iterator(std::move(batches));
}

Value Slice(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("slice", arguments, {"slices", "fill_with"}, 1);
  const int64_t count = parameters.Integer(0, 0);
  if (count == 0) Fail("integer division or modulo by zero");
  const std::vector<Value> items = Copied(heap, filtered);
  std::vector<Value> slices;
  size_t at = 0;
  for (int64_t slice = 0; slice < count; ++slice) {
    heap.Step();
    const auto slice_count = static_cast<size_t>(count);
    const bool has_extra = static_cast<size_t>(slice) < items.size() % slice_count;
    const size_t end = at + items.size() / slice_count + (has_extra ? 1 : 0);
    std::vector<Value> part(items.begin() + static_cast<std::ptrdiff_t>(at),
                            items.begin() + static_cast<std::ptrdiff_t>(end));
    if (parameters.IsSet(1) && !has_extra) part.push_back(parameters[1]);
    slices.push_back(heap.List(std::move(part)));
    at = end;
  }
  return heap.Iterator(std::move(slices));
}

// Like a dot, but without the items.
Value Attribute(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("attr", arguments, {"name"}, 1);
  const std::string_view name = parameters.Text(0, {});
  if (filtered.Is(Kind::kDict)) {
    const Value empty = Value::Of(Kind::kDict, heap.New<Dict>());
    const bool has_method = !GetAttribute(heap, empty, name).Is(Kind::kUndefined);
    if (!has_method) return Value::Undefined(Missing::kAttribute, name, filtered.kind());
  }
  return GetAttribute(heap, filtered, name);
}

struct Row {
  std::string_view name;
  FilterFunction filter;
};

constexpr Row kFilters[] = {
    {"attr", Attribute},  {"batch", Batch},     {"d", Default}, {"default", Default},
    {"first", First},     {"items", EntriesOf}, {"last", Last}, {"list", ToList},
    {"reverse", Reverse}, {"slice", Slice},
};

}  // namespace

FilterFunction FindSequenceFilter(std::string_view name) noexcept {
  for (const Row& row : kFilters) {
    if (row.name == name) return row.filter;
  }
  return nullptr;
}

}  // namespace hlwq::text::jinja
