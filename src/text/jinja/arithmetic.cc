// Apply, Negate and Positive of operators.h.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "text/jinja/format.h"
#include "text/jinja/heap.h"
#include "text/jinja/markup.h"
#include "text/jinja/operators.h"

namespace hlwq::text::jinja {
namespace {

std::string_view Symbol(BinaryOperator operation) {
  switch (operation) {
    case BinaryOperator::kAdd:
      return "+";
    case BinaryOperator::kSubtract:
      return "-";
    case BinaryOperator::kMultiply:
      return "*";
    case BinaryOperator::kDivide:
      return "/";
    case BinaryOperator::kFloorDivide:
      return "//";
    case BinaryOperator::kModulo:
      return "%";
    case BinaryOperator::kPower:
      return "** or pow()";
  }
  return "";
}

[[noreturn]] void FailOverflow() { Fail("an integer does not fit 64 bits"); }

[[noreturn]] void FailTypes(BinaryOperator operation, const Value& left, const Value& right) {
  Fail(fmt::format("unsupported operand type(s) for {}: '{}' and '{}'", Symbol(operation),
                   TypeName(left.kind()), TypeName(right.kind())));
}

int64_t FloorDivide(int64_t left, int64_t right) {
  if (right == -1) {
    if (left == std::numeric_limits<int64_t>::min()) FailOverflow();
    return -left;
  }
  const int64_t quotient = left / right;
  return left % right != 0 && (left < 0) != (right < 0) ? quotient - 1 : quotient;
}

// The remainder has the sign of the divisor.
int64_t Modulo(int64_t left, int64_t right) {
  if (right == -1) return 0;
  const int64_t rest = left % right;
  return rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest;
}

double Modulo(double left, double right) {
  const double rest = std::fmod(left, right);
  if (rest == 0) return std::copysign(0.0, right);
  return (rest < 0) != (right < 0) ? rest + right : rest;
}

double FloorDivide(double left, double right) {
  const double quotient = (left - Modulo(left, right)) / right;
  if (quotient == 0) return std::copysign(0.0, left / right);
  const double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

Value Power(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) Fail("0.0 cannot be raised to a negative power");
    return Value::Float(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  int64_t power = 1;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 != 0 && __builtin_mul_overflow(power, base, &power)) FailOverflow();
    if (exponent > 1 && __builtin_mul_overflow(base, base, &base)) FailOverflow();
  }
  return Value::Integer(power);
}

Value ApplyIntegers(BinaryOperator operation, int64_t left, int64_t right) {
  int64_t result = 0;
  bool overflows = false;
  switch (operation) {
    case BinaryOperator::kAdd:
      overflows = __builtin_add_overflow(left, right, &result);
      break;
    case BinaryOperator::kSubtract:
      overflows = __builtin_sub_overflow(left, right, &result);
      break;
    case BinaryOperator::kMultiply:
      overflows = __builtin_mul_overflow(left, right, &result);
      break;
    case BinaryOperator::kDivide:
      if (right == 0) Fail("division by zero");
      return Value::Float(static_cast<double>(left) / static_cast<double>(right));
    case BinaryOperator::kFloorDivide:
      if (right == 0) Fail("integer division or modulo by zero");
      return Value::Integer(FloorDivide(left, right));
    case BinaryOperator::kModulo:
      if (right == 0) Fail("integer modulo by zero");
      return Value::Integer(Modulo(left, right));
    case BinaryOperator::kPower:
      return Power(left, right);
  }
  if (overflows) FailOverflow();
  return Value::Integer(result);
}

Value ApplyFloats(BinaryOperator operation, double left, double right) {
  switch (operation) {
    case BinaryOperator::kAdd:
      return Value::Float(left + right);
    case BinaryOperator::kSubtract:
      return Value::Float(left - right);
    case BinaryOperator::kMultiply:
      return Value::Float(left * right);
    case BinaryOperator::kDivide:
      if (right == 0) Fail("float division by zero");
      return Value::Float(left / right);
    case BinaryOperator::kFloorDivide:
      if (right == 0) Fail("float floor division by zero");
      return Value::Float(FloorDivide(left, right));
    case BinaryOperator::kModulo:
      if (right == 0) Fail("float modulo");
      return Value::Float(Modulo(left, right));
    case BinaryOperator::kPower: {
      if (left == 0 && right < 0) Fail("0.0 cannot be raised to a negative power");
      const double power = std::pow(left, right);
      if (std::isnan(power) && !std::isnan(left) && !std::isnan(right)) {
        Fail("the power is a complex number");
      }
      if (std::isinf(power) && std::isfinite(left) && std::isfinite(right)) {
        Fail("the power is out of range");
      }
      return Value::Float(power);
    }
  }
  return Value::None();
}

size_t Count(int64_t times) { return times < 0 ? 0 : static_cast<size_t>(times); }

size_t CheckedTotal(size_t size, size_t times) {
  size_t total = 0;
  if (__builtin_mul_overflow(size, times, &total) || total > size_t{1} << 40) {
    Fail("a repetition too long");
  }
  return total;
}

Value Repeat(Heap& heap, const Value& repeated, int64_t times) {
  if (repeated.Is(Kind::kString)) {
    const std::string_view text = repeated.text();
    const size_t bytes = CheckedTotal(text.size(), Count(times));
    heap.Reserve(bytes);
    heap.StepText(bytes);
    std::string result;
    result.reserve(bytes);
    while (result.size() < bytes) result += text;
    return LikeMarkup(repeated, heap.Text(std::move(result)));
  }
  const std::vector<Value>& items = repeated.as<Sequence>().items;
  const size_t count = CheckedTotal(items.size(), Count(times));
  heap.Reserve(count * sizeof(Value));
  heap.Step(count);
  std::vector<Value> result;
  result.reserve(count);
  while (result.size() < count) result.insert(result.end(), items.begin(), items.end());
  return heap.NewSequence(repeated.kind(), std::move(result));
}

bool CanRepeat(const Value& value) {
  return value.Is(Kind::kString) || value.Is(Kind::kList) || value.Is(Kind::kTuple);
}

Value Concatenate(Heap& heap, const Value& left, const Value& right) {
  if (left.Is(Kind::kString)) {
    if (left.is_markup() != right.is_markup()) {
      return Concatenate(heap, Escaped(heap, left), Escaped(heap, right));
    }
    heap.StepText(left.text().size() + right.text().size());
    std::string text;
    text.reserve(left.text().size() + right.text().size());
    return LikeMarkup(left, heap.Text(std::move(text.append(left.text()).append(right.text()))));
  }
  std::vector<Value> items = left.as<Sequence>().items;
  const std::vector<Value>& more = right.as<Sequence>().items;
  heap.Step(items.size() + more.size());
  items.insert(items.end(), more.begin(), more.end());
  return heap.NewSequence(left.kind(), std::move(items));
}

}  // namespace

