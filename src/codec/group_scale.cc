#include "codec/group_scale.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace hlwq::codec {
namespace {

constexpr int kMantissaBits = 23;
constexpr uint32_t kMantissaMask = (1u << kMantissaBits) - 1;
constexpr int kExponentBias = 127;
constexpr int kCellShift = kMantissaBits - 6;

// 2^(n/128), n = 0..127: products of square roots of square roots, which are the same on every
// machine, in float64.
std::array<double, 128> RootsOfTwo() {
  std::array<double, 128> powers;
  powers[0] = 1;
  double root = 2;
  for (size_t span = 64; span > 0; span /= 2) {
    root = std::sqrt(root);
    for (size_t n = span; n < powers.size(); n += 2 * span) powers[n] = powers[n - span] * root;
  }
  return powers;
}

struct Tables {
  std::array<float, kStepsPerOctave> factors;  // M
  // Mantissas of B, and how many of them lie below each of 64 equal cells of mantissas; the last
  // border is above all mantissas.
  std::array<uint32_t, kStepsPerOctave + 1> borders;
  std::array<uint8_t, kStepsPerOctave> borders_below;
  std::array<float, 256> scales;  // P

  Tables() {
    const std::array<double, 128> powers = RootsOfTwo();
    factors[0] = 1;
    for (size_t i = 1; i < kStepsPerOctave; ++i) {
      factors[i] = static_cast<float>(powers[128 - 2 * i] / 2);
    }
    for (size_t i = 0; i < kStepsPerOctave; ++i) {
      borders[i] = std::bit_cast<uint32_t>(static_cast<float>(powers[2 * i + 1])) & kMantissaMask;
    }
    borders[kStepsPerOctave] = kMantissaMask + 1;
    for (size_t cell = 0; cell < kStepsPerOctave; ++cell) {
      const auto first = static_cast<uint32_t>(cell << kCellShift);
      borders_below[cell] = static_cast<uint8_t>(
          std::lower_bound(borders.begin(), borders.end(), first) - borders.begin());
    }
    for (size_t s = 0; s < kZeroGroup; ++s) {
      scales[s] = std::ldexp(factors[s % kStepsPerOctave], -static_cast<int>(s / kStepsPerOctave));
    }
    scales[kZeroGroup] = 0;
  }
};

const Tables& SharedTables() noexcept {
  static const Tables tables;
  return tables;
}

}  // namespace

const std::array<float, kStepsPerOctave>& OctaveFactors() noexcept {
  return SharedTables().factors;
}

const std::array<float, 256>& GroupFactors() noexcept { return SharedTables().scales; }

int GroupSteps(float q) noexcept {
  const uint32_t bits = std::bit_cast<uint32_t>(q);
  const int exponent = static_cast<int>(bits >> kMantissaBits) - kExponentBias;
  const uint32_t mantissa = bits & kMantissaMask;
  const Tables& tables = SharedTables();
  size_t above = tables.borders_below[mantissa >> kCellShift];
  while (mantissa >= tables.borders[above]) ++above;
  return -exponent * static_cast<int>(kStepsPerOctave) - static_cast<int>(above);
}

float SumGroup(std::span<const float, kGroupSize> terms) noexcept {
  constexpr size_t kLanes = 16;
  std::array<float, kLanes> sums;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    const float even = terms[lane] + terms[lane + 2 * kLanes];
    const float odd = terms[lane + kLanes] + terms[lane + 3 * kLanes];
    sums[lane] = even + odd;
  }
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  }
  return sums[0];
}

}  // namespace hlwq::codec
