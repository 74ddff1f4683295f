#include "text/jinja/access.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/heap.h"
#include "text/jinja/loop.h"
#include "text/jinja/markup.h"
#include "text/jinja/methods.h"
#include "text/jinja/operators.h"
#include "text/jinja/to_text.h"
#include "text/jinja/unicode.h"

namespace hlwq::text::jinja {
namespace {

std::span<const Value> Characters(Heap& heap, std::string_view text) {
  heap.Step(text.size());
  heap.Reserve(text.size() * 2 * sizeof(Value));
  std::vector<Value> characters;
  for (const std::string_view character : SplitCodePoints(text)) {
    characters.push_back(Value::String(character));
  }
  return heap.List(std::move(characters)).as<Sequence>().items;
}

std::span<const Value> Keys(Heap& heap, const Dict& dict) {
  heap.Step(dict.size());
  std::vector<Value> keys;
  keys.reserve(dict.size());
  for (const Dict::Entry& entry : dict.entries()) keys.push_back(entry.key);
  return heap.List(std::move(keys)).as<Sequence>().items;
}

// The item itself; empty when there is none or the object has no items of such a key.
std::optional<Value> FindItem(Heap& heap, const Value& object, const Value& key) {
  if (object.Is(Kind::kDict)) {
    if (const Value* found = object.as<Dict>().Find(key)) return *found;
    return std::nullopt;
  }
  if (!key.IsIntegral()) return std::nullopt;
  if (object.Is(Kind::kString)) {
    const std::string_view text = object.text();
    heap.StepText(text.size());
    int64_t index = key.integer();
    if (index < 0) index += static_cast<int64_t>(CountCodePoints(text));
    if (index < 0) return std::nullopt;
    const size_t at = OffsetOf(text, static_cast<size_t>(index));
    if (at == text.size()) return std::nullopt;
    return LikeMarkup(object, Value::String(text.substr(at, CodePointBytes(text, at))));
  }
  if (!object.Is(Kind::kList) && !object.Is(Kind::kTuple) && !object.Is(Kind::kRange)) {
    return std::nullopt;
  }
  const std::vector<Value>& items = object.as<Sequence>().items;
  int64_t index = key.integer();
  if (index < 0) index += static_cast<int64_t>(items.size());
  if (index < 0 || index >= static_cast<int64_t>(items.size())) return std::nullopt;
  return items[static_cast<size_t>(index)];
}

std::optional<Value> FindAttribute(Heap& heap, const Value& object, std::string_view name) {
  switch (object.kind()) {
    case Kind::kLoop:
      return LoopAttribute(heap, object, name);
    case Kind::kNamespace:
      if (const Value* found = object.as<Namespace>().members.Find(name)) return *found;
      return std::nullopt;
    case Kind::kMacro:
      if (name == "name") return Value::String(object.as<Macro>().name);
      return std::nullopt;
    case Kind::kCycler:
      if (name == "current") return object.as<Cycler>().items[object.as<Cycler>().at];
      break;
    case Kind::kTuple:
      if (object.as<Sequence>().name == kGroupName) {
        if (name == "grouper") return object.as<Sequence>().items[0];
        if (name == "list") return object.as<Sequence>().items[1];
      }
      break;
    default:
      break;
  }
  if (const MethodFunction method = FindMethod(object.kind(), name)) {
    return heap.BoundMethod(object, method);
  }
  if (IsForbidden(object.kind(), name)) {
    return Value::Undefined(
        Missing::kMessage,
        heap.Text(fmt::format("access to attribute '{}' of '{}' object is unsafe.", name,
                              TypeName(object.kind())))
            .text());
  }
  return std::nullopt;
}

// The indices that a slice takes, as Python counts them.
template <typename Take>
void ForEachIndex(Heap& heap, size_t count, const SliceBounds& bounds, const Take& take) {
  const auto size = static_cast<int64_t>(count);
  const int64_t step = bounds.step.value_or(1);
  if (step == 0) Fail("slice step cannot be zero");
  const bool is_forward = step > 0;
  const int64_t lowest = is_forward ? 0 : -1;
  const int64_t highest = is_forward ? size : size - 1;
  const auto place = [&](std::optional<int64_t> bound, int64_t otherwise) {
    if (!bound) return otherwise;
    return std::clamp(*bound < 0 ? *bound + size : *bound, lowest, highest);
  };
  const int64_t start = place(bounds.start, is_forward ? lowest : highest);
  const int64_t stop = place(bounds.stop, is_forward ? highest : lowest);
  for (int64_t index = start; is_forward ? index < stop : index > stop;) {
    heap.Step();
    take(static_cast<size_t>(index));
    if (__builtin_add_overflow(index, step, &index)) break;
  }
}

Value SliceText(Heap& heap, std::string_view text, const SliceBounds& bounds) {
  heap.StepText(text.size());
  const size_t count = CountCodePoints(text);
  if (bounds.step.value_or(1) == 1) {  // a part of it: no copy
    const auto place = [&](std::optional<int64_t> bound, size_t otherwise) {
      if (!bound) return otherwise;
      const auto size = static_cast<int64_t>(count);
      return static_cast<size_t>(std::clamp(*bound < 0 ? *bound + size : *bound, int64_t{0}, size));
    };
    const size_t start = place(bounds.start, 0);
    const size_t stop = place(bounds.stop, count);
    if (start >= stop) return Value::String("");
    const size_t first = OffsetOf(text, start);
    return Value::String(text.substr(first, OffsetOf(text.substr(first), stop - start)));
  }
  heap.Step(count);
  heap.Reserve(count * sizeof(std::string_view));
  const std::vector<std::string_view> characters = SplitCodePoints(text);
  std::string sliced;
  ForEachIndex(heap, count, bounds, [&](size_t index) { sliced += characters[index]; });
  return heap.Text(std::move(sliced));
}

}  // namespace

std::span<const Value> Items(Heap& heap, const Value& value, std::string_view message) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return {};
    case Kind::kString:
      return Characters(heap, value.text());
    case Kind::kDict:
      return Keys(heap, value.as<Dict>());
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kRange:
    case Kind::kView:
      return value.as<Sequence>().items;
    case Kind::kIterator: {
      Sequence& iterator = value.as<Sequence>();
      const size_t start = iterator.next;
      iterator.next = iterator.items.size();
      return std::span<const Value>(iterator.items).subspan(start);
    }
    default:
      Fail(fmt::format(fmt::runtime(message), TypeName(value.kind())));
  }
}

