// The arithmetic of one group of 64 coordinates under the trellis codec (docs/format.md, "Trellis
// encoder"): the scalar reference.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/group_scale.h"
#include "codec/trellis_table.h"

namespace hlwq::codec {

// Groups and rows whose reach is below this are stored as zeros.
inline constexpr float kLeastReach = 0x1p-100f;
// Fixed-point steps up to a group's reach.
inline constexpr float kReachSteps = 16384.0f;
// The byte of the multiplier that takes a row's reach to the largest level.
inline constexpr int kReachScale = 32;

// The multiplier of a row with this largest reach; 0 below kLeastReach. A bfloat16, as it is stored.
float RowScaleFor(float reach, const TrellisTable& table) noexcept;

struct GroupShape {
  float energy = 0;  // SumGroup of v^2
  float reach = 0;   // ReachOf
};
// What multipliers are chosen by: the largest |v|, or twice the root mean square where that is more, as in
// flat groups, whose best multipliers keep them away from the sparse outermost levels.
inline float ReachOf(float peak, float energy) noexcept {
  return std::max(peak, std::sqrt(energy) * 0.25f);
}
GroupShape ShapeOf(std::span<const float, kGroupSize> v) noexcept;

// Sums over one group of v, levels l and multiplier m as stored.
struct GroupSums {
  float along = 0;   // sum v l
  float levels = 0;  // sum l^2
  float error = 0;   // sum (v - m l)^2
};

struct EncodedGroup {
  uint64_t path = 0;
  std::array<uint8_t, kGroupSize> levels{};  // their numbers, below 2^(bits + 1)
  uint8_t scale = kZeroGroup;
  GroupSums sums;
};

// Codes a group of a row of multiplier `row_scale`. Requires a finite energy.
void EncodeGroup(std::span<const float, kGroupSize> v, GroupShape shape, float row_scale,
                 const TrellisTable& table, const TrellisSearch& search,
                 EncodedGroup& out) noexcept;

// index(q) taken into 0..254.
uint8_t GroupScaleFor(float q) noexcept;

}  // namespace hlwq::codec
