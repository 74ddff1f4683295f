// Parts of values: items, attributes, slices.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "text/jinja/value.h"

namespace hlwq::text::jinja {

class Heap;

// What a for loop walks: the items of a list, the keys of a dict, the characters of a string; what
// is left of an iterator, which then is at its end. Nothing for undefined. Lives as long as the
// heap. Throws Error{kInvalidData} for what cannot be walked, with `message` when given, which
// holds a {} for the type.
std::span<const Value> Items(Heap& heap, const Value& value,
                             std::string_view message = "'{}' object is not iterable");
bool IsIterable(const Value& value) noexcept;

// len(): empty for what has none.
std::optional<size_t> Length(Heap& heap, const Value& value);

// `object[key]`: the item, or the attribute of that name, or else undefined. Throws
// Error{kInvalidData} when the object itself is undefined.
Value GetItem(Heap& heap, const Value& object, const Value& key);

// `object.name`: the attribute (a method, mostly), or the item of that key, or else undefined.
// Methods that change a list or a dict are undefined, as in the sandbox of Jinja.
Value GetAttribute(Heap& heap, const Value& object, std::string_view name);

struct SliceBounds {
  std::optional<int64_t> start, stop, step;
};
// `object[start:stop:step]` of a string, a list, a tuple or a range.
Value GetSlice(Heap& heap, const Value& object, const SliceBounds& bounds);

}  // namespace hlwq::text::jinja
