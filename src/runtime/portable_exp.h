// The exponential function with the same bits on every machine.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace hlwq::runtime {

inline constexpr std::array<double, 14> kInverseFactorials = [] {
  std::array<double, 14> inverses{};
  double factorial = 1;
  for (size_t power = 0; power < inverses.size(); ++power) {
    if (power > 0) factorial *= static_cast<double>(power);
    inverses[power] = 1 / factorial;
  }
  return inverses;
}();

// exp(x) for x <= 0, within 2 units in the last place; 0 below -700. The library's own function
// differs in the last bit between libraries and processors, which is enough for a sampled token to
// differ. Compile without contraction of multiply-adds (CMakeLists.txt).
inline double PortableExp(double x) noexcept {
  if (x < -700) return 0;
  // Adding 1.5 * 2^52 rounds to an integer, which the low bits of the sum then hold.
  constexpr double kRound = 0x1.8p52;
  constexpr double kLog2E = 0x1.71547652b82fep0;
  constexpr double kLn2High = 0x1.62e42feep-1;  // 33 bits: products with k are exact
  constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
  const double rounded = x * kLog2E + kRound;
  const double k = rounded - kRound;
  const double r = (x - k * kLn2High) - k * kLn2Low;  // |r| <= ln 2 / 2
  double sum = 0;                                     // Taylor to r^13: the rest is below 1e-17
  for (size_t power = kInverseFactorials.size(); power-- > 0;) {
    sum = sum * r + kInverseFactorials[power];
  }
  const uint64_t exponent = (std::bit_cast<uint64_t>(rounded) + 1023) << 52;  // of 2^k
  return sum * std::bit_cast<double>(exponent);
}

}  // namespace hlwq::runtime
