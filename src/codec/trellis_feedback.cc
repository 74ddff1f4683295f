#include "codec/trellis_feedback.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hlwq::codec {
namespace {

using OfStates = std::array<float, kTrellisStates>;

constexpr float kFar = 1e30f;
constexpr float kMostCost = std::numeric_limits<float>::infinity();

struct Survivors {
  std::array<OfStates, kGroupSize> feedback = {};  // to the steps to come
  std::array<OfStates, kGroupSize> level;          // that the best path into a state took
  std::array<uint8_t, kGroupSize> oldest = {};     // bit s: u_(t-3) of the best path into state s
  OfStates cost;
};

// What one survivor may take next: the nearest levels of the two subsets that its last bits allow.
struct Choice {
  std::array<float, 2> level;  // of the lower subset, of the higher one
  std::array<float, 2> cost;   // of the whole path
};

Choice Choose(const TrellisGrid& grid, size_t state, float target, float weight, float cost) {
  const auto half = static_cast<float>(grid.half());
  const float twice = target + target;
  const float step = std::floor(twice > -half ? std::min(twice, half - 1) : -half);
  const int32_t word = grid.pair(state >> 1 & 1)[static_cast<int32_t>(step + half)];
  Choice choice;
  choice.level[0] = static_cast<float>(static_cast<int16_t>(word & 0xFFFF));
  choice.level[1] = static_cast<float>(word >> 16);
  for (size_t high = 0; high < 2; ++high) {
    const float error = target - choice.level[high];
    choice.cost[high] = error * error * weight + cost;
  }
  return choice;
}

// One group of one row. `within` begins at the group's own rows and columns.
struct Group {
  const float* target = nullptr;
  const float* weight = nullptr;  // the coordinates
  const float* within = nullptr;
  const float* costs = nullptr;
  float* errors = nullptr;
  uint64_t* path = nullptr;
  uint8_t* levels = nullptr;
};

void CodeZeros(const TrellisGrid& grid, const Group& group) {
  *group.path = 0;
  std::fill_n(group.levels, kGroupSize, grid.zero_number());
  std::copy_n(group.weight, kGroupSize, group.errors);
}

// Unless it costs `best` or more; returns the cost.
float CodeGroup(const TrellisGrid& grid, const Group& group, float multiplier, float best) {
  const float inverse = 1.0f / multiplier;
  Survivors s;
  s.cost.fill(kFar);
  s.cost[0] = 0;
  for (size_t t = 0; t < kGroupSize; ++t) {
    const float target = group.target[t] * inverse;
    const float weight = group.weight[t] * inverse;
    std::array<Choice, kTrellisStates> choices;
    for (size_t state = 0; state < kTrellisStates; ++state) {
      choices[state] =
          Choose(grid, state, target + s.feedback[t][state], group.costs[t], s.cost[state]);
    }
    OfStates errors;
    for (size_t state = 0; state < kTrellisStates; ++state) {
      // As in trellis_group.cc: (u_t, u_(t-1), u_(t-2)) after (u_(t-1), u_(t-2), 0 or 1).
      const size_t from = state << 1 & (kTrellisStates - 1);
      const size_t high = (state >> 2 ^ state >> 1) & 1;
      const bool takes_one = choices[from + 1].cost[high ^ 1] < choices[from].cost[high];
      const Choice& choice = choices[from + (takes_one ? 1 : 0)];
      const size_t subset = takes_one ? high ^ 1 : high;
      s.cost[state] = choice.cost[subset];
      s.level[t][state] = choice.level[subset];
      s.oldest[t] = static_cast<uint8_t>(s.oldest[t] | (takes_one ? 1u << state : 0u));
      errors[state] = weight - choice.level[subset];
    }
    for (size_t later = t + 1; later < kGroupSize; ++later) {
      const float u = group.within[t * kBlockSize + later];
      const OfStates before = s.feedback[later];
      for (size_t state = 0; state < kTrellisStates; ++state) {
        const size_t from = (state << 1 & (kTrellisStates - 1)) + (s.oldest[t] >> state & 1);
        s.feedback[later][state] = errors[state] * u + before[from];
      }
    }
  }
  auto state = static_cast<size_t>(std::min_element(s.cost.begin(), s.cost.end()) - s.cost.begin());
  const float cost = s.cost[state] * (multiplier * multiplier);
  if (!(cost < best)) return cost;
  *group.path = 0;
  for (size_t t = kGroupSize; t-- > 0;) {
    const float level = s.level[t][state];
    *group.path |= uint64_t{state >> 2} << t;
    group.levels[t] = grid.Number(static_cast<int>(level));
    group.errors[t] = group.weight[t] - multiplier * level;
    state = (state << 1 & (kTrellisStates - 1)) | (s.oldest[t] >> state & 1);
  }
  return cost;
}

}  // namespace

