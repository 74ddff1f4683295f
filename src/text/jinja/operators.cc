#include "text/jinja/operators.h"

#include <fmt/format.h>

#include <algorithm>
#include <compare>

#include "text/jinja/access.h"
#include "text/jinja/heap.h"
#include "text/jinja/loop.h"

namespace hlwq::text::jinja {
namespace {

constexpr int kMaxDepth = 100;

std::string_view Symbol(CompareOperator operation) {
  switch (operation) {
    case CompareOperator::kLess:
      return "<";
    case CompareOperator::kLessEqual:
      return "<=";
    case CompareOperator::kGreater:
      return ">";
    default:
      return ">=";
  }
}

bool Equals(Heap& heap, const Value& left, const Value& right, int depth);

bool ItemsEqual(Heap& heap, const Sequence& left, const Sequence& right, int depth) {
  if (left.items.size() != right.items.size()) return false;
  for (size_t index = 0; index < left.items.size(); ++index) {
    if (!Equals(heap, left.items[index], right.items[index], depth + 1)) return false;
  }
  return true;
}

bool DictsEqual(Heap& heap, const Dict& left, const Dict& right, int depth) {
  if (left.size() != right.size()) return false;
  for (const Dict::Entry& entry : left.entries()) {
    const Value* const other = right.Find(entry.key);
    if (other == nullptr || !Equals(heap, entry.value, *other, depth + 1)) return false;
  }
  return true;
}

bool Equals(Heap& heap, const Value& left, const Value& right, int depth) {
  if (depth > kMaxDepth) Fail("comparison of what is nested deeper than 100");
  heap.Step();
  if (left.IsIntegral() && right.IsIntegral()) return left.integer() == right.integer();
  if (left.IsNumber() && right.IsNumber()) return left.number() == right.number();
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return true;
    case Kind::kString:
      heap.StepText(left.text().size());
      return left.text() == right.text();
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kRange:
      return ItemsEqual(heap, left.as<Sequence>(), right.as<Sequence>(), depth);
    case Kind::kDict:
      return DictsEqual(heap, left.as<Dict>(), right.as<Dict>(), depth);
    default:
      return IsSame(left, right);
  }
}

// Of values that have an order; NaN has none and gives unordered.
std::partial_ordering Order(Heap& heap, CompareOperator operation, const Value& left,
                            const Value& right, int depth) {
  if (depth > kMaxDepth) Fail("comparison of what is nested deeper than 100");
  RequireDefined(left);
  RequireDefined(right);
  heap.Step();
  if (left.IsIntegral() && right.IsIntegral()) return left.integer() <=> right.integer();
  if (left.IsNumber() && right.IsNumber()) return left.number() <=> right.number();
  if (left.Is(Kind::kString) && right.Is(Kind::kString)) {
    heap.StepText(std::min(left.text().size(), right.text().size()));
    return left.text() <=> right.text();  // UTF-8 sorts as its code points do
  }
  const bool is_list = left.Is(Kind::kList) && right.Is(Kind::kList);
  if (is_list || (left.Is(Kind::kTuple) && right.Is(Kind::kTuple))) {
    const auto& a = left.as<Sequence>().items;
    const auto& b = right.as<Sequence>().items;
    for (size_t index = 0; index < std::min(a.size(), b.size()); ++index) {
      if (!Equals(heap, a[index], b[index], depth + 1)) {
        return Order(heap, operation, a[index], b[index], depth + 1);
      }
    }
    return a.size() <=> b.size();
  }
  Fail(fmt::format("'{}' not supported between instances of '{}' and '{}'", Symbol(operation),
                   TypeName(left.kind()), TypeName(right.kind())));
}

}  // namespace

void FailUndefined(const Value& value) {
  switch (value.missing()) {
    case Missing::kVariable:
      Fail(fmt::format("'{}' is undefined", value.text()));
    case Missing::kAttribute:
      if (value.owner() == Kind::kNone)
        Fail(fmt::format("None has no attribute '{}'", value.text()));
      Fail(fmt::format("'{} object' has no attribute '{}'", TypeName(value.owner()), value.text()));
    case Missing::kMessage:
      break;
  }
  Fail(std::string(value.text()));
}

bool IsTrue(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
    case Kind::kInteger:
      return value.integer() != 0;
    case Kind::kFloat:
      return value.number() != 0;
    case Kind::kString:
      return !value.text().empty();
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kRange:
    case Kind::kView:
      return !value.as<Sequence>().items.empty();
    case Kind::kDict:
      return value.as<Dict>().size() != 0;
    default:
      return true;
  }
}

bool IsSame(const Value& left, const Value& right) {
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::kUndefined:
      return false;
    case Kind::kNone:
      return true;
    case Kind::kBool:
    case Kind::kInteger:
      return left.integer() == right.integer();
    case Kind::kFloat:
      return left.number() == right.number();
    case Kind::kString:
      return left.text() == right.text();
    case Kind::kFunction:
      return left.function() == right.function();
    default:
      return left.object() == right.object();
  }
}

bool IsEqual(Heap& heap, const Value& left, const Value& right) {
  return Equals(heap, left, right, 0);
}

bool Contains(Heap& heap, const Value& container, const Value& item) {
  switch (container.kind()) {
    case Kind::kString:
      if (!item.Is(Kind::kString)) {
        Fail(fmt::format("'in <string>' requires string as left operand, not {}",
                         TypeName(item.kind())));
      }
      heap.StepText(container.text().size() + item.text().size());
      return container.text().find(item.text()) != std::string_view::npos;
    case Kind::kDict:
      return container.as<Dict>().Find(item) != nullptr;
    default: {
      const auto items = Items(heap, container, "argument of type '{}' is not iterable");
      return std::ranges::any_of(items, [&](const Value& one) { return IsEqual(heap, one, item); });
    }
  }
}

bool Compare(Heap& heap, CompareOperator operation, const Value& left, const Value& right) {
  switch (operation) {
    case CompareOperator::kEqual:
      return IsEqual(heap, left, right);
    case CompareOperator::kNotEqual:
      return !IsEqual(heap, left, right);
    case CompareOperator::kIn:
      return Contains(heap, right, left);
    case CompareOperator::kNotIn:
      return !Contains(heap, right, left);
    case CompareOperator::kLess:
      return Order(heap, operation, left, right, 0) < 0;
    case CompareOperator::kLessEqual:
      return Order(heap, operation, left, right, 0) <= 0;
    case CompareOperator::kGreater:
      return Order(heap, operation, left, right, 0) > 0;
    case CompareOperator::kGreaterEqual:
      return Order(heap, operation, left, right, 0) >= 0;
  }
  return false;
}

}  // namespace hlwq::text::jinja
