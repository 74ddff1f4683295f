// The variable `loop` of a for statement.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace hlwq::text::jinja {

class Heap;

// Walks items, leaving out those the condition of the loop refuses. The condition is asked no
// earlier than needed, as in Jinja: it may depend on what the body does.
struct Loop final : Object {
  using Condition = std::function<bool(const Value&)>;

  Loop(std::span<const Value> walked, Condition condition)
      : items(walked), keeps(std::move(condition)) {}

  // Goes to the first or the next item; false when there is none.
  bool Advance();
  // The item after the current one; null when there is none.
  const Value* Next();
  // Of all items that the condition keeps, which is asked for all that are left.
  size_t Length(Heap& heap);

  std::span<const Value> items;
  Condition keeps;  // empty: all
  size_t index0 = 0;
  const Value* current = nullptr;
  const Value* previous = nullptr;
  std::optional<Value> last_changed;

 private:
  size_t unread_ = 0;                   // index of the first item not asked about
  std::optional<const Value*> peeked_;  // what Next has found
};

// `loop.name`: index, index0, revindex, revindex0, first, last, length, depth, depth0, previtem,
// nextitem, cycle, changed. Empty when there is no such attribute.
std::optional<Value> LoopAttribute(Heap& heap, const Value& loop, std::string_view name);

}  // namespace hlwq::text::jinja
