#include "text/jinja/tests.h"

#include <fmt/format.h>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/case_methods.h"
#include "text/jinja/filters.h"
#include "text/jinja/heap.h"
#include "text/jinja/operators.h"
#include "text/jinja/to_text.h"

namespace hlwq::text::jinja {
namespace {

void TakesNothing(const Arguments& arguments) { const Parameters none("the test", arguments, {}); }

const Value& TheOne(const Arguments& arguments) {
  return Parameters("the test", arguments, {"other"}, 1)[0];
}

template <Kind... kinds>
bool IsKind(Heap&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return (value.Is(kinds) || ...);
}

bool IsDefined(Heap&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return !value.Is(Kind::kUndefined);
}

template <bool wanted>
bool IsBool(Heap&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return value.Is(Kind::kBool) && value.boolean() == wanted;
}

bool IsNumberTest(Heap&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return value.IsNumber();
}

bool IsSequenceTest(Heap&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  switch (value.kind()) {
    case Kind::kUndefined:  // it has a length, and refuses only when asked for an item
    case Kind::kString:
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kRange:
    case Kind::kDict:
      return true;
    default:
      return false;
  }
}

bool IsIterableTest(Heap&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return IsIterable(value);
}

bool IsCallable(Heap&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  switch (value.kind()) {
    case Kind::kUndefined:  // it can be called, which then fails
    case Kind::kLoop:
    case Kind::kMacro:
    case Kind::kFunction:
    case Kind::kMethod:
    case Kind::kJoiner:
      return true;
    default:
      return false;
  }
}

bool HasRemainder(Heap& heap, const Value& value, const Value& divisor, int64_t wanted) {
  const Value rest = Apply(heap, BinaryOperator::kModulo, value, divisor);
  return rest.IsNumber() && rest.number() == static_cast<double>(wanted);
}

template <int64_t wanted>
bool HasParity(Heap& heap, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return HasRemainder(heap, value, Value::Integer(2), wanted);
}

bool IsDivisibleBy(Heap& heap, const Value& value, const Arguments& arguments) {
  return HasRemainder(heap, value, TheOne(arguments), 0);
}

template <CompareOperator operation>
bool Compares(Heap& heap, const Value& value, const Arguments& arguments) {
  return Compare(heap, operation, value, TheOne(arguments));
}

bool IsSameAs(Heap&, const Value& value, const Arguments& arguments) {
  return IsSame(value, TheOne(arguments));
}

bool IsUpperTest(Heap& heap, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return IsAllUpper(ToText(heap, value));
}

bool IsLowerTest(Heap& heap, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return IsAllLower(ToText(heap, value));
}

bool IsEscaped(Heap&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return value.is_markup();
}

bool IsFilter(Heap&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return value.Is(Kind::kString) && FindFilter(value.text()) != nullptr;
}

bool IsTest(Heap&, const Value& value, const Arguments& arguments) {
  TakesNothing(arguments);
  return value.Is(Kind::kString) && FindTest(value.text()) != nullptr;
}

struct Row {
  std::string_view name;
  TestFunction test;
};

constexpr Row kTests[] = {
    {"!=", Compares<CompareOperator::kNotEqual>},
    {"<", Compares<CompareOperator::kLess>},
    {"<=", Compares<CompareOperator::kLessEqual>},
    {"==", Compares<CompareOperator::kEqual>},
    {">", Compares<CompareOperator::kGreater>},
    {">=", Compares<CompareOperator::kGreaterEqual>},
    {"boolean", IsKind<Kind::kBool>},
    {"callable", IsCallable},
    {"defined", IsDefined},
    {"divisibleby", IsDivisibleBy},
    {"eq", Compares<CompareOperator::kEqual>},
    {"equalto", Compares<CompareOperator::kEqual>},
    {"escaped", IsEscaped},
    {"even", HasParity<0>},
    {"false", IsBool<false>},
    {"filter", IsFilter},
    {"float", IsKind<Kind::kFloat>},
    {"ge", Compares<CompareOperator::kGreaterEqual>},
    {"greaterthan", Compares<CompareOperator::kGreater>},
    {"gt", Compares<CompareOperator::kGreater>},
    {"in", Compares<CompareOperator::kIn>},
    {"integer", IsKind<Kind::kInteger>},
    {"iterable", IsIterableTest},
    {"le", Compares<CompareOperator::kLessEqual>},
    {"lessthan", Compares<CompareOperator::kLess>},
    {"lower", IsLowerTest},
    {"lt", Compares<CompareOperator::kLess>},
    {"mapping", IsKind<Kind::kDict>},
    {"ne", Compares<CompareOperator::kNotEqual>},
    {"none", IsKind<Kind::kNone>},
    {"number", IsNumberTest},
    {"odd", HasParity<1>},
    {"sameas", IsSameAs},
    {"sequence", IsSequenceTest},
    {"string", IsKind<Kind::kString>},
    {"test", IsTest},
    {"true", IsBool<true>},
    {"undefined", IsKind<Kind::kUndefined>},
    {"upper", IsUpperTest},
};

}  // namespace

TestFunction FindTest(std::string_view name) noexcept {
  for (const Row& row : kTests) {
    if (row.name == name) return row.test;
  }
  return nullptr;
}

}  // namespace hlwq::text::jinja