bool IsIterable(const Value& value) noexcept {
  return value.Is(Kind::kUndefined) || value.Is(Kind::kString) || value.Is(Kind::kDict) ||
         value.Is(Kind::kLoop) || value.IsSequence();
}

std::optional<size_t> Length(Heap& heap, const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return 0;
    case Kind::kString:
      heap.StepText(value.text().size());
      return CountCodePoints(value.text());
    case Kind::kDict:
      return value.as<Dict>().size();
    case Kind::kLoop:
      return value.as<Loop>().Length(heap);
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kRange:
    case Kind::kView:
      return value.as<Sequence>().items.size();
    default:
      return std::nullopt;
  }
}

Value GetItem(Heap& heap, const Value& object, const Value& key) {
  RequireDefined(object);
  const bool is_hashable = !object.Is(Kind::kDict) || key.IsNumber() || key.Is(Kind::kString) ||
                           key.Is(Kind::kNone) || key.Is(Kind::kTuple);
  if (is_hashable) {
    if (const auto item = FindItem(heap, object, key)) return *item;
  }
  if (key.Is(Kind::kString)) {
    if (const auto attribute = FindAttribute(heap, object, key.text())) return *attribute;
    return Value::Undefined(Missing::kAttribute, key.text(), object.kind());
  }
  return Value::Undefined(Missing::kMessage,
                          heap.Text(fmt::format("{} object has no element {}",
                                                TypeName(object.kind()), Repr(heap, key)))
                              .text());
}

Value GetAttribute(Heap& heap, const Value& object, std::string_view name) {
  RequireDefined(object);
  if (const auto attribute = FindAttribute(heap, object, name)) return *attribute;
  if (const auto item = FindItem(heap, object, Value::String(name))) return *item;
  return Value::Undefined(Missing::kAttribute, name, object.kind());
}

Value GetSlice(Heap& heap, const Value& object, const SliceBounds& bounds) {
  RequireDefined(object);
  if (object.Is(Kind::kString)) return LikeMarkup(object, SliceText(heap, object.text(), bounds));
  if (!object.Is(Kind::kList) && !object.Is(Kind::kTuple) && !object.Is(Kind::kRange)) {
    Fail(fmt::format("'{}' object cannot be sliced", TypeName(object.kind())));
  }
  const std::vector<Value>& items = object.as<Sequence>().items;
  std::vector<Value> sliced;
  ForEachIndex(heap, items.size(), bounds, [&](size_t index) { sliced.push_back(items[index]); });
  return heap.NewSequence(object.kind(), std::move(sliced));
}

}  // namespace hlwq::text::jinja
