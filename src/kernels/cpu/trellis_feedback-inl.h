// The Viterbi search with feedback inside the path, a row in each lane. No multiply-add is fused, so that
// every target takes the same paths as the scalar code.
#if defined(HLWQ_KERNELS_CPU_TRELLIS_FEEDBACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_TRELLIS_FEEDBACK_INL_H_
#undef HLWQ_KERNELS_CPU_TRELLIS_FEEDBACK_INL_H_
#else
#define HLWQ_KERNELS_CPU_TRELLIS_FEEDBACK_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "codec/trellis_feedback.h"
#include "hwy/highway.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

namespace feedback {

constexpr size_t kGroup = codec::kGroupSize;
constexpr size_t kWidth = codec::kBlockSize;
constexpr size_t kPaths = codec::kTrellisStates;
constexpr float kFar = 1e30f;

// Some rows of a block, a row in each lane.
struct Lanes {
  alignas(64) float targets[kWidth][kLanes];  // in units of the coordinates
  alignas(64) float weights[kWidth][kLanes];
  alignas(64) float errors[kWidth][kLanes];
  alignas(64) float multipliers[kLanes];
  // Of the survivors of one group.
  alignas(64) float feedback[kGroup][kPaths][kLanes];  // to the steps to come
  alignas(64) float levels[kGroup][kPaths][kLanes];    // that the best path into a state took
  alignas(64) int32_t oldest[kGroup][kLanes];  // bit s: u_(t-3) of the best path into state s
  alignas(64) int32_t states[kLanes];          // of the least cost
  alignas(64) float costs[kLanes];             // the least cost
  alignas(64) float best[kLanes];              // of the trials so far
};

HWY_INLINE VF MulThenAdd(VF a, VF b, VF c) { return hn::Add(hn::Mul(a, b), c); }

// The two levels that a survivor may take next, and what the path then costs.
struct Choice {
  VF level[2];
  VF cost[2];
};

HWY_INLINE Choice Choose(const int32_t* HWY_RESTRICT pair, VF half, VF target, VF weight, VF cost) {
  const VF twice = hn::Add(target, target);
  const VF inside = hn::Min(hn::Max(twice, hn::Neg(half)), hn::Sub(half, hn::Set(DF(), 1.0f)));
  const VI index = hn::ConvertTo(DI(), hn::Add(hn::Floor(inside), half));
  const VI word = hn::GatherIndex(DI(), pair, index);
  Choice choice;
  choice.level[0] = hn::ConvertTo(DF(), hn::ShiftRight<16>(hn::ShiftLeft<16>(word)));
  choice.level[1] = hn::ConvertTo(DF(), hn::ShiftRight<16>(word));
  for (size_t high = 0; high < 2; ++high) {
    const VF error = hn::Sub(target, choice.level[high]);
    choice.cost[high] = MulThenAdd(hn::Mul(error, error), weight, cost);
  }
  return choice;
}

// Searches the paths of a group whose columns begin at `first`.
HWY_NOINLINE void Search(const codec::TrellisGrid& grid, const float* HWY_RESTRICT within,
                         const float* HWY_RESTRICT costs, size_t first, Lanes& lanes) {
  const VF half = hn::Set(DF(), static_cast<float>(grid.half()));
  const VF multiplier = hn::Load(DF(), lanes.multipliers);
  const VF zero = hn::Zero(DF());
  // Lanes without a multiplier search among zeros; what they find is thrown away.
  const auto has_multiplier = hn::Gt(multiplier, zero);
  const VF inverse = hn::IfThenElseZero(
      has_multiplier, hn::Div(hn::Set(DF(), 1.0f),
                              hn::IfThenElse(has_multiplier, multiplier, hn::Set(DF(), 1.0f))));
  for (auto& of_step : lanes.feedback) {
    for (float* lane : of_step) hn::Store(zero, DF(), lane);
  }
  VF cost[kPaths];
  cost[0] = zero;
  for (size_t state = 1; state < kPaths; ++state) cost[state] = hn::Set(DF(), kFar);

  for (size_t t = 0; t < kGroup; ++t) {
    const VF target = hn::Mul(hn::Load(DF(), lanes.targets[first + t]), inverse);
    const VF weight = hn::Mul(hn::Load(DF(), lanes.weights[first + t]), inverse);
    const VF step_cost = hn::Set(DF(), costs[t]);
    Choice choices[kPaths];
    HWY_UNROLL(8)
    for (size_t state = 0; state < kPaths; ++state) {
      const VF seen = hn::Add(target, hn::Load(DF(), lanes.feedback[t][state]));
      choices[state] = Choose(grid.pair(state >> 1 & 1), half, seen, step_cost, cost[state]);
    }
    VF errors[kPaths];
    hn::Mask<DF> takes_one[kPaths];
    VI oldest = hn::Zero(DI());
    HWY_UNROLL(8)
    for (size_t state = 0; state < kPaths; ++state) {
      const size_t from = state << 1 & (kPaths - 1);
      const size_t high = (state >> 2 ^ state >> 1) & 1;
      const VF one = choices[from + 1].cost[high ^ 1];
      const VF other = choices[from].cost[high];
      takes_one[state] = hn::Lt(one, other);
      cost[state] = hn::IfThenElse(takes_one[state], one, other);
      const VF level = hn::IfThenElse(takes_one[state], choices[from + 1].level[high ^ 1],
                                      choices[from].level[high]);
      hn::Store(level, DF(), lanes.levels[t][state]);
      errors[state] = hn::Sub(weight, level);
      oldest = hn::Or(oldest, hn::IfThenElseZero(hn::RebindMask(DI(), takes_one[state]),
                                                 hn::Set(DI(), int32_t{1} << state)));
    }
    hn::Store(oldest, DI(), lanes.oldest[t]);
    for (size_t later = t + 1; later < kGroup; ++later) {
      const VF u = hn::Set(DF(), within[t * kWidth + later]);
      float(*HWY_RESTRICT carried)[kLanes] = lanes.feedback[later];
      VF before[kPaths];
      HWY_UNROLL(8)
      for (size_t state = 0; state < kPaths; ++state)
        before[state] = hn::Load(DF(), carried[state]);
      HWY_UNROLL(8)
      for (size_t state = 0; state < kPaths; ++state) {
        const size_t from = state << 1 & (kPaths - 1);
        const VF carry = hn::IfThenElse(takes_one[state], before[from + 1], before[from]);
        hn::Store(MulThenAdd(errors[state], u, carry), DF(), carried[state]);
      }
    }
  }
  VF least = cost[0];
  VI best = hn::Zero(DI());
  for (size_t state = 1; state < kPaths; ++state) {
    const auto is_less = hn::Lt(cost[state], least);
    least = hn::IfThenElse(is_less, cost[state], least);
    best = hn::IfThenElse(hn::RebindMask(DI(), is_less), hn::Set(DI(), static_cast<int32_t>(state)),
                          best);
  }
  hn::Store(best, DI(), lanes.states);
  hn::Store(hn::Mul(least, hn::Mul(multiplier, multiplier)), DF(), lanes.costs);
}

// The path that lane `lane` took, its errors and the numbers of its levels.
HWY_INLINE void TakePath(const codec::TrellisGrid& grid, size_t lane, size_t first, Lanes& lanes,
                         uint64_t& path, uint8_t* HWY_RESTRICT numbers) {
  const float multiplier = lanes.multipliers[lane];
  path = 0;
  auto state = static_cast<size_t>(lanes.states[lane]);
  for (size_t t = kGroup; t-- > 0;) {
    const float level = lanes.levels[t][state][lane];
    path |= uint64_t{state >> 2} << t;
    numbers[t] = grid.Number(static_cast<int>(level));
    lanes.errors[first + t][lane] = lanes.weights[first + t][lane] - multiplier * level;
    state =
        (state << 1 & (kPaths - 1)) | (static_cast<uint32_t>(lanes.oldest[t][lane]) >> state & 1);
  }
}

// A group of zeros, until a trial does better.
HWY_INLINE void TakeZeros(const codec::TrellisGrid& grid, size_t lane, size_t first, Lanes& lanes,
                          uint64_t& path, uint8_t* HWY_RESTRICT numbers) {
  path = 0;
  std::fill_n(numbers, kGroup, grid.zero_number());
  for (size_t t = first; t < first + kGroup; ++t) lanes.errors[t][lane] = lanes.weights[t][lane];
  lanes.best[lane] = std::numeric_limits<float>::infinity();
}

// The errors of a group, to the targets of the columns after it.
HWY_INLINE void PassOn(const float* HWY_RESTRICT within, size_t first, size_t width, Lanes& lanes) {
  for (size_t t = 0; t < kGroup; ++t) {
    const VF errors = hn::Load(DF(), lanes.errors[first + t]);
    const float* HWY_RESTRICT u = within + (first + t) * kWidth;
    for (size_t k = first + kGroup; k < width; ++k) {
      const VF target = hn::Load(DF(), lanes.targets[k]);
      hn::Store(MulThenAdd(errors, hn::Set(DF(), u[k]), target), DF(), lanes.targets[k]);
    }
  }
}

}  // namespace feedback