TrellisGrid::TrellisGrid(const TrellisTable& table)
    : half_(2 * static_cast<size_t>(table.largest()) + 2),
      words_(4 * half_),
      numbers_(2 * half_),
      zero_number_(static_cast<uint8_t>(table.levels().size() / 2)) {
  const std::span<const float> levels = table.levels();
  for (size_t number = 0; number < levels.size(); ++number) {
    const auto place =
        static_cast<size_t>(static_cast<int>(levels[number]) + static_cast<int>(half_));
    numbers_[place] = static_cast<uint8_t>(number);
  }
  const auto nearest = [&](size_t subset, float z) {
    float best = levels[subset];
    for (size_t number = subset; number < levels.size(); number += kTrellisSubsets) {
      if (std::abs(levels[number] - z) < std::abs(best - z)) best = levels[number];
    }
    return static_cast<uint32_t>(static_cast<int32_t>(best));
  };
  for (size_t low = 0; low < 2; ++low) {
    for (size_t i = 0; i < 2 * half_; ++i) {
      const float middle = (static_cast<float>(i) - static_cast<float>(half_) + 0.5f) / 2;
      words_[low * 2 * half_ + i] =
          static_cast<int32_t>((nearest(low, middle) & 0xFFFF) | nearest(low + 2, middle) << 16);
    }
  }
}

void CodeTrellisFeedback(const TrellisGrid& grid, const TrellisFeedbackBlock& block) noexcept {
  for (size_t row = 0; row < block.rows; ++row) {
    std::array<float, kBlockSize> targets;
    std::copy_n(block.targets + row * kBlockSize, kBlockSize, targets.begin());
    for (size_t first = 0; first < block.feedback.width; first += kGroupSize) {
      float* errors = block.errors + row * block.stride + first;
      const size_t at = row * kGroupsPerBlock + first / kGroupSize;
      const Group group = {.target = targets.data() + first,
                           .weight = block.coordinates + row * block.stride + first,
                           .within = block.feedback.within.data() + first * kBlockSize + first,
                           .costs = block.feedback.costs.data() + first,
                           .errors = errors,
                           .path = block.paths + at,
                           .levels = block.levels + row * kBlockSize + first};
      const float* multipliers = block.multipliers + at * block.trials;
      CodeZeros(grid, group);
      block.chosen[at] = 0;
      float best = kMostCost;
      for (size_t trial = 0; trial < block.trials && multipliers[0] != 0; ++trial) {
        const float cost = CodeGroup(grid, group, multipliers[trial], best);
        if (!(cost < best)) continue;
        best = cost;
        block.chosen[at] = static_cast<uint8_t>(trial);
      }
      // To the groups after it, in the order of columns.
      for (size_t t = 0; t < kGroupSize; ++t) {
        const float* u = block.feedback.within.data() + (first + t) * kBlockSize;
        for (size_t k = first + kGroupSize; k < block.feedback.width; ++k) {
          targets[k] = errors[t] * u[k] + targets[k];
        }
      }
    }
  }
}

}  // namespace hlwq::codec
