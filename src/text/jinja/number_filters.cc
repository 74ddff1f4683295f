// Filters that give a number.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/attribute_path.h"
#include "text/jinja/filters.h"
#include "text/jinja/heap.h"
#include "text/jinja/literals.h"
#include "text/jinja/operators.h"
#include "text/jinja/unicode.h"

namespace hlwq::text::jinja {
namespace {

// Without white space at the ends and underscores between digits; empty when it has others.
std::string NumberCharacters(std::string_view text) {
  text = StripSpace(text);
  std::string characters;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '_') {
      const bool is_between = at > 0 && at + 1 < text.size() && text[at - 1] != '_' &&
                              IsDigit(static_cast<uint8_t>(text[at + 1]));
      if (!is_between) return {};
    } else {
      characters += text[at];
    }
  }
  return characters;
}

// Python's int(text, base); empty when it is none.
std::optional<int64_t> ParseInteger(std::string_view text, int base) {
  const std::string characters = NumberCharacters(text);
  std::string_view digits = characters;
  const bool is_negative = digits.starts_with('-');
  if (is_negative || digits.starts_with('+')) digits.remove_prefix(1);
  const std::string prefix = ToLower(digits.substr(0, 2));
  for (const auto& [name, of] : {std::pair("0x", 16), std::pair("0o", 8), std::pair("0b", 2)}) {
    if (prefix == name && (base == of || base == 0)) {
      base = of;
      digits.remove_prefix(2);
      break;
    }
  }
  uint64_t magnitude = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] =
      std::from_chars(digits.data(), end, magnitude, base == 0 ? 10 : base);
  if (error == std::errc::result_out_of_range ||
      (error == std::errc() && stopped == end && magnitude > (uint64_t{1} << 63) - 1)) {
    Fail("an integer does not fit 64 bits");
  }
  if (error != std::errc() || stopped != end) return std::nullopt;
  return is_negative ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
}

// Python's float(text); empty when it is none.
std::optional<double> ParseSignedFloat(std::string_view text) {
  const std::string characters = NumberCharacters(text);
  std::string_view digits = characters;
  const bool is_negative = digits.starts_with('-');
  if (is_negative || digits.starts_with('+')) digits.remove_prefix(1);
  const std::optional<double> number = ParseFloat(digits);
  return number && is_negative ? std::optional(-*number) : number;
}

std::optional<int64_t> Truncated(double number) {
  if (std::isnan(number) || std::isinf(number)) return std::nullopt;
  if (!(std::abs(number) < 0x1p63)) Fail("an integer does not fit 64 bits");
  return static_cast<int64_t>(number);
}

Value ToInteger(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("int", arguments, {"default", "base"});
  RequireDefined(filtered);
  const Value otherwise = parameters.Or(0, Value::Integer(0));
  if (filtered.IsIntegral()) return Value::Integer(filtered.integer());
  std::optional<int64_t> integer;
  if (filtered.Is(Kind::kFloat)) {
    integer = Truncated(filtered.number());
  } else if (filtered.Is(Kind::kString)) {
    heap.StepText(filtered.text().size());
    const int64_t base = parameters.Integer(1, 10);
    if (base != 0 && (base < 2 || base > 36)) return otherwise;
    integer = ParseInteger(filtered.text(), static_cast<int>(base));
    if (!integer) {
      if (const auto number = ParseSignedFloat(filtered.text())) integer = Truncated(*number);
    }
  }
  return integer ? Value::Integer(*integer) : otherwise;
}

Value ToFloat(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("float", arguments, {"default"});
  RequireDefined(filtered);
  if (filtered.IsNumber()) return Value::Float(filtered.number());
  if (filtered.Is(Kind::kString)) {
    heap.StepText(filtered.text().size());
    if (const auto number = ParseSignedFloat(filtered.text())) return Value::Float(*number);
  }
  return parameters.Or(0, Value::Float(0));
}