Value Apply(Heap& heap, BinaryOperator operation, const Value& left, const Value& right) {
  if (operation == BinaryOperator::kModulo && left.Is(Kind::kString)) {
    return FormatPercent(heap, left, right);
  }
  RequireDefined(left);
  RequireDefined(right);
  if (left.IsIntegral() && right.IsIntegral()) {
    return ApplyIntegers(operation, left.integer(), right.integer());
  }
  if (left.IsNumber() && right.IsNumber()) {
    return ApplyFloats(operation, left.number(), right.number());
  }
  if (operation == BinaryOperator::kAdd && left.kind() == right.kind() && CanRepeat(left)) {
    return Concatenate(heap, left, right);
  }
  if (operation == BinaryOperator::kAdd && left.Is(Kind::kString)) {
    Fail(fmt::format("can only concatenate str (not \"{}\") to str", TypeName(right.kind())));
  }
  if (operation == BinaryOperator::kMultiply) {
    if (CanRepeat(left) && right.IsIntegral()) return Repeat(heap, left, right.integer());
    if (CanRepeat(right) && left.IsIntegral()) return Repeat(heap, right, left.integer());
  }
  FailTypes(operation, left, right);
}

Value Negate(const Value& operand) {
  RequireDefined(operand);
  if (operand.Is(Kind::kFloat)) return Value::Float(-operand.number());
  if (!operand.IsIntegral()) {
    Fail(fmt::format("bad operand type for unary -: '{}'", TypeName(operand.kind())));
  }
  if (operand.integer() == std::numeric_limits<int64_t>::min()) FailOverflow();
  return Value::Integer(-operand.integer());
}

Value Positive(const Value& operand) {
  RequireDefined(operand);
  if (operand.Is(Kind::kFloat)) return operand;
  if (!operand.IsIntegral()) {
    Fail(fmt::format("bad operand type for unary +: '{}'", TypeName(operand.kind())));
  }
  return Value::Integer(operand.integer());
}

}  // namespace hlwq::text::jinja
