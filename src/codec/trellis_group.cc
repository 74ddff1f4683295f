#include "codec/trellis_group.h"

#include <algorithm>
#include <cmath>

#include "codec/scale_search.h"
#include "tensor/float16.h"

namespace hlwq::codec {
namespace {

constexpr uint16_t kMostSum = 65535;

using Coordinates = std::array<int16_t, kGroupSize>;

// What the subsets cost one coordinate, and which level of each is nearest.
TrellisTable::Nearest NearestTo(const TrellisTable& table, int z) {
  const TrellisTable::Nearest& nearest = table.NearestTo(std::min(std::abs(z), table.most_z()));
  if (z >= 0) return nearest;
  TrellisTable::Nearest mirrored;
  const size_t last = table.levels().size() - 1;
  for (size_t subset = 0; subset < kTrellisSubsets; ++subset) {
    const size_t from = kTrellisSubsets - 1 - subset;
    mirrored.distance[subset] = nearest.distance[from];
    mirrored.level[subset] = static_cast<uint8_t>(last - nearest.level[from]);
  }
  return mirrored;
}

uint16_t AddSaturated(uint16_t a, uint16_t b) {
  return static_cast<uint16_t>(std::min<uint32_t>(uint32_t{a} + b, kMostSum));
}

struct Trial {
  Coordinates z;
  uint64_t path = 0;
  uint16_t cost = 0;
};

// The least costly path for the coordinates on the grid of `factor`.
Trial TryFactor(const Coordinates& x, int32_t factor, const TrellisTable& table) {
  Trial trial;
  std::array<std::array<uint8_t, kTrellisStates>, kGroupSize>
      oldest;  // u_(t-3) of each state's best
  std::array<uint16_t, kTrellisStates> costs;
  costs.fill(kMostSum);
  costs[0] = 0;
  for (size_t t = 0; t < kGroupSize; ++t) {
    trial.z[t] = static_cast<int16_t>((x[t] * factor + (1 << 14)) >> 15);
    const TrellisTable::Nearest nearest = NearestTo(table, trial.z[t]);
    std::array<uint16_t, kTrellisStates> next;
    for (size_t state = 0; state < kTrellisStates; ++state) {
      // The state is (u_t, u_(t-1), u_(t-2)), and those before are (u_(t-1), u_(t-2), 0 or 1).
      const size_t from = state << 1 & (kTrellisStates - 1);
      const size_t subset = 2 * ((state >> 2 ^ state >> 1) & 1) + (state & 1);
      const uint16_t zero = AddSaturated(costs[from], nearest.distance[subset]);
      const uint16_t one = AddSaturated(costs[from + 1], nearest.distance[subset ^ 2]);
      next[state] = std::min(zero, one);
      oldest[t][state] = one < zero;
    }
    costs = next;
  }
  const auto least = std::min_element(costs.begin(), costs.end());
  trial.cost = *least;
  auto state = static_cast<size_t>(least - costs.begin());
  for (size_t t = kGroupSize; t-- > 0;) {
    trial.path |= uint64_t{state >> 2} << t;
    state = (state << 1 & (kTrellisStates - 1)) | oldest[t][state];
  }
  return trial;
}

// First positive levels, so that the product with zero is not a negative one.
void StoreZeros(const TrellisTable& table, float energy, EncodedGroup& out) {
  out.path = 0;
  out.levels.fill(static_cast<uint8_t>(table.levels().size() / 2));
  out.scale = kZeroGroup;
  out.sums = {0, 0, energy};
}

}  // namespace

GroupShape ShapeOf(std::span<const float, kGroupSize> v) noexcept {
  std::array<float, kGroupSize> squares;
  GroupShape shape;
  float peak = 0;
  for (size_t t = 0; t < kGroupSize; ++t) {
    squares[t] = v[t] * v[t];
    peak = std::max(peak, std::abs(v[t]));
  }
  shape.energy = SumGroup(squares);
  shape.reach = ReachOf(peak, shape.energy);
  return shape;
}

float RowScaleFor(float reach, const TrellisTable& table) noexcept {
  return reach >= kLeastReach ? BF16ToF32(F32ToBF16(reach * table.row_factor())) : 0.0f;
}

uint8_t GroupScaleFor(float q) noexcept {
  return static_cast<uint8_t>(std::clamp(GroupSteps(q), 0, int{kLeastGroup}));
}

void EncodeGroup(std::span<const float, kGroupSize> v, GroupShape shape, float row_scale,
                 const TrellisTable& table, const TrellisSearch& search,
                 EncodedGroup& out) noexcept {
  if (!(shape.reach >= kLeastReach)) return StoreZeros(table, shape.energy, out);
  const float to_steps = kReachSteps / shape.reach;
  Coordinates x;
  for (size_t t = 0; t < kGroupSize; ++t) x[t] = RoundToFixed(v[t], to_steps);

  const int reach_scale = kReachScale + GroupScaleFor(shape.reach * table.row_factor() / row_scale);
  Trial best;
  float best_score = INFINITY;
  for (int trial = 0; trial < search.count; ++trial) {
    const auto scale =
        static_cast<uint8_t>(std::clamp(reach_scale + search.Offset(trial), 0, int{kLeastGroup}));
    const float factor = GroupFactor(scale);
    const float ratio = shape.reach / (row_scale * factor);
    const Trial tried = TryFactor(x, RoundToFixed(ratio, table.factor_units()), table);
    const float score =
        tried.cost == kMostSum ? INFINITY : static_cast<float>(tried.cost) * (factor * factor);
    if (trial > 0 && !(score < best_score)) continue;
    best_score = score;
    best = tried;
    out.scale = scale;
  }

  const TrellisSubsets subsets = SubsetsOf(best.path);
  out.path = best.path;
  std::array<float, kGroupSize> along, squares;
  for (size_t t = 0; t < kGroupSize; ++t) {
    const size_t subset = 2 * (subsets.high >> t & 1) + (subsets.low >> t & 1);
    out.levels[t] = NearestTo(table, best.z[t]).level[subset];
    const float level = table.levels()[out.levels[t]];
    along[t] = v[t] * level;
    squares[t] = level * level;
  }
  out.sums.along = SumGroup(along);
  out.sums.levels = SumGroup(squares);
  if (out.sums.along > 0) out.scale = GroupScaleFor(out.sums.along / out.sums.levels / row_scale);
  const float multiplier = row_scale * GroupFactor(out.scale);
  for (size_t t = 0; t < kGroupSize; ++t) {
    const float error = v[t] - multiplier * table.levels()[out.levels[t]];
    squares[t] = error * error;
  }
  out.sums.error = SumGroup(squares);
  if (!(out.sums.error < shape.energy)) StoreZeros(table, shape.energy, out);
}

}  // namespace hlwq::codec
