#include "kernels/trellis_feedback.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "codec/trellis_table.h"
#include "tests/kernels/each_target.h"

namespace hlwq::kernels {
namespace {

using codec::kBlockSize;
using codec::kGroupsPerBlock;

constexpr size_t kTrials = 3;

// A block with feedback, and what coding it gives.
struct Case {
  Case(int bits, size_t row_count, size_t columns)
      : table(codec::TrellisLevels("trellis-gauss", bits), bits),
        grid(table),
        rows(row_count),
        width(columns),
        stride(columns + 5) {
    std::mt19937 random(static_cast<unsigned>(bits * 100 + row_count));
    std::normal_distribution<float> normal(0, 1);
    const auto fill = [&](std::vector<float>& values, size_t size, float sigma) {
      values.resize(size);
      for (float& value : values) value = sigma * normal(random);
    };
    fill(coordinates, rows * stride, 1);
    fill(targets, rows * kBlockSize, 1.1f);
    fill(within, width * kBlockSize, 0.15f);
    for (size_t j = 0; j < width; ++j) {
      for (size_t k = 0; k <= j; ++k) within[j * kBlockSize + k] = 0;
    }
    costs.resize(width);
    for (float& cost : costs) cost = 0.1f + std::abs(normal(random));
    multipliers.resize(rows * kGroupsPerBlock * kTrials);
    for (float& multiplier : multipliers) {
      multiplier = (2.5f + 0.3f * normal(random)) / table.largest();
    }
    if (rows > 2) multipliers[2 * kGroupsPerBlock * kTrials] = 0;
  }

  codec::TrellisFeedbackBlock Block() {
    errors.assign(rows * stride, 77);
    paths.assign(rows * kGroupsPerBlock, 77);
    chosen.assign(rows * kGroupsPerBlock, 77);
    levels.assign(rows * kBlockSize, 77);
    return {.feedback = {.width = width, .within = within, .costs = costs},
            .rows = rows,
            .stride = stride,
            .coordinates = coordinates.data(),
            .targets = targets.data(),
            .multipliers = multipliers.data(),
            .trials = kTrials,
            .errors = errors.data(),
            .chosen = chosen.data(),
            .paths = paths.data(),
            .levels = levels.data()};
  }

  codec::TrellisTable table;
  codec::TrellisGrid grid;
  size_t rows, width, stride;
  std::vector<float> coordinates, targets, within, costs, multipliers;
  std::vector<float> errors;
  std::vector<uint64_t> paths;
  std::vector<uint8_t> chosen, levels;
};

TEST(TrellisFeedback, HasTheBitsOfTheReferenceOnEveryTarget) {
  for (int bits = codec::kMinTrellisBits; bits <= codec::kMaxTrellisBits; ++bits) {
    for (const size_t width : {size_t{64}, kBlockSize}) {
      for (const size_t rows : {1, 3, 16, 33}) {
        Case expected(bits, rows, width), got(bits, rows, width);
        codec::CodeTrellisFeedback(expected.grid, expected.Block());
        test::ForEachTarget([&](const char*) {
          kernels::CodeTrellisFeedback(got.grid, got.Block());
          EXPECT_EQ(got.paths, expected.paths);
          EXPECT_EQ(got.chosen, expected.chosen);
          EXPECT_EQ(got.levels, expected.levels);
          EXPECT_EQ(got.errors, expected.errors);
        });
      }
    }
  }
}

// sum of D_k (target - coded)^2 over a group.
double CostOf(const Case& of, size_t row) {
  double cost = 0;
  for (size_t k = 0; k < of.width; ++k) {
    double target = of.targets[row * kBlockSize + k];
    for (size_t j = 0; j < k; ++j) {
      target += double{of.errors[row * of.stride + j]} * of.within[j * kBlockSize + k];
    }
    const double coded =
        double{of.coordinates[row * of.stride + k]} - of.errors[row * of.stride + k];
    cost += of.costs[k] * (target - coded) * (target - coded);
  }
  return cost;
}

// Searching with the feedback beats a path that was found without it, whose errors are fed back later.
TEST(TrellisFeedback, CostsLessThanAPathThatDoesNotSeeIt) {
  Case with(4, 40, 64), without(4, 40, 64);
  codec::CodeTrellisFeedback(with.grid, with.Block());
  const std::vector<float> within = without.within;
  std::ranges::fill(without.within, 0.0f);
  codec::CodeTrellisFeedback(without.grid, without.Block());
  without.within = within;
  double with_cost = 0, without_cost = 0;
  for (size_t row = 0; row < with.rows; ++row) {
    if (row == 2) continue;  // of zeros
    with_cost += CostOf(with, row);
    without_cost += CostOf(without, row);
  }
  EXPECT_LT(with_cost, 0.5 * without_cost);
}

TEST(TrellisFeedback, ErrorsAreThoseOfTheLevelsThatPathsAllow) {
  Case c(5, 20, kBlockSize);
  codec::CodeTrellisFeedback(c.grid, c.Block());
  for (size_t row = 0; row < c.rows; ++row) {
    for (size_t k = 0; k < c.width; ++k) {
      const size_t group = row * kGroupsPerBlock + k / codec::kGroupSize, t = k % codec::kGroupSize;
      const codec::TrellisSubsets subsets = codec::SubsetsOf(c.paths[group]);
      const uint8_t number = c.levels[row * kBlockSize + k];
      EXPECT_EQ(number % 4, 2 * (subsets.high >> t & 1) + (subsets.low >> t & 1));
      EXPECT_EQ(c.errors[row * c.stride + k],
                c.coordinates[row * c.stride + k] -
                    c.multipliers[group * kTrials + c.chosen[group]] * c.table.levels()[number]);
    }
  }
}

TEST(TrellisGrid, KnowsTheNearestLevelOfEachSubset) {
  for (int bits = codec::kMinTrellisBits; bits <= codec::kMaxTrellisBits; ++bits) {
    const codec::TrellisTable table(codec::TrellisLevels("trellis-gauss", bits), bits);
    const codec::TrellisGrid grid(table);
    const auto half = static_cast<int>(grid.half());
    for (int i = -half; i < half; i += bits < 6 ? 1 : 37) {
      const double z = (i + 0.5) / 2;
      for (size_t subset = 0; subset < 4; ++subset) {
        double least = 1e9;
        for (size_t number = subset; number < table.levels().size(); number += 4) {
          least = std::min(least, std::abs(table.levels()[number] - z));
        }
        const int32_t word = grid.pair(subset % 2)[i + half];
        const int level = subset < 2 ? static_cast<int16_t>(word & 0xFFFF) : word >> 16;
        EXPECT_EQ(std::abs(level - z), least);
        EXPECT_EQ(grid.Number(level) % 4, subset);
        EXPECT_EQ(table.levels()[grid.Number(level)], static_cast<float>(level));
      }
    }
  }
}

}  // namespace
}  // namespace hlwq::kernels