Value Absolute(Heap&, const Value& filtered, const Arguments& arguments) {
  const Parameters none("abs", arguments, {});
  RequireDefined(filtered);
  if (filtered.Is(Kind::kFloat)) return Value::Float(std::abs(filtered.number()));
  if (!filtered.IsIntegral()) {
    Fail(fmt::format("bad operand type for abs(): '{}'", TypeName(filtered.kind())));
  }
  return filtered.integer() < 0 ? Negate(filtered) : Value::Integer(filtered.integer());
}

// The decimal of so many places that is nearest to the number itself, halves to even.
double RoundDecimal(double number, int64_t places) {
  if (!std::isfinite(number) || places > 323) return number;
  if (places < -308) return std::copysign(0.0, number);
  if (places < 0) {
    const double unit = std::pow(10.0, static_cast<double>(-places));
    return std::nearbyint(number / unit) * unit;
  }
  const std::string text = fmt::format("{:.{}f}", number, static_cast<int>(places));
  double rounded = 0;
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  return rounded;
}

Value RoundInteger(int64_t integer, int64_t places) {
  if (places >= 0) return Value::Integer(integer);
  if (places < -18) return Value::Integer(0);
  int64_t unit = 1;
  for (; places < 0; ++places) unit *= 10;
  const int64_t rest = integer % unit;
  int64_t rounded = integer - rest;
  const int64_t magnitude = rest < 0 ? -rest : rest;
  const bool is_odd = (rounded / unit) % 2 != 0;
  if (magnitude > unit / 2 || (magnitude == unit / 2 && is_odd)) {
    if (__builtin_add_overflow(rounded, integer < 0 ? -unit : unit, &rounded)) {
      Fail("an integer does not fit 64 bits");
    }
  }
  return Value::Integer(rounded);
}

Value Round(Heap&, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("round", arguments, {"precision", "method"});
  RequireDefined(filtered);
  const std::string_view method = parameters.Text(1, "common");
  const int64_t places = parameters.Integer(0, 0);
  if (!filtered.IsNumber()) {
    Fail(fmt::format("round wants a number, got {}", TypeName(filtered.kind())));
  }
  if (method == "common") {
    return filtered.IsIntegral() ? RoundInteger(filtered.integer(), places)
                                 : Value::Float(RoundDecimal(filtered.number(), places));
  }
  if (method != "ceil" && method != "floor") Fail("method must be common, ceil or floor");
  if (places > 300 || places < -300) Fail("round: a precision beyond 300 places");
  const double scale = std::pow(10.0, static_cast<double>(places));
  const double scaled = filtered.number() * scale;
  return Value::Float((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
}

Value Count(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters none("length", arguments, {});
  const auto length = Length(heap, filtered);
  if (!length) Fail(fmt::format("object of type '{}' has no len()", TypeName(filtered.kind())));
  return Value::Integer(static_cast<int64_t>(*length));
}

Value Sum(Heap& heap, const Value& filtered, const Arguments& arguments) {
  const Parameters parameters("sum", arguments, {"attribute", "start"});
  const AttributePath path(heap, parameters.Or(0, Value::None()));
  Value sum = parameters.Or(1, Value::Integer(0));
  if (sum.Is(Kind::kString)) Fail("sum() can't sum strings");
  for (const Value& item : Items(heap, filtered)) {
    heap.Step();
    sum = Apply(heap, BinaryOperator::kAdd, sum, path.Of(heap, item));
  }
  return sum;
}

struct Row {
  std::string_view name;
  FilterFunction filter;
};

constexpr Row kFilters[] = {
    {"abs", Absolute}, {"count", Count}, {"float", ToFloat}, {"int", ToInteger},
    {"length", Count}, {"round", Round}, {"sum", Sum},
};

}  // namespace

FilterFunction FindNumberFilter(std::string_view name) noexcept {
  for (const Row& row : kFilters) {
    if (row.name == name) return row.filter;
  }
  return nullptr;
}

}  // namespace hlwq::text::jinja
