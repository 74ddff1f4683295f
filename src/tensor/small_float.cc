#include "tensor/small_float.h"

#include <array>
#include <cmath>
#include <limits>

namespace hlwq {
namespace {

// An IEEE-like float: sign, exponent, mantissa.
struct Form {
  int exponent_bits = 0, mantissa_bits = 0;
  int bias = 0;
  enum { kFinite, kInfinities, kOneNan, kUnsignedZero } special = kFinite;
};

float Decode(const Form& form, unsigned code) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const unsigned magnitude_bits = static_cast<unsigned>(form.exponent_bits + form.mantissa_bits);
  const unsigned magnitude = code & ((1u << magnitude_bits) - 1);
  const bool is_negative = (code >> magnitude_bits & 1) != 0;
  const unsigned mantissa = magnitude & ((1u << form.mantissa_bits) - 1);
  const unsigned exponent = magnitude >> form.mantissa_bits;
  const unsigned most = (1u << form.exponent_bits) - 1;
  if (form.special == Form::kUnsignedZero && is_negative && magnitude == 0) return kNan;
  if (form.special == Form::kOneNan && magnitude == (1u << magnitude_bits) - 1) return kNan;
  if (form.special == Form::kInfinities && exponent == most) {
    if (mantissa != 0) return kNan;
    return is_negative ? -std::numeric_limits<float>::infinity()
                       : std::numeric_limits<float>::infinity();
  }
  const bool is_normal = exponent != 0;
  const int scale = (is_normal ? static_cast<int>(exponent) : 1) - form.bias - form.mantissa_bits;
  const unsigned digits = mantissa + (is_normal ? 1u << form.mantissa_bits : 0);
  const float value = std::ldexp(static_cast<float>(digits), scale);
  return is_negative ? -value : value;
}

template <size_t kCount>
std::array<float, kCount> TableOf(const Form& form) {
  std::array<float, kCount> table;
  for (unsigned code = 0; code < kCount; ++code) table[code] = Decode(form, code);
  return table;
}

// Powers of two alone.
std::array<float, 256> ScaleTable() {
  std::array<float, 256> table;
  for (int code = 0; code < 255; ++code)
    table[static_cast<size_t>(code)] = std::ldexp(1.0f, code - 127);
  table[255] = std::numeric_limits<float>::quiet_NaN();
  return table;
}

}  // namespace

std::span<const float> SmallFloatValues(DType dtype) {
  static const std::array e4m3 = TableOf<256>({4, 3, 7, Form::kOneNan});
  static const std::array e5m2 = TableOf<256>({5, 2, 15, Form::kInfinities});
  static const std::array e4m3_fnuz = TableOf<256>({4, 3, 8, Form::kUnsignedZero});
  static const std::array e5m2_fnuz = TableOf<256>({5, 2, 16, Form::kUnsignedZero});
  static const std::array e8m0 = ScaleTable();
  static const std::array e2m1 = TableOf<16>({2, 1, 1, Form::kFinite});
  switch (dtype) {
    case DType::kF8E4M3:
      return e4m3;
    case DType::kF8E5M2:
      return e5m2;
    case DType::kF8E4M3Fnuz:
      return e4m3_fnuz;
    case DType::kF8E5M2Fnuz:
      return e5m2_fnuz;
    case DType::kF8E8M0:
      return e8m0;
    case DType::kF4:
      return e2m1;
    default:
      return {};
  }
}

}  // namespace hlwq
