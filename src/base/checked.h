// Integer arithmetic on sizes that come from files: overflow is an answer, not a wrap.
#pragma once

#include <concepts>
#include <optional>

namespace hlwq {

template <std::unsigned_integral T>
constexpr std::optional<T> CheckedAdd(T a, T b) noexcept {
  T sum{};
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

template <std::unsigned_integral T>
constexpr std::optional<T> CheckedMul(T a, T b) noexcept {
  T product{};
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

template <std::unsigned_integral T>
constexpr T CeilDiv(T numerator, T denominator) noexcept {
  return numerator / denominator + (numerator % denominator != 0);
}

}  // namespace hlwq
