// Multipliers of groups of 64 weights: a byte on a logarithmic scale below the row's own multiplier
// (docs/format.md, "Group scales").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace hlwq::codec {

inline constexpr size_t kGroupSize = 64;
inline constexpr uint8_t kZeroGroup = 255;     // the group is zero
inline constexpr uint8_t kLeastGroup = 254;    // of the others, the smallest multiplier
inline constexpr size_t kStepsPerOctave = 64;  // a step is a factor of 2^(-1/64)

// M[i] = 2^(-i/64).
const std::array<float, kStepsPerOctave>& OctaveFactors() noexcept;

// P(s), the multiplier of a group in a row of multiplier 1.
const std::array<float, 256>& GroupFactors() noexcept;
inline float GroupFactor(uint8_t scale) noexcept { return GroupFactors()[scale]; }

// index(q) before it is taken into 0..254: the number of steps, rounded, that q is below 1; negative
// above 1. Requires q >= 0; zero and subnormals count as more than 254 steps.
int GroupSteps(float q) noexcept;

// Sum of 64 float32 terms in the normative order: lane l of 16 takes (t[l] + t[l+32]) + (t[l+16] +
// t[l+48]), then halving as in SumBlock.
float SumGroup(std::span<const float, kGroupSize> terms) noexcept;

}  // namespace hlwq::codec