HWY_ATTR void CodeFeedbackOn(const codec::TrellisGrid& grid,
                             const codec::TrellisFeedbackBlock& block) {
  using feedback::Lanes;
  Lanes lanes;
  const size_t width = block.feedback.width;
  const float* within = block.feedback.within.data();
  for (size_t row = 0; row < block.rows; row += kLanes) {
    const size_t count = HWY_MIN(kLanes, block.rows - row);
    for (size_t lane = 0; lane < kLanes; ++lane) {  // those without a row repeat the last one
      const size_t from = row + HWY_MIN(lane, count - 1);
      for (size_t k = 0; k < width; ++k) {
        lanes.targets[k][lane] = block.targets[from * codec::kBlockSize + k];
        lanes.weights[k][lane] = block.coordinates[from * block.stride + k];
      }
    }
    for (size_t first = 0; first < width; first += codec::kGroupSize) {
      // Where a lane's row has its group; lanes without a row come before the last one, and write the same.
      const auto group_of = [&](size_t lane) {
        return (row + HWY_MIN(lane, count - 1)) * codec::kGroupsPerBlock +
               first / codec::kGroupSize;
      };
      const auto levels_of = [&](size_t lane) {
        return block.levels + (row + HWY_MIN(lane, count - 1)) * codec::kBlockSize + first;
      };
      for (size_t lane = 0; lane < kLanes; ++lane) {
        feedback::TakeZeros(grid, lane, first, lanes, block.paths[group_of(lane)], levels_of(lane));
        block.chosen[group_of(lane)] = 0;
      }
      for (size_t trial = 0; trial < block.trials; ++trial) {
        for (size_t lane = 0; lane < kLanes; ++lane) {
          const float* of_group = block.multipliers + group_of(lane) * block.trials;
          lanes.multipliers[lane] = of_group[0] == 0 ? 0.0f : of_group[trial];
        }
        feedback::Search(grid, within + first * codec::kBlockSize + first,
                         block.feedback.costs.data() + first, first, lanes);
        for (size_t lane = 0; lane < kLanes; ++lane) {
          if (lanes.multipliers[lane] == 0 || !(lanes.costs[lane] < lanes.best[lane])) continue;
          lanes.best[lane] = lanes.costs[lane];
          block.chosen[group_of(lane)] = static_cast<uint8_t>(trial);
          feedback::TakePath(grid, lane, first, lanes, block.paths[group_of(lane)],
                             levels_of(lane));
        }
      }
      if (first + codec::kGroupSize < width) feedback::PassOn(within, first, width, lanes);
    }
    for (size_t lane = 0; lane < count; ++lane) {
      float* to = block.errors + (row + lane) * block.stride;
      for (size_t k = 0; k < width; ++k) to[k] = lanes.errors[k][lane];
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
