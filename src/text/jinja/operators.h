// Python's operators on values.
#pragma once

#include "text/jinja/value.h"

namespace hlwq::text::jinja {

class Heap;

enum class BinaryOperator : uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kModulo,
  kPower,
};

enum class CompareOperator : uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn,
};

// bool(): false for undefined, none, zero and what is empty; true for an iterator, walked or not.
bool IsTrue(const Value& value);

// Throws Error{kInvalidData} on an undefined operand, a pair of types without that operator, an
// integer beyond 64 bits, a division by zero.
Value Apply(Heap& heap, BinaryOperator operation, const Value& left, const Value& right);
Value Negate(const Value& operand);
Value Positive(const Value& operand);

// Throws Error{kInvalidData} for an order between types that have none.
bool Compare(Heap& heap, CompareOperator operation, const Value& left, const Value& right);
bool IsEqual(Heap& heap, const Value& left, const Value& right);
bool Contains(Heap& heap, const Value& container, const Value& item);
// Python's `is`: the same object, not an equal one.
bool IsSame(const Value& left, const Value& right);

// Throws Error{kInvalidData} with the message that says why `value` is undefined.
[[noreturn]] void FailUndefined(const Value& value);
// Throws so when the value is undefined.
inline void RequireDefined(const Value& value) {
  if (value.Is(Kind::kUndefined)) FailUndefined(value);
}

}  // namespace hlwq::text::jinja
