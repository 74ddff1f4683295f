#include "text/jinja/loop.h"

#include "text/jinja/arguments.h"
#include "text/jinja/heap.h"
#include "text/jinja/operators.h"

namespace hlwq::text::jinja {
namespace {

Value Cycle(Heap&, const Value& self, const Arguments& arguments) {
  if (!arguments.keywords.empty()) Fail("cycle() takes no keyword arguments");
  if (arguments.positional.empty()) Fail("no items for cycling given");
  return arguments.positional[self.as<Loop>().index0 % arguments.positional.size()];
}

Value Changed(Heap& heap, const Value& self, const Arguments& arguments) {
  if (!arguments.keywords.empty()) Fail("changed() takes no keyword arguments");
  Loop& loop = self.as<Loop>();
  const Value values = heap.Tuple(arguments.positional);
  if (loop.last_changed && IsEqual(heap, *loop.last_changed, values)) return Value::Bool(false);
  loop.last_changed = values;
  return Value::Bool(true);
}

Value Count(size_t count) { return Value::Integer(static_cast<int64_t>(count)); }

}  // namespace

const Value* Loop::Next() {
  if (!peeked_) {
    const Value* found = nullptr;
    while (found == nullptr && unread_ < items.size()) {
      const Value& item = items[unread_++];
      if (!keeps || keeps(item)) found = &item;
    }
    peeked_ = found;
  }
  return *peeked_;
}

bool Loop::Advance() {
  const Value* const next = Next();
  if (next == nullptr) return false;
  peeked_.reset();
  if (current != nullptr) ++index0;
  previous = current;
  current = next;
  return true;
}

size_t Loop::Length(Heap& heap) {
  const size_t walked = current == nullptr ? 0 : index0 + 1;
  if (keeps) {  // asked once for each item: what is left becomes the list to walk
    std::vector<Value> left;
    for (; Next() != nullptr; peeked_.reset()) left.push_back(*Next());
    peeked_.reset();
    items = heap.List(std::move(left)).as<Sequence>().items;
    keeps = nullptr;
    unread_ = 0;
  }
  return walked + (peeked_.has_value() && *peeked_ != nullptr ? 1 : 0) + items.size() - unread_;
}

std::optional<Value> LoopAttribute(Heap& heap, const Value& value, std::string_view name) {
  Loop& loop = value.as<Loop>();
  if (name == "index") return Count(loop.index0 + 1);
  if (name == "index0") return Count(loop.index0);
  if (name == "first") return Value::Bool(loop.index0 == 0);
  if (name == "last") return Value::Bool(loop.Next() == nullptr);
  if (name == "length") return Count(loop.Length(heap));
  if (name == "revindex") return Count(loop.Length(heap) - loop.index0);
  if (name == "revindex0") return Count(loop.Length(heap) - loop.index0 - 1);
  if (name == "depth") return Value::Integer(1);
  if (name == "depth0") return Value::Integer(0);
  if (name == "previtem") {
    return loop.previous != nullptr
               ? *loop.previous
               : Value::Undefined(Missing::kMessage, "there is no previous item");
  }
  if (name == "nextitem") {
    return loop.Next() != nullptr ? *loop.Next()
                                  : Value::Undefined(Missing::kMessage, "there is no next item");
  }
  if (name == "cycle") return heap.BoundMethod(value, Cycle);
  if (name == "changed") return heap.BoundMethod(value, Changed);
  return std::nullopt;
}

}  // namespace hlwq::text::jinja
